"""docs/delivery.md: what it shows is what happens, and its tables say what the code does."""

import re
from pathlib import Path

import pytest
from pages import ROOT, blocks, ran, steps, told, unpack

from segment_pendo.segment.retries import AT_SEGMENT, Schedule
from segment_pendo.segment.webhooks import ACTIONS, CLASSIC

PAGE = "docs/delivery.md"
TEXT = (ROOT / PAGE).read_text("utf-8")
BLOCKS = blocks(PAGE)
CONSOLE = [block.text for block in BLOCKS if block.kind == "console"]


def same(text: str, directory: Path) -> str:
    """Without what differs each time, ids of requests among it, and the padding that follows from them."""
    text = re.sub(r"\b[0-9a-f]{6}-\d+\.", "RECEIPT.", told(text, directory))
    text = re.sub(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "TIME", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d UTC", "TIME UTC", text)
    text = re.sub(r"\battempt 1  TIME  .*? s  ", "attempt 1  TIME  SECONDS  ", text)
    return "\n".join(line.rstrip() for line in re.sub("─+", "─", text).splitlines())


@pytest.mark.parametrize("block", CONSOLE, ids=[steps(block)[0][0][:60] for block in CONSOLE])
def test_a_session_goes_as_shown(block: str, tmp_path: Path) -> None:
    unpack(BLOCKS, tmp_path)
    for command, output in steps(block):
        assert same(ran(command, tmp_path), tmp_path) == same(output, tmp_path), command


def test_the_pauses_are_those_of_the_schedule() -> None:
    rows = re.findall(r"^\| (\d) \| ([\d.]+) s \| (\d+) s \|$", TEXT, re.MULTILINE)
    assert len(rows) == 8
    for attempts, quick, slow in rows:
        for window, shown in ((Schedule().window, quick), (AT_SEGMENT, slow)):
            due = Schedule(window).next(int(attempts), since=0, now=0, draw=0.5)
            assert due is not None
            assert float(shown) == float(f"{due:.2g}" if window < 60 else f"{due:.0f}"), attempts


def test_what_is_tried_again_is_said_for_every_status() -> None:
    rows = re.findall(r"^\| (.*\d.*) \| (tried again|dead) \| (tried again|dead) \|$", TEXT, re.MULTILINE)
    said: dict[int, tuple[bool, bool]] = {}
    for answers, *verdicts in reversed(rows):  # those that name a status win over "other"
        is_retried = tuple(verdict == "tried again" for verdict in verdicts)
        statuses = [*map(int, re.findall(r"(?<!but )\b(\d{3})\b", answers))]
        for first in re.findall(r"(\d)xx", answers):
            statuses += list(range(int(first) * 100, int(first) * 100 + 100))
        said |= {
            status: (is_retried[0], is_retried[1])
            for status in statuses
            if status != 501 or "501," in answers
        }
    for status in range(300, 600):
        expected = ACTIONS.is_retried(status), CLASSIC.is_retried(status)
        assert said[status] == expected, status

"""docs/real-pendo.md: the probe goes as shown, its numbers are those of the code, its lines can be typed."""

import re
import shlex
from pathlib import Path

import pytest
from pages import ROOT, blocks, ran, steps

from segment_pendo.base.switch import table
from segment_pendo.cli.probing import EVERY, PAUSE, SETTLE
from segment_pendo.cli.verbs.pendo import probe
from segment_pendo.pendo.probe.looks import HIDDEN_FROM_IT
from segment_pendo.pendo.probe.plan import FIELD, MARK, MOST
from segment_pendo.pendo.switches import PendoSwitches

PAGE = "docs/real-pendo.md"
TEXT = (ROOT / PAGE).read_text("utf-8")
CONSOLE = [block.text for block in blocks(PAGE) if block.kind == "console"]


def same(text: str) -> str:
    """Without the blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("block", CONSOLE, ids=["probe"])
def test_a_session_goes_as_shown(block: str, tmp_path: Path) -> None:
    for command, output in steps(block):
        assert same(ran(command, tmp_path)) == same(output), command


def test_the_commands_have_options_that_exist() -> None:
    known = {name for option in probe.params for name in option.opts}
    (shell,) = [block.text for block in blocks(PAGE) if block.kind == "sh"]
    for line in shell.splitlines():
        words = shlex.split(line, comments=True)
        assert words[:3] == ["segment-pendo", "pendo", "probe"]
        assert {word for word in words if word.startswith("--")} <= known


def test_its_numbers_are_those_of_the_code() -> None:
    assert f"sends {MOST} marked events" in TEXT
    assert (MOST, len([*table(PendoSwitches)])) == (20, 20), "twenty questions"
    assert (PAUSE, f"reads every {EVERY:g} s" in TEXT) == (1, True)
    assert f"`--settle` ({SETTLE / 60:g} minutes)" in TEXT
    wait = next(option for option in probe.params if option.name == "wait")
    assert f"`--wait` ({str(wait.default).removesuffix('m')} minutes)" in TEXT
    assert f"begin with `{MARK}`" in TEXT
    assert f"all fields with\n`{FIELD}`" in TEXT
    assert {name for name in HIDDEN_FROM_IT if re.search(rf"`{name}`", TEXT)} == set(HIDDEN_FROM_IT)

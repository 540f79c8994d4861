"""Lines on a terminal: cut to its width, in colours, whatever an app calls its users."""

import os
import pty
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TextIO

import pytest
from rich.cells import cell_len

from segment_pendo.cli.terminal.call_lines import Lines
from segment_pendo.explain.telling.call_line import CallLine, Word

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
LOST = Word("x address, company and 12 more lost", "bad")
ANN = CallLine(AT, "identify", "ann", "200", "warn", (Word("2 of 16 traits"), LOST), "part")
WHO = ["ann", "x" * 300, "\u65e5\u672c\u8a9e\u306e\u540d\u524d" * 9, "\U0001f600" * 30, "e\u0301" * 40, ""]


@contextmanager
def terminal(columns: int) -> Iterator[TextIO]:
    fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(theirs, "w", encoding="utf-8") as out:
        yield out
    os.close(ours)


@pytest.fixture
def colours(monkeypatch: pytest.MonkeyPatch) -> Callable[[bool], None]:
    def chosen(wanted: bool) -> None:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "" if wanted else "1")

    return chosen


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("who", WHO)
def test_a_line_is_never_wider_than_the_terminal_and_its_columns_stand_below_each_other(
    who: str, columns: int, colours: Callable[[bool], None]
) -> None:
    colours(True)
    with terminal(columns) as out:
        lines = Lines(out)
        text = plain(lines.text(CallLine(AT, "identify", who, "200", "warn", ANN.words, "part")))
        ann = plain(lines.text(ANN))
    assert text.isprintable()
    assert cell_len(text) <= columns
    assert cell_len(text[: text.index(" 200 ")]) == ann.index(" 200 ")
    assert "2 of 16 traits" in text
    assert ("…" in text) == (columns < 140 or cell_len(who) > 32)


def test_what_does_not_fit_ends_with_an_ellipsis(colours: Callable[[bool], None]) -> None:
    colours(False)
    with terminal(80) as out:
        text = Lines(out).text(ANN)
    assert text[10:] == "identify  ann               200   2 of 16 traits  x address, company…"
    assert len(text) in {79, 80}  # no space before the ellipsis


def test_colours_are_by_outcome_and_only_where_they_are_wanted(colours: Callable[[bool], None]) -> None:
    colours(True)
    with terminal(120) as out:
        coloured = Lines(out).text(ANN)
        assert "\x1b[33m200 \x1b[0m" in coloured
        assert f"\x1b[1;31m{LOST.text}\x1b[0m" in coloured
        colours(False)
        assert "\x1b" not in Lines(out).text(ANN)
        assert Lines(out).text(ANN) == plain(coloured)


def test_a_pipe_gets_all_without_colours(colours: Callable[[bool], None]) -> None:
    colours(True)
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w") as out:
        long = CallLine(AT, "identify", "x" * 300, "200", "good", (Word("y" * 300),), "whole")
        text = Lines(out).text(long)
    assert "\x1b" not in text
    assert text.endswith(f"identify  {'x' * 300}  200    {'y' * 300}")

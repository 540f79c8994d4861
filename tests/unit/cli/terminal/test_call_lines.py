"""Lines on a terminal: cut to its width, in colours, whatever an app calls its users."""

import os
import pty
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from typing import TextIO

import pytest
from rich.cells import cell_len

from segment_pendo.cli.terminal.call_lines import Lines
from segment_pendo.explain.telling.call_line import CallLine, Word

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
LOST = Word("x address, company and 12 more lost", "bad")
ANN = CallLine(AT, "identify", "ann", "200", "warn", (Word("2 of 16 traits"), LOST), "part")
WHO = [
    "ann",
    "x" * 300,
    "\u65e5\u672c\u8a9e\u306e\u540d\u524d" * 9,
    "\U0001f600" * 30,
    "e\u0301" * 40,
    "",
    f"{'a1' * 12} · userId1",
    f"acme · {'u' * 90}",
    f'"Signed Up {"日" * 40}" ann',
    " · ",
    '"" ',
]


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


@pytest.mark.parametrize("columns", [60, 80, 140])
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
    assert "2 of 16 traits" in text or columns < 80
    assert columns < 80 or ("…" in text) == (columns < 140 or cell_len(who) > 32)


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        ("0e8c78ea9d97a7b8185e8632 · userId1", "0e8c7…8632 · userId1"),
        ("acme · 0e8c78ea9d97a7b8185e8632", "acme · 0e8c78…5e8632"),
        ('"Signed Up Again" userId1', '"Sign…Again" userId1'),
        ("mira.holt@northwind-mail.net", "mira.holt@…-mail.net"),
        ("mira · 7", "mira · 7"),
    ],
)
def test_ids_that_are_too_long_lose_their_middle(
    who: str, shown: str, colours: Callable[[bool], None]
) -> None:
    colours(False)
    with terminal(80) as out:
        text = Lines(out).text(ANN._replace(who=who))
    assert text[20:40].rstrip() == shown
    assert text[40:46] == "  200 "


def test_what_does_not_fit_ends_with_an_ellipsis(colours: Callable[[bool], None]) -> None:
    colours(False)
    with terminal(80) as out:
        text = Lines(out).text(ANN)
    assert text[10:] == "identify  ann                   200   2 of 16 traits  x address, comp…"
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


def test_a_pipe_has_the_columns_that_are_asked_for() -> None:
    out = StringIO()
    assert Lines(out).text(ANN)[20:].index("200") == 26
    assert Lines(out, 40).text(ANN)[20:].index("200") == 42

"""Printing for a reader that is slow, stands still, or goes."""

import io
import os
import re
import select

import pytest

from segment_pendo.cli.terminal import printer
from segment_pendo.cli.terminal.printer import Printer


def missed(count: int) -> str:
    return f"({count} left out)"


def test_lines_come_in_order_and_all() -> None:
    out = io.StringIO()
    printing = Printer(out, missed)
    for number in range(5000):
        printing.print(str(number))
    assert printing.drain() == 0
    assert out.getvalue().split() == [str(number) for number in range(5000)]


def test_a_reader_that_stands_still_holds_nobody_up_and_learns_what_it_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(printer, "_MOST", 200_000)
    monkeypatch.setattr(printer, "_PATIENCE", 0.05)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as out:
        printing = Printer(out, missed)
        for number in range(6000):
            printing.print(f"{number:05} {'x' * 94}")  # a pipe takes less than this before it is full
        assert printing.drain() > 0
        text = b""
        while select.select([reading], [], [], 1)[0]:
            text += os.read(reading, 1 << 20)
        assert printing.drain() == 0
        text += os.read(reading, 1 << 20) if select.select([reading], [], [], 0)[0] else b""
    os.close(reading)
    lines = [line for line in text.decode().splitlines() if not line.startswith("(")]
    left_out = [int(count) for count in re.findall(r"^\((\d+) left out\)$", text.decode(), re.MULTILINE)]
    assert len(lines) + sum(left_out) == 6000
    assert sum(left_out) > 1000
    assert lines == sorted(lines)
    assert [line[:5] for line in lines[:2000]] == [f"{number:05}" for number in range(2000)]


def test_a_reader_that_goes_is_no_fault() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="utf-8") as out:
        printing = Printer(out, missed)
        printing.print("one")
        assert printing.drain() == 0
        os.close(reading)
        for _ in range(3):
            printing.print("more")
            assert printing.drain() == 0


def test_what_the_encoding_of_the_stream_lacks_is_spelled_out() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w", encoding="ascii") as out:
        printing = Printer(out, missed)
        printing.print("é · …")
        assert printing.drain() == 0
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"\\xe9 \\xb7 \\u2026\n"

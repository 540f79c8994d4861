"""Verbs over files as real processes: a row goes out while the input is open, and readers may leave."""

import gzip
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

PATIENCE = 60.0  # seconds until a test gives up
CALL = json.dumps({"type": "identify", "userId": "u", "traits": {"plan": "pro"}}).encode() + b"\n"
VERBS = [["map"], ["explain", "--format", "ndjson"], ["explain", "--short"]]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "segment_pendo", *words]


@contextmanager
def started(*words: str) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]]:
    process = subprocess.Popen(
        command(*words), bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    with process:
        try:
            yield process, process.stdin, process.stdout
        finally:
            process.kill()


def line_of(stream: IO[bytes]) -> bytes:
    """The next line, as soon as it is there; fails where none comes."""
    ready, _, _ = select.select([stream], [], [], PATIENCE)
    assert ready, "nothing came while the input was open"
    return stream.readline()


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_row_comes_while_its_input_is_open(words: list[str]) -> None:
    with started(*words) as (process, given, output):
        for _ in range(3):
            given.write(CALL)
            while b"identify" not in line_of(output):  # a finding stands in a line of its own
                pass
            assert process.poll() is None
        given.close()
        assert process.wait(PATIENCE) == 0


def test_a_row_comes_out_of_a_packed_stream_that_is_open() -> None:
    with started("map") as (_, given, output):
        for _ in range(2):
            given.write(gzip.compress(CALL))
            given.flush()
            assert json.loads(line_of(output))["user"] == "u"


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_reader_that_leaves_ends_it_quietly(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "calls.jsonl").write_bytes(CALL * 5000)
    process = subprocess.Popen(
        command(*words, "calls.jsonl"), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout
    assert process.stderr
    assert b"identify" in process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait(PATIENCE)


def test_a_bar_is_drawn_where_the_input_takes_a_while_and_only_on_a_terminal(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    fifo = tmp_path / "calls"
    os.mkfifo(fifo)
    process = subprocess.Popen(command("map", str(fifo)), stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    end = time.monotonic() + PATIENCE
    shown = b""
    with fifo.open("wb", buffering=0) as given:
        assert process.stdout
        while b"bytes" not in shown and time.monotonic() < end:
            given.write(CALL)
            line_of(process.stdout)
            while select.select([ours], [], [], 0.05)[0]:
                shown += os.read(ours, 1 << 16)
    process.stdout.close()
    process.wait(PATIENCE)
    os.close(ours)
    assert b"bytes" in shown

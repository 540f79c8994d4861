"""`run`, `tail` and `explain` at a real terminal, and in front of a reader that reads nothing."""

import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import HEEDING, RUN, Start, end_all, env_for, free_port, get, until

fcntl, termios = pytest.importorskip("fcntl"), pytest.importorskip("termios")
COLUMNS = 120
PROGRAM = (sys.executable, "-m", "segment_pendo")
# Does what a shell does: its standard input is the terminal of its session, and the command's in front.
SHELL = """
import fcntl, os, signal, subprocess, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
def front():
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
command = subprocess.Popen(sys.argv[2:], preexec_fn=front)
open(sys.argv[1], "w").write(f"{command.pid}\\n")
sys.exit(command.wait())
"""
ANN = {"type": "identify", "userId": "ann", "traits": {"firstName": "A", "address": {"city": "Brno"}}}


def send(url: str, *calls: dict[str, Any]) -> None:
    body = json.dumps({"batch": calls, "writeKey": "WK"}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(f"{url}/v1/batch", body), timeout=20) as answer:
        assert answer.status == 200


class Terminal:
    """A process that has a terminal of its own, and what it has written there."""

    def __init__(self, directory: Path, *command: str, **environment: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
        self.theirs = theirs
        self.before = termios.tcgetattr(theirs)
        named = directory / f"pid-{theirs}"
        self.process = subprocess.Popen(
            [*HEEDING, sys.executable, "-c", SHELL, str(named), *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env=env_for(directory) | {"TERM": "xterm"} | environment,
        )
        self._text = ""
        until(lambda: named.exists() and named.read_text().endswith("\n"))
        self.pid = int(named.read_text())

    def text(self) -> str:
        while select.select([self.ours], [], [], 0)[0]:
            self._text += os.read(self.ours, 65536).decode()
        return re.sub(r"\x1b\[[0-9;]*m", "", self._text).replace("\r\n", "\n")

    def shows(self, text: str) -> None:
        until(lambda: text in self.text() or self.process.poll() is not None)
        assert text in self.text()

    def types(self, keys: str) -> None:
        os.write(self.ours, keys.encode())

    @property
    def is_as_before(self) -> bool:
        return bool(termios.tcgetattr(self.theirs) == self.before)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    started: list[Terminal] = []

    def start(*command: str, **environment: str) -> Terminal:
        started.append(Terminal(tmp_path, *command, **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            os.kill(one.pid, signal.SIGKILL)
            one.process.wait(20)
        os.close(one.ours)
        os.close(one.theirs)


def home(running: Terminal) -> str:
    running.shows("press o to open, q to end")
    found = re.search(r"page   (http://\S+)", running.text())
    assert found
    until(lambda: not running.is_as_before)  # keys are read now
    return found[1]


def test_o_opens_the_page_and_q_ends(terminal: Callable[..., Terminal]) -> None:
    running = terminal(*RUN, "--no-proxy", BROWSER="echo opened %s")
    url = home(running)
    send(url, ANN, {"type": "identify"})
    running.shows("200   1 of 2 traits  x address lost  ! firstName -> firstname\n")
    running.shows("LOST  Segment drops it: neither userId nor anonymousId\n")
    running.types("xo")
    running.shows(f"opened {url}/\n")
    running.types("q")
    assert running.process.wait(20) == 0
    assert running.is_as_before
    text = running.text()
    assert "2 calls: 1 arrives in part, 1 LOST at Segment\nfix first:\n" in text
    assert max(map(len, text.splitlines())) <= COLUMNS


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_the_terminal_is_as_it_was_after_a_signal(
    terminal: Callable[..., Terminal], number: signal.Signals
) -> None:
    running = terminal(*RUN, "--no-proxy")
    home(running)
    os.kill(running.pid, number)
    assert running.process.wait(20) == 0
    assert running.is_as_before


def test_the_terminal_is_as_it_was_while_stopped(terminal: Callable[..., Terminal]) -> None:
    running = terminal(*RUN, "--no-proxy", BROWSER="echo opened %s")
    home(running)
    running.types("\x1a")  # Ctrl-Z
    until(lambda: Path(f"/proc/{running.pid}/stat").read_text().split(") ")[1][0] == "T")
    assert running.is_as_before
    os.kill(running.pid, signal.SIGCONT)
    until(lambda: not running.is_as_before)
    running.types("o")
    running.shows("opened http://")
    running.types("\x03")  # Ctrl-C
    assert running.process.wait(20) == 0
    assert running.is_as_before


def test_a_command_has_the_keyboard_for_itself(terminal: Callable[..., Terminal]) -> None:
    running = terminal(*RUN, "--no-proxy", "--", "sh", "-c", "read line; echo typed $line")
    running.shows("segment-pendo 0.")
    running.types("oq\n")
    running.shows("typed oq\n")
    assert running.process.wait(20) == 0
    assert "press o" not in running.text()


def test_kill_9_of_a_run_ends_its_command_at_a_terminal(terminal: Callable[..., Terminal]) -> None:
    code = "import os, time; print('child', os.getpid(), flush=True); time.sleep(60)"
    running = terminal(*RUN, "--no-proxy", "--", sys.executable, "-c", code)
    running.shows("child ")
    found = until(lambda: re.search(r"child (\d+)\n", running.text()))
    os.kill(running.pid, signal.SIGKILL)
    running.process.wait(20)
    stat = Path(f"/proc/{found[1]}/stat")
    until(lambda: not stat.exists() or " Z " in stat.read_text())


def test_explain_at_a_terminal_reads_the_keyboard_only_where_nothing_runs(
    terminal: Callable[..., Terminal], run: Start
) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    asked = terminal(*PROGRAM, "explain", "--short", SEGMENT_PENDO_URL=nowhere)
    asked.shows(f"Reading calls from the keyboard, as no segment-pendo runs at {nowhere}")
    asked.types(json.dumps(ANN) + "\n\x04")
    asked.shows("line 1: identify ann: delivered as visitor ann")
    assert asked.process.wait(20) == 0
    running = run("--no-proxy")
    send(running.home, ANN, {"type": "page", "userId": "ann"})
    asked = terminal(*PROGRAM, "explain", "--short", "--only", "type=page", SEGMENT_PENDO_URL=running.home)
    asked.shows("page of ann: not delivered")
    assert asked.process.wait(20) == 0
    assert "identify ann" not in asked.text()


def test_explain_breaks_lines_between_words_and_no_name_that_has_room(
    terminal: Callable[..., Terminal], tmp_path: Path
) -> None:
    file = tmp_path / "ann.json"
    file.write_text(json.dumps(ANN | {"traits": {"firstName": "A", "address": {"city": "Brno " * 9}}}))
    asked = terminal(*PROGRAM, "explain", str(file), COLUMNS="80")
    assert asked.process.wait(20) == 0
    lines = asked.text().splitlines()
    assert max(map(len, lines)) <= 80
    renamed = next(line for line in lines if "traits.firstName" in line)
    assert "segmentio.firstname" in renamed
    fate = next(number for number, line in enumerate(lines) if line.startswith("line 1: "))
    assert lines[fate + 1].startswith("    "), "what follows is indented"
    assert " ".join("".join(lines[fate : fate + 2]).split()).startswith(
        "line 1: identify ann: delivered as visitor ann; 1 of 2 traits becomes metadata; firstName as"
    )


def test_tail_shows_the_same_lines_over_a_restart(run: Start, tmp_path: Path) -> None:
    port = str(free_port())
    out, err = tmp_path / "tail.out", tmp_path / "tail.err"
    first = run("--no-proxy", "--port", port)
    with out.open("wb") as shown, err.open("wb") as said:
        tail = subprocess.Popen(
            [*HEEDING, *PROGRAM, "tail", first.home, "--only", "user=ann"], stdout=shown, stderr=said
        )
    try:
        until(lambda: "Following" in err.read_text())
        send(first.home, ANN, {"type": "identify", "userId": "bob"})
        until(lambda: "ann" in out.read_text())
        assert first.end() == 0
        until(lambda: "Waiting for it to come back" in err.read_text())
        second = run("--no-proxy", "--port", port)
        send(second.home, {"type": "track", "userId": "ann", "event": "E"})
        until(lambda: '"E" ann' in out.read_text())
        assert "a new run answers" in err.read_text()
        tail.send_signal(signal.SIGINT)
        assert tail.wait(20) == 0
        lines = out.read_text().splitlines()
        assert [line[10:] for line in lines[:1]] == [
            line[10:] for line in first.out.read_text().splitlines()[:1]
        ]
        assert len(lines) == 2
        assert "2 calls: 1 arrives in part, 1 not selected\nfix first:" in err.read_text()
        assert f"segment-pendo why ann address --url {first.home}" in err.read_text()
    finally:
        end_all([tail])


def test_tail_of_nothing_says_how_to_start_it(tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    done = subprocess.run([*PROGRAM, "tail", nowhere], capture_output=True, text=True, timeout=60)
    assert (done.returncode, "Start it with: segment-pendo run" in done.stderr) == (4, True), done.stderr


def test_a_reader_that_reads_nothing_slows_no_call_down(tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    command = [*HEEDING, *RUN, "--no-proxy", "--format", "ndjson", "--ready-file", str(ready)]
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env_for(tmp_path), text=True
    )
    try:
        until(ready.exists)
        url = json.loads(ready.read_text())["home"]
        for _ in range(10):  # far more than a pipe holds
            send(url, *[ANN] * 100)
        status, page = get(f"{url}/_/wait?count=1000&timeout=60")
        assert (status, len(page["calls"])) == (200, 1000)
        running.send_signal(signal.SIGTERM)
        out, err = running.communicate(timeout=60)
        events = [json.loads(line)["event"] for line in out.splitlines()]
        assert (events.count("call"), events.count("delivery")) == (1000, 1000)
        assert "1000 calls: 1000 arrive in part" in err
    finally:
        running.kill()
        running.wait()

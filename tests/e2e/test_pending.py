"""What a Pendo refused: listed, shown, sent again by a second run; and while a run is on."""

import json
import os
import pty
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import KEY, Running, Server, end_all, env_for, until

CALLS = [{"type": "identify", "userId": user, "traits": {"n": n}} for n, user in enumerate("aba")]


@pytest.fixture
def pendo() -> Iterator[Server]:
    server = Server(status=403)
    server.start()
    yield server
    server.http.shutdown()
    server.http.server_close()


class Runs:
    """Runs, one after the other, with the same store, destination and key; and the verbs beside them."""

    def __init__(self, directory: Path, pendo: Server) -> None:
        self.directory, self.pendo = directory, pendo
        self.store = directory / "store.sqlite3"
        self.processes: list[subprocess.Popen[bytes]] = []

    def begin(self) -> Running:
        running = Running(
            self.directory, "--no-proxy", "--to", self.pendo.url, "--store", str(self.store),
            "--drain", "20s", SEGMENT_PENDO_API_KEY=KEY,
        )  # fmt: skip
        self.processes.append(running.process)
        return running

    def verb(self, *words: str, **how: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "segment_pendo", *words, "--store", str(self.store)]
        environment = env_for(self.directory)
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, **how)

    def pending(self) -> list[dict[str, Any]]:
        done = self.verb("pending", "list", "--format", "ndjson")
        assert done.returncode == 0, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def runs(tmp_path: Path, pendo: Server) -> Iterator[Runs]:
    made = Runs(tmp_path, pendo)
    yield made
    end_all(made.processes)


def send(running: Running) -> None:
    body = json.dumps({"batch": CALLS, "writeKey": "WRITE_KEY_OF_THE_APP_0123"}).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{running.home}/v1/batch", body, 20) as answer:
        assert answer.status == 200


def refused(runs: Runs) -> list[str]:
    """Let a run be refused three webhooks; their ids."""
    running = runs.begin()
    send(running)
    until(lambda: len(runs.pendo.seen) == 3)
    assert running.end() == 5
    told = running.err.read_text()
    assert (
        f"3 webhooks given up; `segment-pendo pending list --store {runs.store}` shows each answer." in told
    )
    return [row["id"] for row in runs.pending()]


def test_what_was_refused_is_delivered_by_the_next_run(runs: Runs, pendo: Server) -> None:
    ids = refused(runs)
    assert [row["delivery"]["state"] for row in runs.pending()] == ["dead"] * 3
    shown = runs.verb("pending", "show", ids[0])
    assert f"127.0.0.1:{pendo.port} answered 403 at" in shown.stdout
    assert "    Content-Length: 0" in shown.stdout.splitlines()
    told = runs.verb("pending", "retry", "--all")
    assert told.returncode == 0
    assert f"The next `segment-pendo run` to 127.0.0.1:{pendo.port} with" in told.stderr
    pendo.status, pendo.seen[:] = 200, []
    running = runs.begin()
    assert running.end() == 0
    assert "3 webhooks of earlier runs that waited for it: delivered now." in running.err.read_text()
    events = [json.loads(seen.body) for seen in pendo.seen]
    assert sorted(event["traits"]["n"] for event in events) == [0, 1, 2]
    assert [event["traits"]["n"] for event in events if event["userId"] == "a"] == [0, 2]
    assert runs.pending() == []
    assert KEY not in shown.stdout + told.stderr + running.err.read_text()


def test_an_export_is_replayed_to_a_pendo(runs: Runs, pendo: Server, tmp_path: Path) -> None:
    ids = refused(runs)
    file = tmp_path / "calls.jsonl"
    assert runs.verb("pending", "export", str(file), *ids[:2]).returncode == 0
    pendo.status, pendo.seen[:] = 200, []
    command = [sys.executable, "-m", "segment_pendo", "replay", str(file), "--to", pendo.url]
    done = subprocess.run(command, env=env_for(tmp_path), capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert sorted(json.loads(seen.body)["traits"]["n"] for seen in pendo.seen) == [0, 1]
    assert b"WRITE_KEY_OF_THE_APP" not in file.read_bytes() + pendo.seen[0].body


def test_while_a_run_is_on_its_store_is_read_and_not_changed(runs: Runs, pendo: Server) -> None:
    pendo.status = 503
    running = runs.begin()
    send(running)
    until(lambda: len(pendo.seen) >= 2)
    assert [row["delivery"]["state"] for row in runs.pending()] == ["waiting"] * 3
    for words in (("drop", "--all", "--yes"), ("retry", "--all")):
        done = runs.verb("pending", *words)
        assert done.returncode == 4
        assert f"is used by the process {running.process.pid}" in done.stderr
    assert runs.verb("store", "wipe", "--yes").returncode == 4
    pendo.status = 200
    assert running.end() == 0
    assert runs.pending() == []
    assert runs.verb("store", "wipe").returncode == 0
    assert not [*runs.store.parent.glob("store.sqlite3*")]


@pytest.mark.parametrize(("answer", "code", "left"), [(b"y\n", 0, 2), (b"n\n", 1, 3)])
def test_drop_asks_at_a_terminal(runs: Runs, answer: bytes, code: int, left: int) -> None:
    ids = refused(runs)
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer)
        done = runs.verb("pending", "drop", ids[0], stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == code
    assert "Forget 1 webhook that was not delivered? [y/N]" in done.stderr
    assert len(runs.pending()) == left

"""`archive backfill`: killed at any moment, the final state is that of an in-order replay of all events."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import archives
from background import background
from processes import env_for, until

from segment_pendo import archive
from segment_pendo.base import js_json
from segment_pendo.explain.prediction import state_changes
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.records import Records
from segment_pendo.recordings.reading.parts import Part
from segment_pendo.serve.fault import Fault
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.loopback_pendo import LoopbackPendo

KILLS, CONCURRENCY = 20, 4
EVENTS, PEOPLE, PARTS = 1500, 150, 6


def replayed(folder: Path) -> Any:
    """The state after all webhooks of an archive, one after another in the order of the events."""
    setup, pendo = Setup(), Records()
    rows = [
        row
        for path in sorted(folder.rglob("*.gz"))
        for row in archive.webhooks(Part(path.name, path).lines(), setup, part=path.name)
    ]
    for row in sorted(rows, key=lambda row: row.order):
        if row.is_webhook:
            webhook: Any = row.item.judged.webhook  # type: ignore[union-attr]
            pendo.apply(js_json.read(webhook.body).value, row.order.at)
    return pendo.state()


def command(folder: Path, url: str, *options: str) -> list[str]:
    line = [sys.executable, "-m", "segment_pendo", "archive", "backfill", str(folder), "--to", url]
    return [*line, "--concurrency", str(CONCURRENCY), *options]


def ran(directory: Path, line: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, env=env_for(directory), capture_output=True, text=True, timeout=120)


def finished_parts(directory: Path) -> int:
    return len(list((directory / "state").rglob("parts/*.jsonl")))


def in_the_middle(child: subprocess.Popen[bytes], is_there: Callable[[], bool]) -> bool:
    """Whether a process has come to the point at which it is killed, or to its end before."""
    return is_there() or child.poll() is not None


def in_no_order(state: Any, *without: str) -> Any:
    """The records of a state: metadata without some of its groups, accounts in no order, no times."""
    records = {}
    for kind in ("visitors", "accounts"):
        for name, record in state[kind].items():
            groups = {group: fields for group, fields in record["metadata"].items() if group not in without}
            auto = groups.pop("auto", {})
            records[kind, name] = (sorted(record.get("accountIds", [])), auto.get("accountid"), groups)
    return records


@contextmanager
def served(pendo: LoopbackPendo, **fault: Any) -> Iterator[str]:
    faults = Faults()
    if fault:
        faults.add(Fault(on="pendo", **fault))
    with background(lambda: pendo.routes(faults)) as url:
        yield url


def test_killed_at_twenty_points_it_comes_to_the_state_of_an_in_order_replay(tmp_path: Path) -> None:
    folder = archives.write(tmp_path / "logs", EVENTS, people=PEOPLE, parts=PARTS)
    pendo, random, kills = LoopbackPendo(), Random(7), 0
    with background(pendo.routes()) as url:
        counted = ran(tmp_path, command(folder, url, "--dry-run"))
        calls = int(counted.stdout.splitlines()[-1].split()[0])
        for path in (tmp_path / "state").rglob("parts/*.jsonl"):
            path.unlink()
        points = sorted(random.sample(range(1, calls - CONCURRENCY), KILLS - PARTS))
        wanted: list[tuple[str, int]] = [("parts", number) for number in range(PARTS)]
        wanted += [("posts", number) for number in points]
        for what, number in wanted:
            child = subprocess.Popen(command(folder, url), env=env_for(tmp_path), stdout=subprocess.DEVNULL)

            def is_there(what: str = what, number: int = number) -> bool:
                return (finished_parts(tmp_path) if what == "parts" else pendo.posted) >= number

            until(partial(in_the_middle, child, is_there), 60)
            kills += child.poll() is None
            child.kill()
            child.wait(20)
        before = pendo.posted
        done = ran(tmp_path, command(folder, url))
    assert done.returncode == 0, done.stderr
    assert before < calls + KILLS * CONCURRENCY
    assert kills > KILLS / 2, "most of them were in the middle"
    assert pendo.posted <= calls + kills * CONCURRENCY
    assert [*state_changes(replayed(folder), pendo.pendo.state())] == []


def test_two_processes_come_to_the_same_and_verify_says_so(tmp_path: Path) -> None:
    folder, pendo = archives.write(tmp_path / "logs", 400, people=30), LoopbackPendo()
    with background(pendo.routes()) as url:
        done = ran(tmp_path, command(folder, url, "--workers", "2"))
        assert done.returncode == 0, done.stderr
        verified = ran(tmp_path, command(folder, url, "--verify", "20"))
        assert (verified.returncode, verified.stdout) == (0, f"20 of 20 records as expected at {url}\n")
        pendo.reset()
        verified = ran(tmp_path, command(folder, url, "--verify", "2"))
    assert verified.returncode == 1
    assert verified.stdout.startswith("0 of 2 records")
    assert verified.stderr.count("it is not there") == 2


def test_what_is_given_up_is_a_recording_that_can_be_replayed(tmp_path: Path) -> None:
    folder, pendo = archives.write(tmp_path / "logs", 300, people=30), LoopbackPendo()
    failed = tmp_path / "failed.jsonl"
    with served(pendo, status=400, times=3) as url:
        done = ran(tmp_path, command(folder, url, "--failed", str(failed)))
        assert done.returncode == 5, done.stderr
        assert [*state_changes(replayed(folder), pendo.pendo.state())]
        line = [sys.executable, "-m", "segment_pendo", "replay", str(failed), "--to", url]
        again = ran(tmp_path, line)
        assert again.returncode == 0, again.stderr
        assert in_no_order(pendo.pendo.state(), "auto") == in_no_order(replayed(folder), "auto")
        # What came late made an earlier account the current one: all once more puts that right.
        anew = ran(tmp_path, command(folder, url, "--work", str(tmp_path / "anew")))
    assert anew.returncode == 0, anew.stderr
    assert in_no_order(pendo.pendo.state()) == in_no_order(replayed(folder))


def test_what_the_destination_filters_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    consents = [
        {"context": {"consent": {"categoryPreferences": {"Analytics": given}}}} for given in (True, False)
    ]
    lines = [
        {"type": "identify", "userId": f"u{number}", "traits": {"a": 1}, **consent}
        for number, consent in enumerate(consents)
    ]
    (tmp_path / "logs" / "1.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    destination = tmp_path / "destination.json"
    destination.write_text(json.dumps({"consent": ["Analytics"]}))
    pendo = LoopbackPendo()
    with background(pendo.routes()) as url:
        done = ran(tmp_path, command(tmp_path / "logs", url, "--destination", str(destination)))
    assert done.returncode == 0, done.stderr
    assert pendo.pendo.found("visitor") == ["u0"]

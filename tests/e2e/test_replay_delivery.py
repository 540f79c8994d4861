"""`replay` to a server that fails now and then, and killed in the middle: all arrives, in order."""

import json
import re
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from background import background
from flaky_pendo import FlakyPendo
from processes import env_for, until

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import SdkRequest

COUNT, USERS = 2000, 50
CONCURRENCY = 8
VERB = (sys.executable, "-m", "segment_pendo", "replay")
HOW = ("--concurrency", str(CONCURRENCY), "--retry-window", "10s")


def calls(count: int) -> list[dict[str, object]]:
    return [
        {
            "type": "identify",
            "userId": f"user{number % USERS}",
            "messageId": f"m{number}",
            "traits": {"number": number},
        }
        for number in range(count)
    ]


def recording(directory: Path, count: int = COUNT) -> Path:
    """A recording of them, in batches of a hundred."""
    path, every = directory / "calls.jsonl", calls(count)
    recorder = Recorder(path, setup=Setup())
    for start in range(0, count, 100):
        body = json.dumps({"batch": every[start : start + 100]}).encode()
        request = SdkRequest("POST", "/v1/batch", body=body)
        recorder.take(assess(request, id=str(start), at=datetime(2024, 5, 9, tzinfo=UTC), setup=Setup()))
    recorder.close()
    return path


@contextmanager
def served(pendo: FlakyPendo) -> Iterator[str]:
    with background(pendo.routes()) as url:
        yield url


def replayed(
    directory: Path, *options: str | Path, given: bytes | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*VERB, *map(str, options), *HOW],
        env=env_for(directory),
        capture_output=True,
        text=True,
        timeout=120,
        input=given.decode() if given is not None else None,
    )


def stores(directory: Path) -> list[Path]:
    return list((directory / "state").rglob("*.sqlite3*"))


def test_all_reach_a_flaky_server_once_and_in_order(tmp_path: Path) -> None:
    file, pendo = recording(tmp_path), FlakyPendo()
    with served(pendo) as url:
        done = replayed(tmp_path, file, "--to", url)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(rf"{COUNT} of {COUNT} webhooks delivered to 127\.0\.0\.1:\d+\n", done.stdout)
    assert pendo.posts > COUNT * 1.1, "it was flaky"
    assert (pendo.distinct, pendo.doubled, pendo.disordered) == (COUNT, 0, 0)
    assert stores(tmp_path) == []


def test_killed_in_the_middle_the_same_command_goes_on(tmp_path: Path) -> None:
    file, pendo = recording(tmp_path), FlakyPendo(delay=0.002)
    with served(pendo) as url:
        child = subprocess.Popen(
            [*VERB, str(file), "--to", url, *HOW], env=env_for(tmp_path), stderr=subprocess.PIPE
        )
        until(lambda: pendo.distinct > COUNT / 3)
        child.kill()
        child.communicate(timeout=20)
        until_kill = pendo.distinct
        assert until_kill < COUNT
        (store, *_) = sorted(stores(tmp_path))
        assert store.stat().st_mode & 0o777 == 0o600
        done = replayed(tmp_path, file, "--to", url)
    assert done.returncode == 0, done.stderr
    before = re.search(rf"Goes on: (\d+) of {COUNT} webhooks were delivered before\.", done.stderr)
    assert before
    assert until_kill - CONCURRENCY <= int(before[1]) <= until_kill
    assert (pendo.distinct, pendo.disordered) == (COUNT, 0)
    assert pendo.doubled <= CONCURRENCY
    assert stores(tmp_path) == []


def test_what_is_refused_is_written_and_replayed_elsewhere(tmp_path: Path) -> None:
    refused = {"user3", "user40"}
    file, failed = recording(tmp_path, 500), tmp_path / "failed.jsonl"
    strict, healthy = FlakyPendo(refuses=refused.__contains__), FlakyPendo(seed=1)
    with served(strict) as url, served(healthy) as elsewhere:
        done = replayed(tmp_path, file, "--to", url, "--failed", failed)
        assert done.returncode == 5
        assert done.stdout.endswith(
            f"480 of 500 webhooks delivered to {url[7:]}; the others are in {failed}\n"
        )
        # A header and five request lines; user3 is the first call of its batch that is refused.
        assert f"{file}:6: {url[7:]} answered 400; Segment would not try again\n" in done.stderr
        assert "... and 10 more\n" in done.stderr
        assert set(file.read_bytes().splitlines()) > set(failed.read_bytes().splitlines())
        again = replayed(tmp_path, failed, "--to", elsewhere)
        assert replayed(tmp_path, file, "--to", url, "--failed", failed).returncode == 4
    assert again.returncode == 0, again.stderr
    assert set(healthy.taken) == refused
    assert healthy.distinct == 20
    assert stores(tmp_path) == []


def test_without_a_file_for_them_they_are_kept_and_tried_again(tmp_path: Path) -> None:
    refused = {"user3"}
    file, pendo = recording(tmp_path, 200), FlakyPendo()
    pendo.refuses = refused.__contains__
    with served(pendo) as url:
        done = replayed(tmp_path, file, "--to", url)
        assert done.returncode == 5
        (store,) = [path for path in stores(tmp_path) if path.suffix == ".sqlite3"]
        assert f"pending list --store {store}" in done.stderr
        refused.clear()
        again = replayed(tmp_path, file, "--to", url)
        assert again.returncode == 0, again.stderr
        assert (pendo.distinct, pendo.doubled, pendo.disordered) == (200, 0, 0)
        refused.add("user3")
        assert replayed(tmp_path, file, "--to", url).returncode == 5
        assert "Goes on" not in replayed(tmp_path, file, "--to", url, "--restart").stderr


def test_whatever_map_takes_is_replayed(tmp_path: Path) -> None:
    lines = "\n".join(map(json.dumps, calls(120)))
    captured = [
        {"method": "POST", "path": "/v1/batch", "body_b64": _base64(json.dumps({"batch": calls(60)}))},
        {"method": "POST", "path": "/v1/identify", "body_b64": _base64(json.dumps(calls(61)[60]))},
    ]
    for name, text, count in (
        ("calls.ndjson", lines, 120),
        ("array.json", json.dumps(calls(70), indent=1), 70),
        ("one.json", json.dumps(calls(1)[0], indent=2), 1),
        ("captured.ndjson", "\n".join(map(json.dumps, captured)), 61),
        ("-", lines, 120),
        ("-", recording(tmp_path, 30).read_text(), 30),
    ):
        pendo = FlakyPendo(refuses={"user7"}.__contains__)
        if name != "-":
            (tmp_path / name).write_text(text)
        file, failed = tmp_path / name if name != "-" else name, tmp_path / "failed.jsonl"
        with served(pendo) as url:
            done = replayed(tmp_path, file, "--to", url, "--failed", failed, given=text.encode())
        lost = len([number for number in range(count) if number % USERS == 7])
        assert done.returncode == (5 if lost else 0), done.stderr
        assert (pendo.distinct, pendo.doubled, pendo.disordered) == (count - lost, 0, 0), name
        if lost:
            healthy = FlakyPendo()
            with served(healthy) as url:
                assert replayed(tmp_path, failed, "--to", url).returncode == 0
            assert (set(healthy.taken), healthy.distinct) == ({"user7"}, lost), name
            failed.unlink()
        assert stores(tmp_path) == []


def test_sdk_requests_of_other_input_are_encoded_or_it_is_said_how(tmp_path: Path) -> None:
    file = tmp_path / "calls.ndjson"
    file.write_text("\n".join(map(json.dumps, calls(3))))
    plain = replayed(tmp_path, file, "--at", "http://127.0.0.1:9")
    assert plain.returncode == 1
    assert f"{file}:1: no SDK's request brought this call" in plain.stderr
    assert "--as SDK" in plain.stderr
    dry = replayed(tmp_path, file, "--at", "http://127.0.0.1:9", "--as", "node", "--dry-run")
    assert dry.stdout.startswith("3 requests would go to 127.0.0.1:9")


def test_a_damaged_input_is_not_half_sent(tmp_path: Path) -> None:
    file, pendo = tmp_path / "calls.ndjson", FlakyPendo()
    file.write_text("\n".join(map(json.dumps, calls(30))) + '\n{"type": "identify", "userId"\n')
    with served(pendo) as url:
        done = replayed(tmp_path, file, "--to", url)
    assert done.returncode == 3
    assert f"{file}:31: This is not JSON" in done.stderr
    assert pendo.posts == 0


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()

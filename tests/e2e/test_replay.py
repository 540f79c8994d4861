"""`replay` to real listeners."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import Server, Start, env_for, get, until
from recorded import calls_of

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"
PYTHON = RECORDINGS / "segment-analytics-python.jsonl"
VERB = (sys.executable, "-m", "segment_pendo", "replay", str(PYTHON))
WEBHOOKS = [one for one in calls_of(PYTHON) if one.body]


def replayed(directory: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*VERB, *options], env=env_for(directory) | environment, capture_output=True, text=True, timeout=60
    )


def visitors(home: str) -> list[object]:
    users = sorted({json.loads(one.body)["userId"] for one in WEBHOOKS if json.loads(one.body).get("userId")})
    answers = [get(f"{home}/api/v1/visitor/{user}") for user in users if re.fullmatch(r"[\w.-]+", user)]
    assert any(status == 200 for status, _ in answers)
    return [_timeless(body) for _, body in answers]


def _timeless(body: object) -> str:
    return re.sub(r'"lastupdated": ?\d+', "", json.dumps(body))


def _traits(body: str | bytes) -> str:
    return json.dumps(json.loads(body)["traits"])


def test_webhooks_and_requests_make_the_same_records(run: Start, tmp_path: Path) -> None:
    by_webhooks, by_requests, as_node = (run("--no-proxy") for _ in range(3))
    for options in (
        ("--to", by_webhooks.home),
        ("--at", by_requests.home),
        ("--at", as_node.home, "--as", "node", "--concurrency", "1"),
    ):
        done = replayed(tmp_path, *options)
        assert done.returncode == 0, done.stdout + done.stderr
    records = visitors(by_webhooks.home)
    for running in (by_requests, as_node):
        until(lambda: visitors(running.home) == records)  # noqa: B023 - called at once
    _, page = get(f"{by_requests.home}/_/calls?limit=1000")
    came = [row["body"] for row in page["calls"] if row["type"] == "identify" and row["body"]]
    sent = [one.body for one in WEBHOOKS if one.call["type"] == "identify"]
    # Several requests are on their way at the same time.
    assert sorted(map(_traits, came)) == sorted(map(_traits, sent))
    for running in (by_webhooks, by_requests, as_node):
        assert running.end() == 0


def test_a_part_of_it_moved_to_now_and_signed(server: Server, tmp_path: Path) -> None:
    done = replayed(
        tmp_path,
        "--to",
        server.url,
        "--only",
        "type=group",
        "--shift-time",
        "now",
        SEGMENT_PENDO_WEBHOOK_SECRET="shared",
    )
    assert done.returncode == 0, done.stderr
    bodies = [json.loads(seen.body) for seen in server.seen]
    groups = [one for one in WEBHOOKS if one.call["type"] == "group"]
    assert sorted(json.dumps(body["traits"]) for body in bodies) == sorted(
        json.dumps(json.loads(one.body)["traits"]) for one in groups
    )
    assert all("X-Signature" in seen.headers for seen in server.seen)
    today = time.strftime("%Y-%m-%dT", time.gmtime())
    assert {body["receivedAt"][:11] for body in bodies} <= {
        today,
        time.strftime("%Y-%m-%dT", time.gmtime(time.time() - 3600)),
    }


def test_a_dry_run_sends_nothing(server: Server, tmp_path: Path) -> None:
    done = replayed(tmp_path, "--to", server.url, "--dry-run", "--speed", "2")
    assert done.returncode == 0
    assert re.fullmatch(
        rf"{len(WEBHOOKS)} webhooks would go to 127\.0\.0\.1:\d+, in \d+\.\d s or more\.\n", done.stdout
    )
    assert server.seen == []


def test_a_password_in_a_url_is_not_shown(tmp_path: Path) -> None:
    for options in (["--dry-run"], []):
        address = "http://somebody:sesame@127.0.0.1:9"
        done = replayed(tmp_path, "--at", address, "--retry-window", "0", *options)
        assert "127.0.0.1:9" in done.stdout
        assert "sesame" not in done.stdout + done.stderr


def test_ctrl_c_says_how_to_go_on_and_nothing_is_sent_twice(server: Server, tmp_path: Path) -> None:
    options = ("--to", server.url, "--concurrency", "1")
    line_of = [*VERB, *options, "--rate", "20"]
    child = subprocess.Popen(
        line_of, env=env_for(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    until(lambda: len(server.seen) >= 3)
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=20)
    assert child.returncode == 5, err
    assert out.endswith("; stopped, the same command goes on\n"), out
    came = len(server.seen)
    assert came < len(WEBHOOKS)
    again = replayed(tmp_path, *options)
    assert again.returncode == 0, again.stderr
    assert f"Goes on: {came} of {len(WEBHOOKS)} webhooks were delivered before.\n" in again.stderr
    assert not list((tmp_path / "state").rglob("*.sqlite3*"))
    assert [seen.body.decode() for seen in server.seen] == [one.body for one in WEBHOOKS]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "http://127.0.0.1:9", "--at", "http://127.0.0.1:9"], "not both"),
        (["--as", "node"], "it needs --at URL"),
        (["--speed", "fast"], "neither original, nor max"),
        (["--only", "color=red"], "is not a condition"),
        (["--at", "127.0.0.1:4170"], "is not a URL"),
    ],
)
def test_wrong_usage_is_said(options: list[str], words: str, tmp_path: Path) -> None:
    done = replayed(tmp_path, *options)
    assert done.returncode == 2
    assert words in done.stderr


def test_failures_are_named_by_line_without_the_key(server: Server, tmp_path: Path) -> None:
    server.status = 503
    done = replayed(
        tmp_path,
        "--to",
        server.url,
        "--retry-window",
        "1s",
        SEGMENT_PENDO_API_KEY="0123abcd-0000-1111-2222-0123456789ab",
    )
    assert done.returncode == 5
    assert f"{PYTHON}:{WEBHOOKS[0].number}: " in done.stderr
    assert "answered 503" in done.stderr
    assert "0123abcd" not in done.stdout + done.stderr

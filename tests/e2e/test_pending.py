"""`pending` and `store` on what a real run has left."""

import http.client
import json
import subprocess
import sys
from pathlib import Path

from processes import Running, Server, Start, get, until

WRITE_KEY = "WK1234567890"


def verb(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "segment_pendo", *arguments], capture_output=True, text=True, timeout=60
    )


def send(running: Running, *users: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(running.home.rpartition(":")[2]), timeout=20)
    calls = [{"type": "identify", "userId": user, "traits": {"a": 1}} for user in users]
    connection.request("POST", "/v1/batch", json.dumps({"writeKey": WRITE_KEY, "batch": calls}))
    assert connection.getresponse().status == 200
    connection.close()


def test_what_pendo_refused_is_seen_exported_dropped_retried(
    run: Start, server: Server, tmp_path: Path
) -> None:
    at = ("--store", str(tmp_path / "store.sqlite3"))
    server.status = 403
    running = run("--no-proxy", "--to", server.url, *at)
    send(running, "a", "b", "c", "d")
    until(lambda: get(f"{running.home}/_/health")[1]["deliveries"] == {"dead": 4})

    listed = verb("pending", "list", *at, "--limit", "3")
    assert listed.returncode == 0
    assert listed.stderr == f"{server.url[7:]}: 4 webhooks dead.\n"
    assert listed.stdout.count("answered 403; Segment would not try again") == 3
    assert "... and 1 more" in listed.stdout
    dropped = verb("pending", "drop", "--all", "--yes", *at)
    assert (dropped.returncode, f"used by the process {running.process.pid}" in dropped.stderr) == (4, True)
    assert running.end() == 5

    rows = [
        json.loads(line) for line in verb("pending", "list", "--format", "ndjson", *at).stdout.splitlines()
    ]
    assert [(row["user"], row["destination"]) for row in rows] == [(user, server.url[7:]) for user in "abcd"]
    shown = verb("pending", "show", rows[0]["id"], *at).stdout
    assert "identify a: not delivered: " in shown
    assert "attempt 1 at " in shown
    assert "Content-Length: 0" in shown
    assert WRITE_KEY not in shown
    assert json.loads(verb("pending", "show", rows[0]["id"], "--format", "json", *at).stdout)["attempts"]
    wrong = verb("pending", "show", f"{rows[0]['id']}0", *at)
    assert (wrong.returncode, "Did you mean" in wrong.stderr) == (3, True)

    file = tmp_path / "left.jsonl"
    assert verb("pending", "export", str(file), rows[1]["id"], *at).returncode == 0
    (call,) = [line for line in file.read_text().splitlines()[2:] if line]
    assert json.loads(call)["call"]["userId"] == "b"
    assert WRITE_KEY not in file.read_text()

    assert verb("pending", "drop", rows[1]["id"], *at).returncode == 7, "--yes is missing"
    assert verb("pending", "drop", rows[1]["id"], "--yes", *at).stdout == "1 webhook forgotten.\n"
    retried = verb("pending", "retry", rows[0]["id"], rows[3]["id"], *at)
    assert retried.stdout.startswith("2 webhooks will be sent again by the next")
    server.status = 200
    server.seen.clear()
    running = run("--no-proxy", "--to", server.url, *at)
    until(lambda: get(f"{running.home}/_/health")[1]["deliveries"] == {"delivered": 2, "dead": 1})
    assert sorted(json.loads(seen.body)["userId"] for seen in server.seen) == ["a", "d"]
    assert running.end() == 0

    refused = verb("store", "wipe", *at)
    assert (refused.returncode, "1 webhook in " in refused.stderr) == (7, True)
    assert verb("store", "show", *at).stdout.splitlines()[1:] == [
        "1 dead, 2 delivered",
        f"{server.url[7:]}: 1 webhook dead",
    ]
    assert verb("store", "wipe", "--yes", *at).returncode == 0
    assert list(tmp_path.glob("store.sqlite3*")) == []
    assert verb("pending", "list", *at).stderr.startswith("Nothing is pending: there is no store ")

"""Delivery of real processes: retries, what a run leaves to the next one, full disks, bursts."""

import http.client
import json
import resource
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from processes import KEY, RUN, Running, Server, Start, env_for, get, until

BURST = """
import http.client, json, os, sys
host = os.environ["SEGMENT_PENDO_URL"].partition("//")[2]
connection = http.client.HTTPConnection(host, timeout=60)
for first in range(0, int(sys.argv[1]), 100):
    batch = [{"type": "identify", "userId": f"u-{n % 1000}", "messageId": f"m-{n}", "traits": {"n": n}}
        for n in range(first, first + 100)]
    connection.request("POST", "/v1/batch", json.dumps({"batch": batch}))
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
"""


def send(running: Running, *users: str, size: int = 1) -> int:
    """Send an identify call for each user in one batch; the status."""
    connection = http.client.HTTPConnection("127.0.0.1", int(running.home.rpartition(":")[2]), timeout=30)
    calls = [{"type": "identify", "userId": user, "traits": {"x": "y" * size}} for user in users]
    connection.request("POST", "/v1/batch", json.dumps({"batch": calls}))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def users(server: Server) -> list[str]:
    return [json.loads(seen.body)["userId"] for seen in server.seen]


def delivery(running: Running, number: int = 0) -> Any:
    return get(f"{running.home}/_/calls")[1]["calls"][number]["delivery"]


def test_a_pendo_that_recovers_gets_everything_in_order(run: Start, server: Server) -> None:
    server.status = 503
    running = run("--no-proxy", "--to", server.url, "--retry-window", "5s")
    assert send(running, "a", "b", "a") == 200
    until(lambda: len(server.seen) >= 4)
    assert delivery(running)["state"] == "waiting"
    assert "answered 503; tried again in " in delivery(running)["detail"]
    failed = len(server.seen)
    server.status = 200
    until(lambda: get(f"{running.home}/_/health")[1]["deliveries"] == {"delivered": 3})
    assert sorted(users(server)[-3:]) == ["a", "a", "b"]
    assert delivery(running)["attempts"] > 1
    assert len(server.seen) >= failed + 3
    assert running.end() == 0
    assert "answered 503; tried again in " in running.out.read_text()


def test_a_pendo_that_does_not_is_told_and_ends_with_5(run: Start, server: Server) -> None:
    server.status = 503
    running = run("--no-proxy", "--to", server.url, "--retry-window", "300ms")
    assert send(running, "a") == 200
    until(lambda: delivery(running)["state"] == "dead")
    assert "attempts in 0.3 s; Segment would try for four hours" in delivery(running)["detail"]
    call = get(f"{running.home}/_/calls")[1]["calls"][0]["id"]
    explained = get(f"{running.home}/_/explain?call={call}")[1]
    assert explained["fate"].endswith("Pendo has nothing of this call.")
    assert explained["effect"] == {"visitor": None, "account": None}
    assert [attempt["status"] for attempt in explained["attempts"]] == [503] * len(server.seen)
    assert running.end() == 5


def test_apps_are_answered_while_pendo_has_answered_nothing(run: Start, server: Server) -> None:
    server.delay = 60
    running = run("--no-proxy", "--to", server.url, "--drain", "0")
    answered: list[int] = []

    def post(worker: int) -> None:
        answered.extend(send(running, f"u-{worker}-{number}") for number in range(250))

    workers = [threading.Thread(target=post, args=(number,)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert answered == [200] * 1000
    health = get(f"{running.home}/_/health")[1]
    assert health["deliveries"] == {"waiting": 1000}
    assert health["outbox"]["waiting"] == 1000
    assert health["outbox"]["oldest"] > 0
    assert running.end() == 5
    assert "1,000 webhooks" in running.err.read_text() or "1000 webhooks" in running.err.read_text()


def test_what_a_run_leaves_the_next_one_delivers(run: Start, server: Server, tmp_path: Path) -> None:
    store = tmp_path / "store.sqlite3"
    store.touch(0o666)
    options = ("--no-proxy", "--to", server.url, "--store", str(store))
    server.status = 503
    running = run(*options, "--retry-window", "1h", "--drain", "0", SEGMENT_PENDO_API_KEY=KEY)
    assert send(running, "a", "a", "b") == 200
    until(lambda: len(server.seen) >= 2)
    for name in ("", "-wal", "-shm"):
        assert store.with_name(store.name + name).stat().st_mode & 0o077 == 0
    other = subprocess.run(
        [*RUN, *options, "--", "true"], env=env_for(tmp_path), capture_output=True, text=True, timeout=60
    )
    assert other.returncode == 4
    assert f"is used by the process {running.process.pid}" in other.stderr
    assert running.end() == 5
    assert f"They wait in {store}" in running.err.read_text()
    assert KEY.encode() not in store.read_bytes()

    elsewhere = run("--no-proxy", "--store", str(store))
    assert f"3 webhooks of earlier runs for {server.url[7:]}" in elsewhere.err.read_text()
    assert get(f"{elsewhere.home}/_/health")[1]["deliveries"] == {}
    assert elsewhere.end() == 0

    server.status = 200
    server.seen.clear()
    again = run(*options, SEGMENT_PENDO_API_KEY=KEY)
    until(lambda: get(f"{again.home}/_/health")[1]["deliveries"] == {"delivered": 3})
    assert "3 webhooks of earlier runs" in again.err.read_text()
    assert sorted(users(server)) == ["a", "a", "b"]
    assert again.end() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets another process's limits")
def test_a_full_disk_costs_nothing_and_there_is_room_again(run: Start, tmp_path: Path) -> None:
    running = run("--no-proxy", "--store", str(tmp_path / "store.sqlite3"))
    pid, most = running.process.pid, resource.RLIM_INFINITY
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (300_000, most))
    statuses = [send(running, f"u-{number}", size=20_000) for number in range(40)]
    assert statuses[0] == 200
    assert statuses[-1] == 500
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))
    assert send(running, "after", size=20_000) == 200
    kept = statuses.count(200) + 1
    until(lambda: get(f"{running.home}/_/health")[1]["deliveries"] == {"delivered": kept})
    assert get(f"{running.home}/_/health")[1]["totals"]["calls"] == kept
    assert running.end() == 5, "some requests were refused"
    said = running.err.read_text()
    assert f"It can be written again; {statuses.count(500)} requests got the answer 500." in said
    assert "Traceback" not in said


@pytest.mark.parametrize("options", [(), ("--loopback-http",)])
def test_a_burst_is_delivered_to_the_last_call(options: tuple[str, ...], tmp_path: Path) -> None:
    line = [*RUN, "--no-proxy", *options, "--", sys.executable, "-c", BURST, "20000"]
    done = subprocess.run(line, env=env_for(tmp_path), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert "20000 calls: 20000 arrive whole" in done.stderr
    assert "came straight" not in done.stderr

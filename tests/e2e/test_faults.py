"""Faults in real processes: through the proxy, at the home port, at the loopback Pendo alone."""

import http.client
import json
import re
import ssl
import subprocess
import sys
import urllib.request
from typing import Any

import pytest
from processes import HEEDING, Running, Start, end_all, env_for, get, until

BODY = json.dumps({"batch": [{"type": "identify", "userId": "u1"}]}).encode()


def sent(running: Running, seconds: float = 20) -> tuple[int, bytes]:
    """Send a batch to Segment through the proxy; the status, and as much of the body as came."""
    context = ssl.create_default_context(cafile=running.doors["ca"])
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({"https": running.doors["proxy"]}),
        urllib.request.HTTPSHandler(context=context),
    )
    try:
        with opener.open("https://api.segment.io/v1/batch", BODY, seconds) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["Retry-After"].encode()


def listed(running: Running) -> Any:
    return get(f"{running.home}/_/faults")[1]["faults"]


def test_an_sdk_behind_the_proxy_meets_each_fault(run: Start) -> None:
    faults = (
        "status=429,retry_after=7",
        "cut,status=200",
        "reset",
        "hang",
        "status=none,delay=0.1",
        "on=pendo",
    )
    running = run(*[part for fault in faults for part in ("--fault", fault)])
    assert sent(running) == (429, b"7")
    with pytest.raises(http.client.IncompleteRead) as cut:
        sent(running)
    assert cut.value.expected
    with pytest.raises(
        (ConnectionError, http.client.RemoteDisconnected, urllib.error.URLError, ssl.SSLError)
    ):
        sent(running)
    with pytest.raises(TimeoutError):
        sent(running, seconds=1)
    assert sent(running) == (200, b'{"success": true}')
    _, page = get(f"{running.home}/_/wait?timeout=10")
    assert [row["delivery"] for row in page["calls"]] == [
        {"state": "delivered", "status": 200, "attempts": 2}
    ]
    assert [(fault["met"], fault["over"]) for fault in listed(running)] == [(1, True)] * len(faults)
    assert running.end() == 0
    told = running.err.read_text()
    assert "Fault  on=segment,status=429,retry_after=7\n" in told
    for end in ("answered 429", "answered 200, its body cut", "reset", "not answered", "held back for 0.1 s"):
        assert f"POST /v1/batch {end}, as a fault asked" in told
    assert "a webhook answered 503, as a fault asked; Pendo did not take it" in told
    assert "No request came for" not in told


def test_a_run_with_a_request_that_hangs_ends_at_once(run: Start) -> None:
    running = run("--no-proxy", "--fault", "hang", "--fault", "on=pendo,match.user=nobody")
    connection = http.client.HTTPConnection(running.home.removeprefix("http://"), timeout=20)
    connection.request("POST", "/v1/batch", BODY)
    until(lambda: listed(running)[0]["met"])
    assert running.end() == 0
    with pytest.raises(ConnectionError):
        connection.getresponse()
    assert "No request came for the fault on=pendo,status=503,match.user=nobody." in running.err.read_text()


def test_a_webhook_that_pendo_kept_without_saying_so_did_not_come_from_elsewhere(run: Start) -> None:
    running = run("--fault", "on=pendo,keep")
    assert sent(running) == (200, b'{"success": true}')
    assert get(f"{running.home}/_/wait?timeout=10")[1]["calls"][0]["delivery"]["attempts"] == 2
    assert get(f"{running.home}/api/v1/visitor/u1")[0] == 200
    assert running.end() == 0
    assert "straight" not in running.err.read_text()


def test_the_seed_of_a_run_repeats_it(run: Start) -> None:
    def statuses(*options: str) -> tuple[list[int], str]:
        running = run("--no-proxy", "--fault", "probability=0.5,status=500", *options)
        seen = []
        for _ in range(30):
            request = urllib.request.Request(f"{running.home}/v1/batch", BODY)
            try:
                seen.append(urllib.request.urlopen(request).status)
            except urllib.error.HTTPError as error:
                seen.append(error.code)
        running.end()
        (seed,) = re.findall(r"--seed (\d+)\.", running.err.read_text())
        return seen, seed

    first, seed = statuses()
    assert set(first) == {200, 500}
    assert statuses("--seed", seed) == (first, seed)


def test_the_loopback_pendo_alone(tmp_path: Any) -> None:
    command = [
        *HEEDING,
        sys.executable,
        "-m",
        "segment_pendo",
        "pendo",
        "--port",
        "0",
        "--fault",
        "status=503,times=2",
    ]
    process = subprocess.Popen(command, env=env_for(tmp_path), stdout=-1, stderr=-1, text=True)
    assert process.stderr
    assert process.stdout
    try:
        url = process.stderr.readline().split()[1].removesuffix("/data/segmentio/KEY")
        assert process.stderr.readline() == "Fault  on=pendo,status=503,times=2\n"
        for status in (503, 503, 400):
            assert get(f"{url}/data/segmentio/secret", "POST")[0] == status
        assert (
            process.stdout.readline() == "a webhook answered 503, as a fault asked; Pendo did not take it\n"
        )
        _, answer = get(f"{url}/_/faults")
        assert (answer["faults"][0]["met"], answer["faults"][0]["over"]) == (2, True)
    finally:
        end_all([process])  # type: ignore[list-item]
        process.communicate()

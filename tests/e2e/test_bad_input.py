"""Whatever comes in at a live door: an answer as Segment's, no traceback, bounded memory, and the next
request served.
"""

import gzip
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import Running, end_all, get, until

from segment_pendo.base.js_json import MAX_DEPTH

DOORS = ["home", "tls", "proxy"]
DEEPEST = MAX_DEPTH - 3  # below the batch, its list and the call
BATCH = b'{"batch":[{"type":"identify","userId":"u","traits":%s}]}'
BODIES: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "truncated gzip": (gzip.compress(BATCH % b"{}")[:-10], 400),
    "gzip bomb": (gzip.compress(b" " * 200_000_000, 9), 400),
    "9 MB": (BATCH % (b'{"x":"' + b"y" * 9_000_000 + b'"}'), 400),
    "11 MB": (b"[" + b"0," * 5_500_000 + b"0]", 400),
    "deep": (b"[" * 200_000 + b"]" * 200_000, 400),
    "deep inside": (BATCH % (b'{"a":' * DEEPEST + b"1" + b"}" * DEEPEST), 200),
    "too deep inside": (BATCH % (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1)), 400),
    "duplicate keys": (BATCH % b'{"a":1,"a":2}', 200),
    "lone surrogates": (BATCH % rb'{"\ud83d":"\udfff"}', 200),
    "NaN": (BATCH % b'{"a":NaN}', 400),
    "huge numbers": (BATCH % (b'{"a":1e400,"b":' + b"9" * 5000 + b"}"), 200),
    "wrong types": (
        b'{"batch":[1,null,[],{"type":[],"userId":{}},{"type":"group","userId":true,"traits":5}]}',
        200,
    ),
    "binary": (bytes(range(256)) * 100, 400),
    "no batch": (b'{"batch":{"a":1}}', 400),
}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("run")
    sinks = ("--record", str(folder / "calls.jsonl"), "--redact", "people", "--store", str(folder / "s.db"))
    one = Running(folder, "--tls-port", "0", *sinks, SEGMENT_PENDO_REDACT_KEY="a key of ours")
    yield one
    end_all([one.process])


def connection(running: Running, door: str) -> http.client.HTTPConnection:
    host, _, port = running.doors[door].rpartition("/")[2].rpartition(":")
    if door == "home":
        return http.client.HTTPConnection(host, int(port), timeout=30)
    made = http.client.HTTPSConnection(
        host, int(port), timeout=30, context=ssl.create_default_context(cafile=running.doors["ca"])
    )
    if door == "proxy":
        made.set_tunnel("api.segment.io", 443)
    return made


def posted(running: Running, door: str, body: bytes, path: str = "/v1/batch") -> tuple[int, bytes]:
    client = connection(running, door)
    try:
        client.request("POST", path, body, {"Content-Type": "application/json"})
        answer = client.getresponse()
        return answer.status, answer.read()
    finally:
        client.close()


def is_well(running: Running, door: str = "home") -> None:
    """The next request is served, and nothing fell over."""
    assert posted(running, door, BATCH % b"{}") == (200, b'{"success": true}')
    assert running.process.poll() is None
    assert "Traceback" not in running.err.read_text()


def memory(running: Running) -> int:
    """The resident megabytes of the process."""
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("door", DOORS)
def test_an_answer_as_segments(running: Running, door: str, name: str) -> None:
    body, status = BODIES[name]
    before = memory(running)
    got, text = posted(running, door, body)
    assert got == status
    assert json.loads(text)["success"] is (status == 200)
    is_well(running, door)
    assert memory(running) - before < 150


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=300), st.sampled_from(["raw", "body", "gzip", "path", "header", "chunked"]))
def test_any_bytes(running: Running, data: bytes, where: str) -> None:
    parts = {
        "raw": data,
        "body": b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(data), data),
        "gzip": b"POST /v1/i HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s"
        % (len(data), data),
        "path": b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % data,
        "header": b"POST /v1/g HTTP/1.1\r\nHost: x\r\nX: %s\r\nContent-Length: 2\r\n\r\n{}" % data,
        "chunked": b"POST /v1/t HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%s" % data,
    }
    host, _, port = running.home.rpartition("/")[2].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(parts[where])
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass
    is_well(running)


def test_a_thousand_connections_and_half_open_ones(running: Running) -> None:
    host, _, port = running.home.rpartition("/")[2].rpartition(":")
    open_ones = [socket.create_connection((host, int(port)), timeout=10) for _ in range(400)]
    for one in open_ones:
        one.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    for _ in range(600):
        socket.create_connection((host, int(port)), timeout=10).close()
    is_well(running)
    for one in open_ones:
        one.close()
    is_well(running)


def test_a_slow_body_holds_nobody_up(running: Running) -> None:
    host, _, port = running.home.rpartition("/")[2].rpartition(":")
    body = BATCH % b'{"slow":true}'
    with socket.create_connection((host, int(port)), timeout=10) as slow:
        slow.sendall(b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        for byte in body[:20]:
            slow.sendall(bytes([byte]))
            time.sleep(0.01)
        is_well(running)
        slow.sendall(body[20:])
        assert slow.recv(12) == b"HTTP/1.1 200"


def test_after_all_this_it_still_ends_well(running: Running) -> None:
    until(lambda: "waiting" not in get(f"{running.home}/_/health")[1]["deliveries"])
    assert running.end() == 0
    assert "Traceback" not in running.err.read_text() + running.out.read_text()

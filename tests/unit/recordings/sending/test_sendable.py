"""What is sent again: nothing but an SDK's requests, and to no host but the one that was named."""

import json
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from aiohttp import web
from background import background
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from segment_pendo.base.urls import joined
from segment_pendo.cli import main
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import format as recording
from segment_pendo.segment import ingest
from segment_pendo.words import SdkRequest

HEADER = recording.header_line(Setup(), {"redacted": "keys"})
CALL: dict[str, Any] = {
    "call": {"type": "identify", "userId": "u1", "traits": {"ssn": "secret"}},
    "receivedAt": "2024-05-09T10:00:00.000Z",
    "messageId": "api-1",
    "outcome": "webhook",
    "code": None,
    "body": "{}",
    "findings": [],
}
GOOD = {"method": "POST", "path": "/v1/batch", "query": "", "headers": [], "envelope": {}}


def recorded(file: Path, header: bytes = HEADER, **request: Any) -> Path:
    lines = [{"request": GOOD | request, "refused": None}, CALL]
    file.write_bytes(header + b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    return file


def invoke(*words: Any) -> Result:
    return CliRunner().invoke(main, list(map(str, words)), env={"SEGMENT_PENDO_URL": ""})


class Dialled:
    """The ports of this machine and the other hosts to which sockets were connected, by an audit hook."""

    watching = False
    seen: ClassVar[set[tuple[str, int]]] = set()

    @classmethod
    def hear(cls, event: str, arguments: tuple[Any, ...]) -> None:
        if cls.watching and event == "socket.connect" and isinstance(arguments[1], tuple):
            cls.seen.add(arguments[1][:2])


sys.addaudithook(Dialled.hear)


@contextmanager
def dialled() -> Iterator[set[tuple[str, int]]]:
    Dialled.seen, Dialled.watching = set(), True
    try:
        yield Dialled.seen
    finally:
        Dialled.watching = False


class Door:
    """A server that keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.raw_path, dict(request.headers)))
        return web.json_response({"success": True})


@pytest.fixture(scope="module")
def door() -> Iterator[tuple[str, Door]]:
    door = Door()
    with background([web.route("*", "/{path:.*}", door.take)]) as url:
        yield url, door


HOSTILE = [
    {"path": "@127.0.0.1:{port}/v1/batch"},
    {"path": ":x@127.0.0.1:{port}/v1/batch"},
    {"path": "\\@127.0.0.1:{port}/v1/batch"},
    {"path": "http://127.0.0.1:{port}/v1/batch"},
    {"path": ".example/v1/batch"},
    {"path": "/_/calls", "method": "DELETE", "headers": [["X-Segment-Pendo", "1"]]},
    {"path": "/_/calls", "method": "DELETE"},
    {"path": "/data/segmentio/KEY"},
    {"method": "PUT"},
    {"method": "POST /_/x HTTP/1.1\r\nHost: x\r\n\r\n"},
    {"path": "/v1/batch HTTP/1.1\r\nX: y"},
    {"query": "a\r\nHost: evil"},
    {"headers": [["Host", "127.0.0.1:{port}"]]},
    {"headers": [["Transfer-Encoding", "chunked"]]},
    {"headers": [["X-Segment-Pendo", "1"]]},
    {"headers": [["User-Agent", "x\r\nHost: y"]]},
    {"headers": [["Content-Length", "5"]]},
    {"headers": [["Cookie", "a=b"]]},
]


@pytest.mark.parametrize("request_line", HOSTILE, ids=str)
def test_anything_else_is_an_error_with_its_line_and_nothing_is_sent(
    tmp_path: Path, door: tuple[str, Door], request_line: dict[str, Any]
) -> None:
    url, at_door = door
    with socket.create_server(("127.0.0.1", 0)) as elsewhere:
        text = json.dumps(request_line).replace("{port}", str(elsewhere.getsockname()[1]))
        file = recorded(tmp_path / "r.jsonl", **json.loads(text))
        before = len(at_door.asked)
        for options in ([], ["--dry-run"]):
            with dialled() as hosts:
                done = invoke("replay", file, "--at", url, *options)
            assert (done.exit_code, hosts) == (3, set()), done.output
            assert f"{file}:2: " in done.output
            assert "Traceback" not in done.output
        assert len(at_door.asked) == before
        for style in ("curl", "har"):
            done = invoke("recording", "export", file, "--as", style)
            assert (done.exit_code, done.stdout) == (3, "")


def test_a_token_of_oauth_is_neither_sent_again_nor_exported(tmp_path: Path, door: tuple[str, Door]) -> None:
    url, at_door = door
    at_door.asked.clear()
    headers = [["User-Agent", "x/1"], ["authorization", "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"]]
    file = recorded(tmp_path / "r.jsonl", headers=headers)
    assert invoke("replay", file, "--at", url).exit_code == 0
    ((_, _, sent),) = at_door.asked
    assert "Authorization" not in {name.title() for name in sent}
    for style in ("curl", "har", "pytest"):
        done = invoke("recording", "export", file, "--as", style)
        assert (done.exit_code, "eyJ" in done.stdout) == (0, False), done.output


def test_headers_of_webhooks_that_segment_does_not_send_are_an_error(
    tmp_path: Path, door: tuple[str, Door]
) -> None:
    url, at_door = door
    before = len(at_door.asked)
    for name in ("Host", "Transfer-Encoding", "X-Segment-Pendo", "Authorization"):
        header = json.loads(HEADER)
        header["headers"][name] = "x"
        file = recorded(tmp_path / "r.jsonl", header=json.dumps(header).encode() + b"\n")
        done = invoke("replay", file, "--to", url)
        assert (done.exit_code, f"{file}:1: " in done.output) == (3, True), done.output
    assert len(at_door.asked) == before


PIECES = r"/ // @ : \ ? # .. 127.0.0.1:9 x.test v1 /v1/batch http:// %2e é _ calls".split()  # noqa: SIM905
TEXTS = st.lists(st.sampled_from([*PIECES, "\r\n", " ", "\t", "\ud800"]), max_size=6).map("".join)
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(["POST", "GET", "DELETE", "OPTIONS", "CONNECT", "post", "PO ST"]),
        "path": TEXTS | TEXTS.map("/{}/v1/batch".format) | TEXTS.map("{}/v1/batch".format),
        "query": TEXTS,
        "headers": st.lists(
            st.tuples(
                st.sampled_from(
                    ["User-Agent", "Content-Type", "Host", "Connection", "Upgrade", "Authorization"]
                ),
                TEXTS,
            ),
            max_size=2,
        ),
    },
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(request_line=REQUESTS)
def test_no_host_but_the_named_one_is_dialled(door: tuple[str, Door], request_line: dict[str, Any]) -> None:
    url, at_door = door
    at_door.asked.clear()
    with TemporaryDirectory() as folder, dialled() as hosts:
        done = invoke("replay", recorded(Path(folder, "r.jsonl"), **request_line), "--at", url)
    port = urlsplit(url).port
    assert hosts <= {("127.0.0.1", port)}
    assert done.exit_code in {0, 3, 5}, done.output
    assert "Traceback" not in done.output
    assert (done.exit_code == 3) == (not at_door.asked)
    for method, path, headers in at_door.asked:
        asked = SdkRequest(method, path.partition("?")[0])
        assert ingest.route(asked) is not None
        assert headers["Host"] == f"127.0.0.1:{port}"
        known = {
            "host",
            "content-length",
            "user-agent",
            "content-type",
            "x-retry-count",
            "authorization",
            "accept",
        }
        assert {name.lower() for name in headers} <= known


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target=TEXTS, method=st.sampled_from(["POST", "DELETE", "GET"]))
@example(target="?\ud800", method="POST")
def test_nor_by_what_an_archive_brought(door: tuple[str, Door], target: str, method: str) -> None:
    url, at_door = door
    at_door.asked.clear()
    asked = {
        "method": method,
        "url": f"https://api.segment.io{target}",
        "headers": [{"name": "Host", "value": "x.test"}, {"name": "X-Segment-Pendo", "value": "1"}],
        "postData": {"text": json.dumps({"batch": [CALL["call"]]})},
    }
    with TemporaryDirectory() as folder:
        archive, file = Path(folder, "a.har"), Path(folder, "r.jsonl")
        archive.write_text(
            json.dumps({"log": {"entries": [{"request": asked, "response": {"status": 200}}]}})
        )
        imported = invoke("recording", "import", archive, "-o", file)
        assert (imported.exit_code in {0, 1, 3}, "Traceback" in imported.output) == (True, False), (
            imported.output
        )
        if imported.exit_code != 3:
            with dialled() as hosts:
                done = invoke("replay", file, "--at", url)
            assert hosts <= {("127.0.0.1", urlsplit(url).port)}
            assert done.exit_code in {0, 1, 3, 5}, done.output
    assert all(method in {"POST", "GET"} for method, _, _ in at_door.asked)


@given(path=TEXTS | st.text(), query=TEXTS | st.text())
def test_a_url_keeps_its_host_whatever_is_put_below_it(path: str, query: str) -> None:
    for base in ("http://127.0.0.1:4170", "http://127.0.0.1:4170/", "https://[::1]:4170/a/b/"):
        url = joined(base, path, query)
        was, now = urlsplit(base), urlsplit(url)
        assert (now.scheme, now.netloc, now.fragment) == (was.scheme, was.netloc, "")
        assert now.path.startswith(was.path.rstrip("/") + "/")
        assert url.isascii()
        assert not set(url) & set(" \r\n\t\\")


def test_what_sdks_send_is_sent_as_it_was() -> None:
    for path, query in [("/v1/batch", ""), ("/v1/p", "a=b&c=%20"), ("/v1/projects/k%2Fx/settings", "x=1+2")]:
        end = f"?{query}" if query else ""
        assert joined("http://h:1", path, query) == f"http://h:1{path}{end}"
    assert joined("http://h:1/a/", "//v1/batch") == "http://h:1/a/v1/batch"

"""What the second addon notes of clients that do not come."""

import pytest
from mitmproxy import tls
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layer import NextLayer
from mitmproxy.test import taddons, tflow, tutils

from segment_pendo.serve.launching.misses import Misses
from segment_pendo_addons.watch import Watch

UNKNOWN_CA = "The client does not trust the proxy's certificate for api.segment.io (tlsv1 alert unknown ca)"


class Seen:
    """A client's connection through the proxy to a host, step by step."""

    def __init__(self, host: str = "api.segment.io", agent: str = "okhttp/4") -> None:
        self.misses = Misses()
        self.watch = Watch(self.misses, {"api.segment.io"})
        flow = tflow.tflow(req=tutils.treq(method=b"CONNECT", host=host, port=443))
        flow.request.headers["User-Agent"] = agent
        self.client = flow.client_conn
        self.watch.http_connect(flow)
        with taddons.context() as opened:
            self.context = Context(self.client, opened.options)

    def tls(self, error: str | None = None) -> None:
        self.client.error = error
        data = tls.TlsData(self.client, self.context)
        (self.watch.tls_failed_client if error else self.watch.tls_established_client)(data)

    def left(self) -> Misses:
        self.watch.client_disconnected(self.client)
        return self.misses


@pytest.mark.parametrize(
    ("error", "distrusting", "silent"),
    [
        (UNKNOWN_CA, 1, 0),
        ("The client may not trust the proxy's certificate for x (unexpected eof)", 0, 1),
        ("The client disconnected during the handshake. If this happens", 0, 1),
        ("Cannot parse ClientHello", 0, 0),
    ],
)
def test_a_failed_handshake(error: str, distrusting: int, silent: int) -> None:
    seen = Seen()
    seen.tls(error)
    misses = seen.left()
    assert (misses.distrusting["okhttp/4"], misses.silent["okhttp/4"]) == (distrusting, silent)


def test_a_client_that_refuses_the_certificate_is_told_once() -> None:
    seen, told = Seen(), list[tuple[str, str]]()
    seen.watch = Watch(Misses(lambda *refused: told.append(refused)), {"api.segment.io"})
    for _ in range(2):
        flow = tflow.tflow(req=tutils.treq(method=b"CONNECT", host="api.segment.io", port=443))
        flow.client_conn = seen.client
        seen.watch.http_connect(flow)
        seen.tls(UNKNOWN_CA)
    assert told == [("a client", "api.segment.io")]


def test_tls_without_a_request_is_silent_but_not_a_browsers() -> None:
    for agent, count in (("okhttp/4", 1), ("Mozilla/5.0 Chrome", 0)):
        seen = Seen(agent=agent)
        seen.tls()
        assert seen.left().silent[agent] == count


def test_a_client_without_a_name_is_somebody() -> None:
    seen = Seen(agent="")
    seen.tls()
    assert seen.left().silent == {"a client": 1}


@pytest.mark.parametrize(("data", "count"), [(b"POST /v1/batch", 0), (b"", 1)])
def test_the_first_bytes_of_a_request_are_enough(
    data: bytes, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Seen()
    seen.tls()
    seen.client.timestamp_tls_setup = 1.0
    asked = NextLayer(seen.context)
    monkeypatch.setattr(asked, "data_client", lambda: data)
    seen.watch.next_layer(asked)
    assert seen.left().silent["okhttp/4"] == count


def test_other_hosts_are_counted_but_not_what_is_said_there() -> None:
    seen = Seen("segment.example.com")
    seen.tls(UNKNOWN_CA)
    misses = seen.left()
    assert misses.tunnelled == {"segment.example.com": 1}
    assert not misses.distrusting
    assert not Seen("127.0.0.1").left().tunnelled


@pytest.mark.parametrize(
    ("host", "path", "posted"),
    [
        ("calls.example.com", "/v1/batch", 1),
        ("calls.example.com", "/x", 0),
        ("api.segment.io", "/v1/batch", 0),
    ],
)
def test_plain_http_that_looks_like_a_call(host: str, path: str, posted: int) -> None:
    seen = Seen()
    flow = tflow.tflow(req=tutils.treq(host=host, scheme=b"http", method=b"POST", path=path.encode()))
    flow.request.headers["Host"] = host
    seen.watch.requestheaders(flow)
    assert seen.misses.posted[host] == posted

"""The home port, spoken to over HTTP inside one event loop."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from segment_pendo.base.steps import Prepared, Steps, finished
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.home import Home
from segment_pendo.serve.listener import Listener, ListenerError
from segment_pendo.serve.loopback_pendo import Answers, CallNames, LoopbackPendo
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.words import Attempt, CallRef, Receipt
from segment_pendo_addons.proxy import server_context

type Talk = Callable[[aiohttp.ClientSession, Home, Store], Awaitable[None]]


def talk(what: Talk, **how: Any) -> None:
    """Open a home port, talk to it, close it."""

    async def main() -> None:
        store = Store(None, setup=Setup())
        home = Home(Relay([store], setup=Setup(), writer=store.database), store, **how)
        await home.start(0)
        try:
            async with aiohttp.ClientSession(base_url=home.url) as client:
                await what(client, home, store)
        finally:
            await home.stop()
            store.close()

    asyncio.run(main())


async def identify(client: aiohttp.ClientSession, user: str = "u-1", **headers: str) -> tuple[int, str]:
    body = json.dumps({"batch": [{"type": "identify", "userId": user, "traits": {"a": 1}}]})
    async with client.post("/v1/batch", data=body, headers=headers) as answer:
        return answer.status, await answer.text()


async def status(
    client: aiohttp.ClientSession, method: str, path: str | URL, body: bytes | BytesIO = b"", **headers: str
) -> int:
    async with client.request(method, path, data=body, headers=headers) as answer:
        await answer.read()
        return answer.status


async def fetch(client: aiohttp.ClientSession, path: str) -> tuple[int, Any]:
    async with client.get(path) as answer:
        return answer.status, await answer.json(content_type=None)


def test_calls_are_taken_listed_and_filtered() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        assert await identify(client) == (200, '{"success": true}')
        assert await identify(client, "u-2") == (200, '{"success": true}')
        assert await status(client, "POST", "/v1/page", b'{"userId":"u-1"}') == 200
        _, everything = await fetch(client, "/_/calls")
        assert [row["user"] for row in everything["calls"]] == ["u-1", "u-2", "u-1"]
        assert [row["outcome"] for row in everything["calls"]] == ["webhook", "webhook", "skipped"]
        for query, users in [
            ("user=u-2", ["u-2"]),
            ("type=page", ["u-1"]),
            ("outcome=webhook", ["u-1", "u-2"]),
            ("code=NO_MATCHING_MAPPING", ["u-1"]),
            ("user=u-3", []),
            ("limit=1", ["u-1"]),
            (f"after={everything['next']}", []),
        ]:
            _, page = await fetch(client, f"/_/calls?{query}")
            assert [row["user"] for row in page["calls"]] == users, query
        _, first = await fetch(client, "/_/calls?limit=1")
        _, second = await fetch(client, f"/_/calls?limit=1&after={first['next']}")
        assert [row["user"] for row in second["calls"]] == ["u-2"]
        _, health = await fetch(client, "/_/health")
        assert (health["status"], health["totals"]) == ("ok", {"requests": 3, "refused": 0, "calls": 3})

    talk(what)


@pytest.mark.parametrize(
    "query",
    [
        "limit=x",
        "limit=-1",
        "limit=1e9",
        "after=5",
        "after=1.x",
        "after=;drop",
        "after=99999999999999999999.0",
    ],
)
def test_wrong_questions_are_told(query: str) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        code, answer = await fetch(client, f"/_/calls?{query}")
        assert code == 400
        assert answer["error"]

    talk(what)


def test_wait_answers_when_enough_calls_have_settled_and_else_408() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        waiting = asyncio.create_task(fetch(client, "/_/wait?user=u-2&timeout=10"))
        await identify(client)
        await identify(client, "u-2")
        code, page = await fetch(client, "/_/wait?timeout=0.05&count=2")
        assert code == 408
        assert [row["delivery"]["state"] for row in page["calls"]] == ["waiting", "waiting"]
        assert not waiting.done(), "its delivery has not ended"
        from datetime import UTC, datetime

        ref = page["calls"][1]["id"].rpartition(".")[0]
        store.outbox.attempted(CallRef(ref, 0), Attempt(1, datetime.now(UTC), 200, "", "delivered"))
        code, page = await waiting
        assert code == 200
        assert page["calls"][0]["delivery"] == {"state": "delivered", "status": 200, "attempts": 1}

    talk(what)


def test_the_loopback_pendo_takes_webhooks_and_tells_records() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        name = "a/b c%2Fü"
        body = json.dumps({"type": "identify", "userId": name, "traits": {"Plan": "pro"}}).encode()
        assert await status(client, "POST", "/data/segmentio/any-key", body) == 200
        from urllib.parse import quote

        from yarl import URL

        async with client.get(
            URL(f"{_home.url}/api/v1/visitor/{quote(name, safe='')}", encoded=True)
        ) as answer:
            record = await answer.json()
        assert (record["id"], record["metadata"]["segmentio"]) == (name, {"plan": "pro"})
        assert await status(client, "GET", "/api/v1/visitor/nobody") == 404
        assert await status(client, "GET", "/api/v1/account/nobody") == 404
        assert await status(client, "GET", "/data/segmentio/k") == 405
        for bad in (b"", b"5", b'"x"', b"{", b"\xff" * 10, b"[" * 200_000):
            assert await status(client, "POST", "/data/segmentio/k", bad) == 400
        assert await status(client, "POST", "/data/segmentio/k", BytesIO(b" " * 1_100_000)) == 413

    talk(what)


@pytest.mark.parametrize("path", ["/", "/_/calls", "/_/health", "/data/segmentio/k", "/api/v1/visitor/u"])
def test_a_foreign_host_name_is_refused_where_it_is_ours(path: str) -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        port = home.url.rpartition(":")[2]
        for host in (
            f"rebind.example:{port}",
            "127.0.0.1.evil.example",
            "",
            "10.0.0.1",
            "[::1].evil.example",
            "[localhost]evil.example",
        ):
            assert await status(client, "GET", path, Host=host) == 403, host
        for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
            assert await status(client, "GET", path, Host=host) != 403, host
        assert (await identify(client, Host="api.segment.io"))[0] == 200, "ingest takes any Host"

    talk(what)


def test_other_pages_may_not_read_or_change() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, store: Store) -> None:
        await identify(client)
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1", "http://["):
            assert await status(client, "GET", "/_/calls", Origin=origin) == 403
        assert await status(client, "GET", "/_/calls", Origin=home.url) == 200
        assert await status(client, "OPTIONS", "/_/calls", Origin=home.url) == 403
        assert await status(client, "DELETE", "/_/calls") == 403
        assert store.calls.totals()["calls"] == 1
        assert await status(client, "DELETE", "/_/calls", b"", **{"X-Segment-Pendo": "1"}) == 200
        assert store.calls.totals()["calls"] == 0
        async with client.get("/_/calls") as answer:
            assert not [name for name in answer.headers if name.lower().startswith("access-control")]

    talk(what)


OURS = [
    "/",
    "/_/page/page.js",
    "/_/calls",
    "/_/wait?timeout=0",
    "/_/health",
    "/data/segmentio/k",
    "/api/v1/visitor/u",
]


@pytest.mark.parametrize("path", OURS)
def test_nothing_of_ours_answers_what_another_page_causes(path: str) -> None:
    async def what(client: aiohttp.ClientSession, home: Home, store: Store) -> None:
        method = "POST" if path.startswith("/data") else "GET"
        body = b'{"type": "identify", "userId": "u", "traits": {}}' if method == "POST" else b""
        for site in ("cross-site", "same-site"):
            assert await status(client, method, path, body, **{"Sec-Fetch-Site": site}) == 403
        for origin in ("https://evil.example", "null"):
            assert await status(client, method, path, body, Origin=origin) == 403
        link = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Dest": "document"}
        assert await status(client, method, path, body, **link) == (200 if path == "/" else 403)
        link["Sec-Fetch-Site"] = "cross-site"
        assert await status(client, method, path, body, **link) == 403
        assert home.loopback_pendo.pendo.visitor("u") is None
        for own in ({"Sec-Fetch-Site": "same-origin", "Origin": home.url}, {"Sec-Fetch-Site": "none"}, {}):
            assert await status(client, method, path, body, **own) != 403

    talk(what)


@pytest.mark.parametrize("path", OURS)
def test_what_is_ours_can_be_neither_framed_nor_embedded_nor_guessed(path: str) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
            async with client.get(path, headers=headers) as answer:
                assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
                assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
        async with client.post("/v1/identify", data=b'{"userId": "u"}') as answer:
            assert "Cross-Origin-Resource-Policy" not in answer.headers, "a page's SDK reads this one"

    talk(what)


@pytest.mark.parametrize(
    "path", ["/_/", "/_/nothing", "/_/v1/batch", "//_/v1/batch", "/_/calls/x", "/%5F/v1/i"]
)
def test_what_our_api_does_not_have_is_no_call(path: str) -> None:
    async def what(client: aiohttp.ClientSession, home: Home, store: Store) -> None:
        for method in ("POST", "GET"):
            assert (
                await status(
                    client,
                    method,
                    URL(home.url + path, encoded=True),
                    b'{"batch": [{"type": "identify", "userId": "u"}]}',
                )
                == 404
            )
        assert store.calls.totals()["calls"] == 0

    talk(what)


def test_with_a_real_destination_only_known_origins_may_send() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        for origin, code in [
            ("https://evil.example", 403),
            ("null", 403),
            ("http://localhost:3000", 200),
            ("https://app.example", 200),
        ]:
            assert (await identify(client, Origin=origin))[0] == code, origin
        assert (await identify(client))[0] == 200
        assert store.calls.totals()["calls"] == 3

    talk(what, gate=Gate(is_open=False, origins=["https://app.example"]))


def test_cors_for_a_browser_on_another_port() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        asked = {
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Headers": "authorization,content-type",
        }
        async with client.options("/v1/i", headers=asked) as answer:
            assert answer.status == 200
            assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
            assert answer.headers["Access-Control-Allow-Headers"] == "authorization,content-type"

    talk(what)


def test_a_sink_that_fails_is_a_500_and_the_next_request_is_served(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Full:
        failing = True

        def take(self, receipt: Receipt) -> None:
            finished(self.prepared(receipt)).keep()

        def prepared(self, _receipt: Receipt) -> Steps[Prepared]:
            yield None

            def keep() -> None:
                if self.failing:
                    raise OSError(28, "No space left on device", "calls.jsonl")

            return Prepared(keep, lambda: None)

    async def main() -> None:
        sink = Full()
        store = Store(None, setup=Setup())
        home = Home(Relay([sink], setup=Setup()), store)
        await home.start(0)
        async with aiohttp.ClientSession(base_url=home.url) as client:
            code, text = await identify(client)
            assert code == 500
            assert json.loads(text) == {
                "success": False,
                "error": (why := "it could not be kept: No space left on device: calls.jsonl"),
                "error_description": why,
            }
            sink.failing = False
            assert (await identify(client))[0] == 200
        await home.stop()
        store.close()

    asyncio.run(main())
    assert capsys.readouterr().err == ""


def test_junk_on_the_wire_is_survived(capsys: pytest.CaptureFixture[str]) -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        port = int(home.url.rpartition(":")[2])
        for junk in (
            b"\x16\x03\x01\x02\x00",
            b"GET\r\n\r\n",
            b"POST /v1/batch HTTP/1.1\r\nContent-Length: x\r\n\r\n",
            b"\x00" * 100,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(junk)
            writer.write_eof()
            await reader.read()
            writer.close()
        assert (await identify(client))[0] == 200

    talk(what)
    assert "Traceback" not in capsys.readouterr().err


def test_the_page_is_served_and_allows_only_itself() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        async with client.get("/") as answer:
            assert "<title>segment-pendo</title>" in await answer.text()
            assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
        for path in ("/_/page/page.js", "/_/page/page.css"):
            assert await status(client, "GET", path) == 200

    talk(what)


def test_a_busy_port_is_told() -> None:
    async def what(_client: aiohttp.ClientSession, home: Home, store: Store) -> None:
        port = int(home.url.rpartition(":")[2])
        with pytest.raises(ListenerError, match=f"port {port} .* Address already in use"):
            await Home(Relay([store], setup=Setup()), store).start(port)

    talk(what)


def test_while_ending_sdks_are_told_to_come_again() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        await home.refuse_calls()
        assert (await identify(client))[0] == 503

    talk(what)


def test_the_loopback_pendo_names_the_call_that_set_a_field() -> None:
    async def main() -> None:
        store = Store(None, setup=Setup())
        names = CallNames()
        home = Home(
            Relay([store, names], setup=Setup()), store, LoopbackPendo(answers=Answers(name_of=names))
        )
        await home.start(0)
        try:
            async with aiohttp.ClientSession(base_url=home.url) as client:
                assert (await identify(client))[0] == 200
                (row,) = (await fetch(client, "/_/calls"))[1]["calls"]
                assert await status(client, "POST", "/data/segmentio/k", row["body"].encode()) == 200
                _, record = await fetch(client, "/_/state?visitor=u-1")
                assert [one["call"] for one in record["history"]["fields"]["a"]] == [row["id"]]
                _, told = await fetch(client, f"/_/explain?call={row['id']}")
                assert told["fate"].startswith("identify u-1: delivered as visitor u-1; ")
                assert "device" not in told
                assert "device" in (await fetch(client, f"/_/explain?call={row['id']}&device=1"))[1]
                assert (await fetch(client, "/_/explain?call=nothing.0"))[0] == 404
        finally:
            await home.stop()
            store.close()

    asyncio.run(main())


@pytest.mark.parametrize("sent", [b"", b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: "], ids=["nothing", "half"])
def test_a_connection_that_asks_nothing_is_cut_and_one_that_asked_is_kept(sent: bytes) -> None:
    async def main() -> None:
        async def answer(_request: web.Request) -> web.Response:
            return web.Response(text="here")

        listener = Listener([web.get("/", answer)], patience=0.05)
        await listener.start(0)
        port = int(listener.url.rpartition(":")[2])
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        for _, writer in slow:
            writer.write(sent)
        reader, asked = await asyncio.open_connection("127.0.0.1", port)
        request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        asked.write(request)
        assert (await reader.readuntil(b"here")).startswith(b"HTTP/1.1 200")
        for silent, writer in slow:  # ends when it is cut
            with suppress(ConnectionResetError):
                assert await asyncio.wait_for(silent.read(), 10) == b""
            writer.close()
        asked.write(request)
        assert (await asyncio.wait_for(reader.readuntil(b"here"), 10)).startswith(b"HTTP/1.1 200")
        asked.close()
        await listener.stop()

    asyncio.run(main())


# asyncio leaves the socket of such a handshake to the collector of garbage.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_handshake_that_never_comes_is_cut(tmp_path: Path) -> None:
    async def main() -> None:
        listener = Listener([], patience=0.05)
        await listener.start_tls(0, server_context(tmp_path, []))
        port = int(str(listener.tls_url).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await listener.stop()

    asyncio.run(main())

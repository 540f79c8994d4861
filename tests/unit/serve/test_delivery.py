"""Delivery to a small server in the same event loop."""

import asyncio
import hmac
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from segment_pendo.base import js_json
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment import webhooks
from segment_pendo.serve.client import client
from segment_pendo.serve.delivery import Delivery, post
from segment_pendo.words import Attempt, CallRef, Destination, Receipt, SdkRequest, Webhook

KEY = "0123abcd-0000-1111-2222-0123456789ab"
WEBHOOK = Webhook(
    b'{"type":"identify"}', (("User-Agent", "Segment (Actions)"), ("Content-Type", "application/json"))
)
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def receipt(name: str, *users: str, setup: Setup | None = None, large: str = "") -> Receipt:
    body = json.dumps(
        {"batch": [{"type": "identify", "userId": user} for user in users], "context": {"large": large}}
    ).encode()
    return assess(
        SdkRequest("POST", "/v1/batch", body=body), id=name, at=datetime.now(UTC), setup=setup or Setup()
    )


async def serve(handler: Handler) -> tuple[web.AppRunner, Destination]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    return runner, Destination(host, f"http://{host}", KEY, loopback=True)


def posted(
    handler: Handler,
    *,
    to: Destination | None = None,
    webhook: Webhook = WEBHOOK,
    kind: webhooks.Kind = webhooks.ACTIONS,
) -> Attempt:
    async def main() -> Attempt:
        runner, here = await serve(handler)
        try:
            async with client() as opened:
                return await post(opened, to or here, webhook, kind)
        finally:
            await runner.cleanup()

    return asyncio.run(main())


async def ok(_request: web.Request) -> web.StreamResponse:
    return web.Response()


def answering(status: int, **how: Any) -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, **how)

    return handler


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "delivered"), (202, "delivered"), (204, "delivered"), (400, "dead"), (429, "dead"), (503, "dead")],
)
def test_a_2xx_is_delivered_and_nothing_else(status: int, state: str) -> None:
    attempt = posted(answering(status))
    assert (attempt.status, attempt.state) == (status, state)
    assert ("answered" in attempt.detail) == (state == "dead")


@pytest.mark.parametrize(
    ("kind", "again", "given_up"),
    [
        (webhooks.ACTIONS, (408, 423, 429, 500, 502, 599), (400, 403, 404, 409, 501)),
        (webhooks.CLASSIC, (429, 500, 502, 503, 504), (408, 423, 501, 505, 599)),
    ],
)
def test_what_segment_would_try_again_is_said(
    kind: webhooks.Kind, again: tuple[int, ...], given_up: tuple[int, ...]
) -> None:
    assert [status for status in (*again, *given_up) if kind.is_retried(status)] == list(again)
    assert posted(answering(again[0]), kind=kind).detail.endswith("Segment would try again for hours")
    assert posted(answering(given_up[0]), kind=kind).detail.endswith("Segment would not try again")


def test_each_destination_waits_as_long_as_it_does_at_segment() -> None:
    waits = webhooks.ACTIONS.timeout, webhooks.CLASSIC.timeout
    assert waits == (10, 5)

    async def never(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    attempt = posted(never, kind=replace(webhooks.ACTIONS, timeout=0.1))
    assert (attempt.status, attempt.state) == (None, "dead")
    assert "within 0.1 s; Segment would try again" in attempt.detail


def test_redirects_are_not_followed() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    assert posted(handler).status == 307
    assert seen == [f"/data/segmentio/{KEY}"]


def test_the_bytes_and_headers_are_the_webhooks() -> None:
    seen: list[tuple[bytes, dict[str, str]]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append((await request.read(), dict(request.headers)))
        return web.Response(headers={"Set-Cookie": "a=b"})

    posted(handler)
    ((body, headers),) = seen
    assert body == WEBHOOK.body
    assert {name for name in headers if name not in dict(WEBHOOK.headers)} == {"Host", "Content-Length"}
    assert headers.items() >= dict(WEBHOOK.headers).items()


def test_the_classic_destination_sends_its_own_headers_and_no_others() -> None:
    seen: list[dict[str, str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(dict(request.headers))
        return web.Response()

    (judged,) = receipt("r-1", "a", setup=Setup(webhook="classic", secret="s3cret")).judged
    assert isinstance(judged.outcome, Webhook)
    posted(handler, webhook=judged.outcome, kind=webhooks.CLASSIC)
    (headers,) = seen
    assert {name: headers[name] for name in headers if name not in {"Host", "Content-Length"}} == {
        "Accept-Encoding": "identity",
        "User-Agent": "Segment.io/1.0",
        "Content-Type": "application/json",
        "X-Signature": hmac.new(b"s3cret", judged.outcome.body, "sha1").hexdigest(),
        "Connection": "close",
    }


def test_a_batch_holds_what_waits_and_order_is_kept_within_a_chain() -> None:
    seen: list[tuple[list[str], str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        events = json.loads(body)
        first = js_json.write(events[0])
        assert request.headers["X-Signature"] == hmac.new(b"s3cret", first, "sha1").hexdigest()
        seen.append(([event["userId"] for event in events], events[0]["userId"]))
        return web.Response(status=503 if len(seen) == 1 else 200)

    async def main() -> list[tuple[CallRef, int | None]]:
        runner, to = await serve(handler)
        heard: list[tuple[CallRef, int | None]] = []
        setup = Setup(secret="s3cret")
        delivery = Delivery(
            to, lambda ref, attempt: heard.append((ref, attempt.status)), setup=setup, batch=3, concurrency=1
        )
        await delivery.start()
        delivery.take(receipt("r-1", "a", "b", "a", "c", "d", setup=setup))
        assert await delivery.drain(10) == []
        assert delivery.accepted == 1
        await delivery.close()
        await runner.cleanup()
        return heard

    heard = asyncio.run(main())
    assert [users for users, _ in seen] == [["a", "a", "b"], ["c", "d"]]
    # The answer to a batch is the answer to each of its events.
    assert [(ref.index, status) for ref, status in heard] == [
        (0, 503),
        (2, 503),
        (1, 503),
        (3, 200),
        (4, 200),
    ]


def test_what_the_network_does_is_told_without_the_key() -> None:
    async def reset(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    nowhere = Destination("127.0.0.1:9", "http://127.0.0.1:9", KEY, loopback=True)
    unknown = Destination("nowhere.invalid", "https://nowhere.invalid", KEY)
    for attempt, words in [
        (posted(reset), "failed"),
        (posted(ok, to=nowhere), "Connection refused"),
        (posted(ok, to=unknown), "nowhere.invalid"),
    ]:
        assert (attempt.status, attempt.state) == (None, "dead")
        assert words in attempt.detail
        assert KEY not in attempt.detail


def test_order_is_kept_within_a_chain_while_chains_run_side_by_side() -> None:
    arrived: dict[str, list[str]] = defaultdict(list)
    live, most = 0, 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal live, most
        body = await request.json()
        live += 1
        most = max(most, live)
        # The earlier a call of a chain, the longer it takes: without chains it would be overtaken.
        await asyncio.sleep(0.02 / (1 + len(arrived[body["userId"]])))
        arrived[body["userId"]].append(body["messageId"])
        live -= 1
        return web.Response()

    async def main() -> list[CallRef]:
        runner, to = await serve(handler)
        heard: list[CallRef] = []
        delivery = Delivery(to, lambda ref, _attempt: heard.append(ref))
        await delivery.start()
        for number in range(5):
            delivery.take(receipt(f"r-{number}", "a", "b", "c", "a"))
        assert await delivery.drain(10) == []
        await delivery.close()
        await runner.cleanup()
        return heard

    heard = asyncio.run(main())
    assert len(heard) == 20
    assert most > 1
    for user, indexes in (("a", (0, 3)), ("b", (1,)), ("c", (2,))):
        mine = [(ref.receipt, ref.index) for ref in heard if ref.index in indexes]
        assert mine == sorted(mine), user
        assert len(arrived[user]) == 5 * len(indexes)


def test_a_listener_that_fails_stops_no_delivery(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_ref: CallRef, _attempt: Attempt) -> None:
        raise BrokenPipeError

    async def main() -> tuple[int, list[CallRef]]:
        runner, to = await serve(ok)
        delivery = Delivery(to, fails, concurrency=2)
        await delivery.start()
        for number in range(10):
            delivery.take(receipt(f"r-{number}", "a", "b"))
        left = await delivery.drain(10)
        await delivery.close()
        await runner.cleanup()
        return delivery.accepted, left

    assert asyncio.run(main()) == (20, [])
    assert "BrokenPipeError" in caplog.text


def test_what_is_not_delivered_in_time_is_named() -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async def main() -> list[CallRef]:
        runner, to = await serve(slow)
        delivery = Delivery(to, lambda _ref, _attempt: None)
        await delivery.start()
        delivery.take(receipt("r-1", "a", "a", "b"))
        left = await delivery.drain(0.1)
        await delivery.close()
        await runner.cleanup()
        return left

    assert sorted(asyncio.run(main()), key=lambda ref: ref.index) == [
        CallRef("r-1", index) for index in range(3)
    ]


def test_a_batch_holds_no_more_webhooks_and_bytes_than_it_may() -> None:
    seen: list[list[str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append([event["userId"] for event in await request.json()])
        return web.Response()

    async def main(*taken: Receipt, batch: int) -> None:
        runner, to = await serve(handler)
        delivery = Delivery(to, lambda _ref, _attempt: None, batch=batch, concurrency=1)
        for one in taken:
            delivery.take(one)
        await delivery.start()
        assert await delivery.drain(10) == []
        await delivery.close()
        await runner.cleanup()

    asyncio.run(main(receipt("r-1", "a", "a", "a", "b", "a", "c"), batch=2))
    assert [len(users) for users in seen] == [2, 2, 2]
    seen.clear()
    large = [receipt(f"r-{number}", user, large="x" * 400_000) for number, user in enumerate("abcc")]
    asyncio.run(main(*large, batch=100))
    assert [len(users) for users in seen] == [2, 2], "three would be more than a million bytes"
    assert sorted(user for users in seen for user in users) == ["a", "b", "c", "c"]

"""Delivery to a small server in the same event loop."""

import asyncio
import hmac
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from segment_pendo.base import js_json
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment import webhooks
from segment_pendo.segment.retries import Schedule
from segment_pendo.serve.client import Answer, client
from segment_pendo.serve.delivering.delivery import Delivery, over_http
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.store import Store
from segment_pendo.words import Attempt, CallRef, Destination, Receipt, SdkRequest, Webhook

KEY = "0123abcd-0000-1111-2222-0123456789ab"
NO_RETRIES = How(Schedule(0))
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


async def delivered(
    to: Destination,
    *receipts: Receipt,
    setup: Setup | None = None,
    how: How = NO_RETRIES,
    heard: Callable[[CallRef, Attempt], None] = lambda _ref, _attempt: None,
    seconds: float = 10,
) -> tuple[int, int]:
    """Deliver receipts through a store; return how many were accepted and how many are left."""
    setup = setup or Setup()
    with closing(Store(None, setup=setup)) as store:
        delivery = Delivery(
            to.name, lambda client: over_http(client, to, setup.kind), store, heard, setup=setup, how=how
        )
        for taken in receipts:
            store.take(taken)
            delivery.take(taken)
        await delivery.start()
        left = await delivery.drain(seconds)
        await delivery.close()
        return delivery.accepted, left


def sent(handler: Handler, *receipts: Receipt, **how: Any) -> tuple[list[tuple[CallRef, Attempt]], int]:
    """Deliver to a server of one handler; return each attempt in order, and how many are left."""
    heard: list[tuple[CallRef, Attempt]] = []

    async def main() -> int:
        runner, to = await serve(handler)
        try:
            _, left = await delivered(
                how.pop("to", to), *receipts, heard=lambda *attempt: heard.append(attempt), **how
            )
            return left
        finally:
            await runner.cleanup()

    return heard, asyncio.run(main())


def posted(handler: Handler, *, setup: Setup | None = None, **how: Any) -> Attempt:
    ((_, attempt),), _ = sent(handler, receipt("r-1", "a", setup=setup), setup=setup, **how)
    return attempt


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
    setup = Setup(webhook="classic" if kind is webhooks.CLASSIC else "actions")
    first = posted(answering(again[0]), setup=setup)
    assert first.detail.endswith("given up after 1 attempt in 0 s; Segment would try for four hours")
    assert posted(answering(given_up[0]), setup=setup).detail.endswith("Segment would not try again")


def test_each_destination_waits_as_long_as_it_does_at_segment() -> None:
    waits = webhooks.ACTIONS.timeout, webhooks.CLASSIC.timeout
    assert waits == (10, 5)

    async def never(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async def main() -> Answer:
        runner, to = await serve(never)
        async with client() as opened:
            kind = replace(webhooks.ACTIONS, timeout=0.1)
            answer = await over_http(opened, to, kind)(Webhook(b"{}", ()))
        await runner.cleanup()
        return answer

    answer = asyncio.run(main())
    assert (answer.status, answer.wrong.endswith("within 0.1 s")) == (None, True)


def test_redirects_are_not_followed() -> None:
    seen: list[str] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    assert posted(handler).status == 307
    assert seen == [f"/data/segmentio/{KEY}"]


def test_a_key_that_an_answer_repeats_is_not_kept() -> None:
    key = "key/of+Pendo"

    async def main() -> Answer:
        async def handler(request: web.Request) -> web.StreamResponse:
            where = {"Location": f"https://elsewhere{request.raw_path}", "X-Note": f"{key}!"}
            return web.Response(status=307, headers=where, body=f"no {key}, {key}".encode() + b"\xff")

        runner, to = await serve(handler)
        async with client() as opened:
            answer = await over_http(opened, replace(to, key=key))(Webhook(b"{}", ()))
        await runner.cleanup()
        return answer

    answer = asyncio.run(main())
    headers = dict(answer.headers)
    assert (headers["Location"], headers["X-Note"]) == ("https://elsewhere/data/segmentio/****", "****!")
    assert answer.body == b"no ****, ****\xff"


def test_the_bytes_and_headers_are_the_webhooks() -> None:
    seen: list[tuple[bytes, dict[str, str]]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append((await request.read(), dict(request.headers)))
        return web.Response(headers={"Set-Cookie": "a=b"})

    taken = receipt("r-1", "a")
    sent(handler, taken)
    ((body, headers),) = seen
    webhook = taken.judged[0].webhook
    assert webhook is not None
    assert body == webhook.body
    assert {name for name in headers if name not in dict(webhook.headers)} == {"Host", "Content-Length"}
    assert headers.items() >= dict(webhook.headers).items()


def test_the_classic_destination_sends_its_own_headers_and_no_others() -> None:
    seen: list[dict[str, str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append(dict(request.headers))
        return web.Response()

    setup = Setup(webhook="classic", secret="s3cret")
    taken = receipt("r-1", "a", setup=setup)
    sent(handler, taken, setup=setup)
    webhook = taken.judged[0].webhook
    assert webhook is not None
    (headers,) = seen
    assert {name: headers[name] for name in headers if name not in {"Host", "Content-Length"}} == {
        "Accept-Encoding": "identity",
        "User-Agent": "Segment.io/1.0",
        "Content-Type": "application/json",
        "X-Signature": hmac.new(b"s3cret", webhook.body, "sha1").hexdigest(),
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

    setup = Setup(secret="s3cret")
    taken = receipt("r-1", "a", "b", "a", "c", "d", setup=setup)
    how = How(Schedule(0), batch=3, concurrency=1)
    heard, left = sent(handler, taken, setup=setup, how=how)
    assert left == 0
    assert [users for users, _ in seen] == [["a", "a", "b"], ["c", "d"]]
    # The answer to a batch is the answer to each of its events.
    assert [(ref.index, attempt.status) for ref, attempt in heard] == [
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

    attempts, left = sent(handler, *(receipt(f"r-{number}", "a", "b", "c", "a") for number in range(5)))
    heard = [ref for ref, _ in attempts]
    assert left == 0
    assert len(heard) == 20
    assert most > 1
    for user, indexes in (("a", (0, 3)), ("b", (1,)), ("c", (2,))):
        mine = [(ref.receipt, ref.index) for ref in heard if ref.index in indexes]
        assert mine == sorted(mine), user
        assert len(arrived[user]) == 5 * len(indexes)


def test_a_listener_that_fails_stops_no_delivery(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_ref: CallRef, _attempt: Attempt) -> None:
        raise BrokenPipeError

    async def main() -> tuple[int, int]:
        runner, to = await serve(ok)
        receipts = [receipt(f"r-{number}", "a", "b") for number in range(10)]
        ended = await delivered(to, *receipts, heard=fails, how=How(concurrency=2))
        await runner.cleanup()
        return ended

    assert asyncio.run(main()) == (20, 0)
    assert "BrokenPipeError" in caplog.text


def test_what_is_not_delivered_in_time_is_counted() -> None:
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    assert sent(slow, receipt("r-1", "a", "a", "b"), seconds=0.1) == ([], 3)


def test_a_batch_holds_no_more_webhooks_and_bytes_than_it_may() -> None:
    seen: list[list[str]] = []

    async def handler(request: web.Request) -> web.StreamResponse:
        seen.append([event["userId"] for event in await request.json()])
        return web.Response()

    def sent_in(batch: int, *taken: Receipt) -> None:
        _, left = sent(handler, *taken, how=How(batch=batch, concurrency=1))
        assert left == 0

    sent_in(2, receipt("r-1", "a", "a", "a", "b", "a", "c"))
    assert [len(users) for users in seen] == [2, 2, 2]
    seen.clear()
    large = [receipt(f"r-{number}", user, large="x" * 400_000) for number, user in enumerate("abcc")]
    sent_in(100, *large)
    assert [len(users) for users in seen] == [2, 2], "three would be more than a million bytes"
    assert sorted(user for users in seen for user in users) == ["a", "b", "c", "c"]

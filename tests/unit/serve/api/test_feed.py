"""The stream of the API: what it says, in which order, and where a reader goes on."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from tests.unit.serve.test_home import fetch, identify, status, talk

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.api.feed import Feed
from segment_pendo.serve.home import Home
from segment_pendo.serve.listener import Listener
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.words import Attempt, CallRef, SdkRequest

type Event = tuple[str, dict[str, Any]]


async def read(answer: aiohttp.ClientResponse, count: int) -> list[Event]:
    """The next events of a stream: id and data."""
    found: list[Event] = []
    name = ""
    while len(found) < count:
        line = (await asyncio.wait_for(answer.content.readline(), 10)).decode()
        assert line, "the stream has ended"
        kind, _, value = line.rstrip("\n").partition(": ")
        if kind == "id":
            name = value
        elif kind == "data":
            found.append((name, json.loads(value)))
    return found


def delivered(store: Store, call: str, number: int = 1) -> None:
    receipt, _, index = call.partition(".")
    attempt = Attempt(number, datetime.now(UTC), 200, "", "delivered")
    store.outbox.attempted(CallRef(receipt, int(index)), attempt)


def shown(events: list[Event]) -> list[tuple[str, Any]]:
    return [(data["event"], data.get("user", data.get("state", data.get("status")))) for _, data in events]


def test_it_says_what_run_prints_and_goes_on_where_a_reader_left() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, store: Store) -> None:
        await identify(client, "before")
        async with client.get("/_/stream") as first, client.get("/_/stream?after=0.0") as all_of_it:
            assert first.content_type == "text/event-stream"
            assert "frame-ancestors 'none'" in first.headers["Content-Security-Policy"]
            ((_, ready),) = await read(first, 1)
            assert (ready["event"], ready["home"]) == ("ready", home.url)
            await identify(client, "ann")
            await status(client, "POST", "/v1/batch", b"{")
            came = await read(first, 2)
            assert shown(came) == [("call", "ann"), ("refused", 400)]
            call = came[0][1]
            assert {"event": "call", **(await fetch(client, "/_/calls?user=ann"))[1]["calls"][0]} == call
            delivered(store, call["id"])
            tried = await read(first, 1)
            assert tried[0][1] == {
                "event": "delivery", "id": call["id"], "state": "delivered", "status": 200, "attempts": 1,
                "detail": None,
            }  # fmt: skip
            assert shown(await read(all_of_it, 5)) == [
                ("ready", None),
                ("call", "before"),
                *shown([*came, *tried]),
            ]

    talk(what)


@pytest.mark.parametrize("known", [0, 1, 2, 3])
def test_last_event_id_resumes_from_the_store(known: int) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        for user in ("a", "b"):
            await identify(client, user)
        await status(client, "POST", "/v1/batch", b"{")
        _, page = await fetch(client, "/_/calls")
        delivered(store, page["calls"][0]["id"])
        async with client.get("/_/stream?after=0.0") as answer:
            # A cursor of /_/calls is no word about deliveries: those are told from now on.
            events = (await read(answer, 4))[1:]
        delivered(store, page["calls"][1]["id"])
        async with client.get("/_/stream", headers={"Last-Event-ID": events[0][0]}) as answer:
            events = [events[0], *(await read(answer, 4))[1:]]
        assert shown(events) == [("call", "a"), ("call", "b"), ("refused", 400), ("delivery", "delivered")]
        async with client.get("/_/stream", headers={"Last-Event-ID": events[known][0]}) as answer:
            await identify(client, "new")
            expected = [("ready", None), *shown(events[known + 1 :]), ("call", "new")]
            if known < 3:  # what is new may come before an attempt, but not twice
                assert sorted(shown(await read(answer, len(expected))), key=str) == sorted(expected, key=str)
            else:
                assert shown(await read(answer, 2)) == expected

    talk(what)


def cleared(events: list[Event]) -> list[tuple[Any, ...]]:
    return [(data["event"], data.get("user", data.get("what")), data.get("session")) for _, data in events]


def test_what_is_forgotten_is_told_in_its_order_also_to_whoever_comes_back() -> None:
    change = {"X-Segment-Pendo": "1"}

    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        session = store.sessions.open().id
        async with client.get("/_/stream") as live:
            await read(live, 1)
            await identify(client, "gone")
            ((known, _),) = await read(live, 1)
            assert await status(client, "DELETE", "/_/calls", b"", **change) == 200
            await identify(client, "new")
            await status(client, "DELETE", f"/_/calls?session={session}", b"", **change)
            await status(client, "POST", "/_/reset", b"", **change)
            await identify(client, "newest")
            everything = [
                ("cleared", "calls", None),
                ("call", "new", None),
                ("cleared", "calls", session),
                ("cleared", "all", None),
                ("call", "newest", None),
            ]
            came = await read(live, 5)
            assert cleared(came) == everything
        # The last one makes the earlier ones needless; what came between is gone.
        for after, expected in ((known, everything[-2:]), (came[3][0], everything[-1:])):
            async with client.get("/_/stream", headers={"Last-Event-ID": after}) as again:
                assert cleared(await read(again, 1 + len(expected)))[1:] == expected
        assert [row["user"] for row in (await fetch(client, "/_/calls"))[1]["calls"]] == ["newest"]

    talk(what)


def test_an_empty_store_can_be_cleared_and_tells_so_once() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        async with client.get("/_/stream") as live:
            await read(live, 1)
            store.clear()
            assert cleared(await read(live, 1)) == [("cleared", "calls", None)]
            await identify(client, "a")
            assert cleared(await read(live, 1)) == [("call", "a", None)]
        _, page = await fetch(client, "/_/calls?newest=1")
        async with client.get(f"/_/stream?after={page['stream']}") as again:
            await read(again, 1)
            await identify(client, "b")
            assert cleared(await read(again, 1)) == [("call", "b", None)]

    talk(what)


def test_a_page_of_calls_says_where_its_stream_begins() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await identify(client, "old")
        _, page = await fetch(client, "/_/calls?newest=1")
        await identify(client, "new")
        async with client.get(f"/_/stream?after={page['stream']}") as answer:
            assert shown(await read(answer, 2)) == [("ready", None), ("call", "new")]

    talk(what)


def test_an_id_of_another_store_is_noticed_and_nonsense_refused() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await identify(client, "a")
        async with client.get("/_/stream", headers={"Last-Event-ID": "00000000-900.0-900"}) as answer:
            events = await read(answer, 3)
            assert shown(events) == [("ready", None), ("missed", None), ("call", "a")]
            assert events[1][1] == {"event": "missed", "count": None}
        for wrong in ("x", "1", "00000000-1.1", "-1.0"):
            assert (await fetch(client, f"/_/stream?after={wrong}"))[0] == 400
        assert await status(client, "GET", "/_/stream?user=a") == 400
        assert await status(client, "GET", "/_/stream", Origin="https://evil.example") == 403
        assert await status(client, "HEAD", "/_/stream") == 405

    talk(what)


def with_feed(
    what: Callable[[aiohttp.ClientSession, Relay, Feed], Awaitable[None]], most: int, heartbeat: float
) -> None:
    async def main() -> None:
        store = Store(None, setup=Setup())
        feed = Feed(store, dict, most=most, heartbeat=heartbeat)
        listener = Listener([web.get("/_/stream", feed.answer, allow_head=False)])
        await listener.start(0)
        try:
            async with aiohttp.ClientSession(base_url=listener.url) as client:
                await what(client, Relay([store], setup=Setup(), writer=store.database), feed)
        finally:
            feed.close()
            await listener.stop()
            store.close()

    asyncio.run(main())


def batch(*users: str) -> SdkRequest:
    calls = [{"type": "identify", "userId": user} for user in users]
    return SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": calls}).encode())


def test_a_reader_that_is_too_slow_is_told_how_much_it_missed() -> None:
    async def what(client: aiohttp.ClientSession, relay: Relay, _feed: Feed) -> None:
        async with client.get("/_/stream") as answer:
            await read(answer, 1)
            relay.receive(batch(*"abcdefghij"))
            events = await read(answer, 4)
            assert shown(events) == [("missed", None), ("call", "h"), ("call", "i"), ("call", "j")]
            assert events[0][1]["count"] == 7
            relay.receive(batch("k"))
            assert shown(await read(answer, 1)) == [("call", "k")]

    with_feed(what, most=3, heartbeat=10)


def test_many_readers_get_the_same_and_silence_is_filled() -> None:
    async def what(client: aiohttp.ClientSession, relay: Relay, _feed: Feed) -> None:
        answers = [await client.get("/_/stream") for _ in range(30)]
        for answer in answers:
            await read(answer, 1)
        for user in "abc":
            relay.receive(batch(user))
            await asyncio.sleep(0)
        for answer in answers:
            assert shown(await read(answer, 3)) == [("call", user) for user in "abc"]
        assert (await answers[0].content.readline()) == b"\n"
        assert (await asyncio.wait_for(answers[0].content.readline(), 5)) == b":\n"
        for answer in answers:
            answer.close()

    with_feed(what, most=100, heartbeat=0.05)


def test_it_ends_at_once_when_the_run_ends_also_for_a_reader_that_does_not_read() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        async with client.get("/_/stream") as answer, client.get("/_/stream"):
            await read(answer, 1)
            call = {"type": "identify", "userId": "u", "traits": {"long": "x" * 30_000}}
            body = json.dumps({"batch": [call] * 15}).encode()
            for _ in range(30):
                assert await status(client, "POST", "/v1/batch", body) == 200
            began = asyncio.get_running_loop().time()
            await home.stop()
            assert asyncio.get_running_loop().time() - began < 0.9, "no patience of a second"

    talk(what)


def test_it_ends_cleanly_for_a_reader_that_has_all() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        async with client.get("/_/stream") as answer:
            await read(answer, 1)
            await home.stop()
            assert (await answer.content.read()) == b"\n"

    talk(what)

"""Each fault, as a client of the home port or of the loopback Pendo sees it."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.fault import Fault
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.home import Home
from segment_pendo.serve.loopback_pendo import Answers, LoopbackPendo
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store

EVENT = {"type": "identify", "userId": "u1", "traits": {"plan": "pro"}}
KEY = "a-made-up-key"
CHANGE = {"X-Segment-Pendo": "1"}
SIDES = {
    "segment": ("/v1/batch", {"batch": [EVENT]}),
    "pendo": (f"/data/segmentio/{KEY}", EVENT),
}


class Talk:
    """A client of one home port, its faults, and their notes."""

    def __init__(self, home: Home, store: Store, client: aiohttp.ClientSession) -> None:
        self.home = home
        self.faults = home.faults
        self.faults.note = self._note
        self.client = client
        self.notes: list[str] = []
        self.noted = asyncio.Event()
        self._store = store

    def _note(self, text: str) -> None:
        self.notes.append(text)
        self.noted.set()

    async def send(self, side: str, **how: Any) -> aiohttp.ClientResponse:
        path, body = SIDES[side]
        async with self.client.post(path, data=json.dumps(body), **how) as answer:
            await answer.read()
            return answer

    async def ask(self, method: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        async with self.client.request(method, "/_/faults", data=data, headers=headers) as answer:
            return answer.status, await answer.json()

    def took(self, side: str) -> int:
        """How many requests were taken at this side."""
        return self._store.calls.totals()["requests"] if side == "segment" else self.home.loopback_pendo.took


def talk(what: Callable[[Talk], Awaitable[None]], **how: Any) -> None:
    async def main() -> None:
        store = Store(None, setup=Setup())
        home = Home(Relay([store], setup=Setup()), store, faults=Faults(seed=7), **how)
        await home.start(0)
        try:
            async with aiohttp.ClientSession(base_url=home.url) as client:
                await what(Talk(home, store, client))
        finally:
            await home.stop()
            store.close()

    asyncio.run(main())


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("status", [200, 204, 301, 400, 429, 503, 599])
def test_a_status_with_retry_after(side: str, status: int, *, keep: bool) -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault.of({"on": side, "status": status, "retry_after": 7, "keep": keep}))
        answer = await talk.send(side, allow_redirects=False)
        assert (answer.status, answer.headers["Retry-After"]) == (status, "7")
        assert talk.took(side) == keep
        answer = await talk.send(side)
        assert (answer.status, "Retry-After" in answer.headers) == (200, False)
        assert talk.took(side) == 1 + keep
        (note,) = talk.notes
        assert f" answered {status}, as a fault asked; " in note
        assert KEY not in note

    talk(what)


def test_an_sdk_can_read_the_answer_also_in_a_browser() -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault(status=503, retry_after=1))
        async with talk.client.post("/v1/batch", data="{}", headers={"Origin": "http://app.test"}) as answer:
            assert answer.headers["Access-Control-Allow-Origin"] == "http://app.test"
            assert answer.headers["Access-Control-Expose-Headers"] == "Retry-After"
            assert (await answer.json())["success"] is False

    talk(what)


@pytest.mark.parametrize("side", SIDES)
def test_a_delay_comes_before_what_is_done_and_holds_nobody_else_up(side: str) -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault.of({"on": side, "status": None, "delay": 0.2}))
        loop = asyncio.get_running_loop()
        before = loop.time()
        slow = asyncio.create_task(talk.send(side))
        await talk.noted.wait()
        assert (await talk.send(side)).status == 200
        assert not slow.done()
        assert talk.took(side) == 1
        assert (await slow).status == 200
        assert loop.time() - before >= 0.2
        assert talk.took(side) == 2
        assert talk.notes[0].endswith(" held back for 0.2 s, as a fault asked")
        assert len(talk.notes) == 1

    talk(what)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("keep", [False, True])
def test_a_hang_is_never_answered_and_ends_when_the_client_leaves(side: str, *, keep: bool) -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault.of({"on": side, "hang": True, "keep": keep}))
        with pytest.raises(TimeoutError):
            await talk.send(side, timeout=aiohttp.ClientTimeout(total=0.3))
        assert talk.took(side) == keep
        async with asyncio.timeout(10):
            await talk.home._quiet.wait()
        assert (await talk.send(side)).status == 200

    talk(what)


@pytest.mark.parametrize("end", ["clear", "refuse", "delete"])
def test_what_hangs_is_let_go_when_faults_are_cleared_or_the_port_closes(end: str) -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault(hang=True))
        hung = asyncio.create_task(talk.send("segment"))
        await talk.noted.wait()
        if end == "clear":
            talk.faults.clear()
        elif end == "refuse":
            await talk.home.refuse_calls()
            assert talk.home.live == 0
        else:
            assert (await talk.ask("DELETE", **CHANGE))[0] == 200
        with pytest.raises(aiohttp.ClientConnectionError):
            await hung

    talk(what)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("keep", [False, True])
def test_a_reset_is_one(side: str, *, keep: bool) -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault.of({"on": side, "reset": True, "keep": keep}))
        path, body = SIDES[side]
        text = json.dumps(body)
        loop = asyncio.get_running_loop()
        with socket.create_connection(("127.0.0.1", int(talk.home.url.rpartition(":")[2]))) as plain:
            plain.setblocking(False)
            request = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(text)}\r\n\r\n{text}"
            await loop.sock_sendall(plain, request.encode())
            with pytest.raises(ConnectionResetError):
                await loop.sock_recv(plain, 1)
        assert talk.took(side) == keep
        assert (await talk.send(side)).status == 200

    talk(what)


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("status", [200, 503, None])
def test_a_cut_answer_promises_more_than_comes(side: str, status: int | None) -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault.of({"on": side, "cut": True, "status": status}))
        path, body = SIDES[side]
        async with talk.client.post(path, data=json.dumps(body)) as answer:
            assert answer.status == (status or 200)
            promised = int(answer.headers["Content-Length"])
            came = await answer.content.readany()
            assert 0 < len(came) < promised
            with pytest.raises(aiohttp.ClientPayloadError):
                await answer.content.readany()
        assert talk.took(side) == (status is None)
        assert (await talk.send(side)).status == 200

    talk(what)


def test_only_requests_with_a_matching_call_fail() -> None:
    async def what(talk: Talk) -> None:
        for side in SIDES:
            talk.faults.add(Fault.of({"on": side, "times": None, "match": {"user": "u2"}}))
            assert (await talk.send(side)).status == 200
            other = json.dumps(SIDES[side][1]).replace("u1", "u2")
            async with talk.client.post(SIDES[side][0], data=other) as answer:
                assert answer.status == 503
            assert talk.took(side) == 1

    talk(what)


def test_an_outage_meets_each_request_of_its_side() -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault.of({"outage": 3000}))
        assert [(await talk.send("segment")).status for _ in range(3)] == [503] * 3
        assert (await talk.send("pendo")).status == 200

    talk(what)


def test_track_events_and_other_methods_fail_too_but_nothing_that_is_read() -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault.of({"on": "pendo", "times": 3}), Fault(status=500))
        for path in ("/_/state", "/_/calls", "/v1/projects/k/settings", "/data/segmentio/k", "/favicon.ico"):
            async with talk.client.get(path) as answer:
                assert answer.status != 503, path
        for method, path in (("POST", "/data/track"), ("PUT", "/data/segmentio/k"), ("PATCH", "/data/track")):
            async with talk.client.request(method, path, data="{}") as answer:
                assert answer.status == 503
        async with talk.client.options("/v1/batch") as answer:
            assert answer.status == 200
        assert (await talk.send("segment")).status == 500

    talk(what)


def test_a_fault_opens_the_gate_to_no_page_and_is_not_used_up_by_one() -> None:
    async def what(talk: Talk) -> None:
        talk.faults.add(Fault.of({"status": 200, "keep": True}))
        answer = await talk.send("segment", headers={"Origin": "https://evil.test"})
        assert (answer.status, talk.took("segment"), talk.notes) == (403, 0, [])

    talk(what, gate=Gate(is_open=False))


def test_a_body_that_is_too_large_is_refused_and_uses_no_fault_up() -> None:
    async def what(talk: Talk) -> None:
        for side, status in (("segment", 400), ("pendo", 413)):
            talk.faults.add(Fault.of({"on": side, "match": {"user": "u1"}}))
            data = b" " * (11 * 1024 * 1024) + json.dumps(SIDES[side][1]).encode()
            async with talk.client.post(SIDES[side][0], data=BytesIO(data)) as answer:
                assert answer.status == status
            assert (await talk.send(side)).status == 503

    talk(what)


def test_the_loopback_pendo_alone_takes_faults_too() -> None:
    pendo = LoopbackPendo(answers=Answers(key=KEY))

    async def what(talk: Talk) -> None:
        talk.faults.add(Fault(on="pendo", status=500))
        assert [(await talk.send("pendo")).status for _ in range(2)] == [500, 200]
        assert pendo.took == 1

    talk(what, pendo=pendo)


# --- /_/faults ---


def test_faults_are_added_listed_and_cleared() -> None:
    async def what(talk: Talk) -> None:
        assert await talk.ask("GET") == (200, {"seed": 7, "faults": []})
        asked = [{"status": 429, "times": 2}, {"on": "pendo", "hang": True, "match": {"user": "u2"}}]
        status, added = await talk.ask("POST", asked, **CHANGE)
        assert (status, [fault["met"] for fault in added["faults"]]) == (200, [0, 0])
        assert (await talk.ask("POST", [{"status": 500}], **CHANGE))[1]["faults"][2]["status"] == 500
        statuses = [(await talk.send("segment")).status for _ in range(4)]
        assert statuses == [429, 429, 500, 200]
        _, listed = await talk.ask("GET")
        assert [(fault["met"], fault["over"]) for fault in listed["faults"]] == [
            (2, True),
            (0, False),
            (1, True),
        ]
        row = listed["faults"][1]
        assert Fault.of({name: row[name] for name in row.keys() - {"met", "over"}}) == Fault.of(asked[1])
        assert await talk.ask("DELETE", **CHANGE) == (200, {"seed": 7, "faults": []})

    talk(what)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "faults are a JSON list such as"),
        (b"[", "faults are a JSON list"),
        (b"[" * 400 + b"]" * 400, "faults are a JSON list"),
        ({"status": 503}, "faults are a JSON list"),
        ([{}, 5], "fault 1: a fault is an object"),
        ([{"stauts": 503}], "fault 0: a fault has no key 'stauts'; did you mean status?"),
        ([{"x" * 10_000: 1}], "fault 0: a fault has no key 'xxx"),
        ([{}] * 1001, "more than 1,000 faults cannot wait"),
    ],
)
def test_a_list_with_a_mistake_adds_nothing(body: Any, words: str) -> None:
    async def what(talk: Talk) -> None:
        status, answer = await talk.ask("POST", body, **CHANGE)
        assert (status, answer["error"][: len(words)]) == (400, words)
        assert len(answer["error"]) <= 400
        assert (await talk.ask("GET"))[1]["faults"] == []

    talk(what)


def test_a_change_needs_its_header_and_no_page_of_others_may_ask() -> None:
    async def what(talk: Talk) -> None:
        for method in ("POST", "DELETE"):
            status, answer = await talk.ask(method, [{}])
            assert (status, answer["error"]) == (403, "a change needs the header X-Segment-Pendo: 1")
        async with talk.client.get("/_/faults", headers={"Origin": "https://evil.test"}) as answer:
            assert answer.status == 403
        assert (await talk.ask("GET"))[1]["faults"] == []

    talk(what)

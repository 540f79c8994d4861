"""The API under `/_/`: names and values that it knows, and each filter."""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from tests.unit.serve.test_home import fetch, status, talk

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.home import Home
from segment_pendo.serve.store import Store
from segment_pendo.words import SdkRequest

CALLS: list[dict[str, Any]] = [
    {"type": "identify", "userId": "ann", "traits": {"firstName": "Ann", "address": {"city": "Bern"}}},
    {"type": "group", "userId": "ann", "groupId": "acme", "traits": {"plan": "pro"}},
    {"type": "track", "userId": "bob", "event": "Signed Up", "properties": {"plan": "free"}},
    {"type": "identify", "traits": {"plan": "pro"}},
]


async def send(client: aiohttp.ClientSession) -> None:
    body = json.dumps({"batch": CALLS}).encode()
    assert await status(client, "POST", "/v1/batch", body) == 200


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("type=identify", [0, 3]),
        ("event=Signed%20Up", [2]),
        ("event=signed%20up", []),
        ("group=acme", [1]),
        ("trait=plan", [1, 2, 3]),
        ("trait=firstName", [0]),
        ("trait=firstname", []),
        ("trait=city", []),
        ("outcome=skipped", [2, 3]),
        ("outcome=dropped", [3]),
        ("outcome=unselected", [2]),
        ("delivery=waiting", [0, 1]),
        ("delivery=dead,held", []),
        ("code=NESTED_IGNORED", [0]),
        ("code=nested_ignored", [0]),
        ("level=warning&user=ann", [0]),
        ("level=error", [3]),
        ("level=warning", [0, 3]),
        ("level=info", [0, 2, 3]),
        ("q=FIRSTNAME", [0]),
        ("q=plan+BOB", [2]),
        ("q=up+%20+signed", [2]),
        ("q=acm", [1]),
        ("q=", [0, 1, 2, 3]),
        ("door=home", [0, 1, 2, 3]),
        ("door=proxy", []),
        ("trait=plan&outcome=webhook", [1]),
    ],
)
def test_a_filter_finds_what_was_sent(query: str, wanted: list[int]) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await send(client)
        for way, order in (("", wanted), ("&newest=1", wanted[::-1])):
            code, page = await fetch(client, f"/_/calls?{query}{way}")
            assert (code, [row["index"] for row in page["calls"]]) == (200, order), page
        code, page = await fetch(client, f"/_/wait?{query}&count=99&timeout=0")
        assert (code, [row["index"] for row in page["calls"]]) == (408, wanted)

    talk(what)


WRONG = [
    ("GET", "/_/calls?usr=n1", "/_/calls has no 'usr'; did you mean user?"),
    ("GET", "/_/wait?limit=3", "/_/wait has no 'limit'; known: type, event"),
    ("GET", "/_/wait?user=a&user=b", "user is given twice; ask once for each value"),
    ("GET", "/_/explain?id=x", "/_/explain has no 'id'; known: call, device"),
    ("GET", "/_/health?x", "/_/health takes no query, but has 'x'"),
    ("GET", "/_/page/page.js?v=1", "/_/page/page.js takes no query, but has 'v'"),
    ("GET", "/_/state?visiter=x", "/_/state has no 'visiter'; did you mean visitor?"),
    ("DELETE", "/_/calls?user=a", "/_/calls has no 'user'; known: session"),
    ("DELETE", "/_/calls?sesion=a", "/_/calls has no 'sesion'; did you mean session?"),
    ("POST", "/_/sessions?name=a", "/_/sessions takes no query, but has 'name'"),
    ("GET", "/_/sessions?limit=1001", "limit must be a whole number from 0 to 1000"),
    ("GET", "/_/metrics?format=json", "/_/metrics takes no query, but has 'format'"),
    ("GET", "/_/stream?sesion=a", "/_/stream has no 'sesion'; did you mean session?"),
    ("POST", "/_/reset?all=1", "/_/reset takes no query, but has 'all'"),
    ("GET", "/_/faults?on=pendo", "/_/faults takes no query, but has 'on'"),
    ("GET", "/_/calls?%1b[31m=1", "/_/calls has no '\\\\x1b[31m'; known: type"),
    ("GET", "/_/calls?outcome=webhok", "outcome 'webhok' does not exist; did you mean webhook?"),
    (
        "GET",
        "/_/calls?code=NESTED_IGNORD",
        "code 'NESTED_IGNORD' does not exist; did you mean NESTED_IGNORED?",
    ),
    ("GET", "/_/calls?level=fatal", "level 'fatal' does not exist; it is one of error, warning, info"),
    ("GET", "/_/calls?delivery=dead,gone", "delivery 'gone' does not exist; it is one of waiting"),
    ("GET", "/_/calls?limit=1.5", "limit must be a whole number from 0 to 1000"),
    ("GET", "/_/calls?limit=", "limit must be a whole number from 0 to 1000"),
    ("GET", "/_/calls?before=1.0", "before needs newest=1"),
    ("GET", "/_/calls?newest=1&after=1.0", "use before, not after"),
    ("GET", "/_/calls?newest=1&before=x", "before must be the value of next in an earlier answer"),
    ("GET", "/_/calls?newest=true", "newest must be 1 or 0"),
    ("GET", "/_/wait?count=-1", "count must be a whole number from 0 to 1000"),
    ("GET", "/_/wait?timeout=nan", "timeout must be a number from 0 to 600"),
    ("GET", "/_/wait?after=1", "after must be the value of next in an earlier answer"),
    ("GET", "/_/calls?since=yesterday", "since must be an ISO 8601 time such as 2026-11-29T10:15:00Z"),
    ("GET", "/_/refused?until=10:15", "until must be an ISO 8601 time"),
    ("GET", "/_/timeline?since=", "since must be an ISO 8601 time"),
    ("GET", "/_/explain?call=x&device=yes", "device must be 1 or 0"),
    ("GET", "/_/explain", "give call=ID, with an id that /_/calls lists"),
]
BODIES = [
    ("POST", "/_/reset", '{"session": "x"}', "POST /_/reset takes no body; names stand in the query"),
    ("DELETE", "/_/calls", '{"session": "x"}', "DELETE /_/calls takes no body; names stand in the query"),
    ("DELETE", "/_/faults", "[0]", "DELETE /_/faults takes no body; names stand in the query"),
    ("GET", "/_/calls", '{"user": "x"}', "GET /_/calls takes no body; names stand in the query"),
    ("POST", "/_/send-again", '{"cal": "x"}', "/_/send-again has no 'cal'; did you mean call?"),
    (
        "POST",
        "/_/send-again",
        '{"call": "x", "al\\u001bl": 1}',
        "/_/send-again has no 'al\\\\x1bl'; known: call",
    ),
    ("POST", "/_/send-again", '["x"]', 'send {"call": ID}, with an id that /_/calls lists'),
    ("POST", "/_/sessions", '{"nam": "x"}', "a session has no 'nam'; did you mean name?"),
    ("POST", "/_/faults", '[{"statu": 503}]', "fault 0: a fault has no key 'statu'; did you mean status?"),
]


@pytest.mark.parametrize(("method", "path", "body", "said"), BODIES)
def test_a_body_that_means_nothing_is_told_and_changes_nothing(
    method: str, path: str, body: str, said: str
) -> None:
    async def what(client: aiohttp.ClientSession, home: Home, store: Store) -> None:
        await send(client)
        headers = {"X-Segment-Pendo": "1"}
        async with client.request(method, path, data=body, headers=headers) as answer:
            assert (answer.status, await answer.json()) == (400, {"error": said})
        assert store.calls.totals()["calls"] == len(CALLS)
        assert (store.sessions.newest(9), home.faults.rows()) == ([], [])

    talk(what)


@pytest.mark.parametrize("body", ["", "{}", "null\n"])
def test_a_client_that_always_sends_a_body_is_served(body: str) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        await send(client)
        async with client.delete("/_/calls", data=body, headers={"X-Segment-Pendo": "1"}) as answer:
            assert answer.status == 200
        assert store.calls.totals()["calls"] == 0

    talk(what)


@pytest.mark.parametrize(("method", "path", "said"), WRONG)
def test_what_the_api_does_not_know_is_told_and_never_ignored(method: str, path: str, said: str) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        await send(client)
        async with client.request(method, path, headers={"X-Segment-Pendo": "1"}) as answer:
            assert answer.status == 400
            assert answer.content_type == "application/json"
            assert said in (await answer.json())["error"]
        assert store.calls.totals()["calls"] == len(CALLS)

    talk(what)


def test_pages_go_back_from_the_newest_call_and_meet_no_call_twice() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await send(client)
        _, first = await fetch(client, "/_/calls?newest=1&limit=3")
        await send(client)
        _, second = await fetch(client, f"/_/calls?newest=1&limit=3&before={first['next']}")
        assert [row["index"] for page in (first, second) for row in page["calls"]] == [3, 2, 1, 0]
        _, end = await fetch(client, f"/_/calls?newest=1&limit=3&before={second['next']}")
        assert end["calls"] == []

    talk(what)


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/_/cals", 404, "there is no /_/cals here; did you mean /_/calls?"),
        ("POST", "/_/session", 404, "there is no /_/session here; did you mean /_/sessions?"),
        ("GET", "/_/", 404, "there is no /_/ here; /_/openapi.json has every path"),
        ("GET", "/_/%1b[31mx", 404, "there is no /_/\\x1b[31mx here; /_/openapi.json has every path"),
        ("POST", "/_/calls", 405, "/_/calls takes DELETE and GET, not POST"),
        ("GET", "/_/reset", 405, "/_/reset takes POST, not GET"),
        ("DELETE", "/_/sessions", 405, "/_/sessions takes GET and POST, not DELETE"),
    ],
)
def test_a_path_or_method_that_does_not_exist_says_which_does(
    method: str, path: str, status: int, said: str
) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        async with client.request(method, path, headers={"X-Segment-Pendo": "1"}) as answer:
            assert (answer.status, await answer.json()) == (status, {"error": said})
            assert ("Allow" in answer.headers) == (status == 405)
        assert store.calls.totals()["requests"] == 0

    talk(what)


def test_another_page_is_refused_before_its_question_is_read() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        for path in ("/_/calls?usr=1", "/_/calls?level=x"):
            assert await status(client, "GET", path, Origin="https://evil.example") == 403

    talk(what)


def test_every_refusal_of_the_api_is_json() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        cases: list[tuple[str, dict[str, str], bytes | BytesIO, int]] = [
            ("GET", {"Origin": "https://evil.example"}, b"", 403),
            ("GET", {"Host": "evil.example"}, b"", 403),
            ("OPTIONS", {}, b"", 403),
            ("POST", {"X-Segment-Pendo": "1"}, BytesIO(b" " * (11 * 1024 * 1024)), 413),
        ]
        for method, headers, body, code in cases:
            async with client.request(method, "/_/sessions", headers=headers, data=body) as answer:
                assert (answer.status, answer.content_type) == (code, "application/json")
                assert [*await answer.json()] == ["error"]

    talk(what)


def test_health_tells_what_waits_for_this_destination_from_what_waits_for_another() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        _, health = await fetch(client, "/_/health")
        outbox = health["outbox"]
        assert (health["deliveries"], outbox["waiting"], outbox["oldest"]) == ({}, 0, None)
        other = Store(None, setup=Setup(), destination="eu", database=store.database.shared())
        request = SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": CALLS}).encode())
        other.take(assess(request, id="r", at=datetime(2024, 5, 9, tzinfo=UTC), setup=Setup()))
        other.close()
        _, health = await fetch(client, "/_/health")
        outbox = health["outbox"]
        assert (health["deliveries"], outbox["waiting"], outbox["oldest"]) == ({}, 0, None)
        assert outbox["elsewhere"] == {"eu": 2}
        await send(client)
        _, health = await fetch(client, "/_/health")
        assert (health["deliveries"], health["totals"]["calls"]) == ({"waiting": 2}, 8)
        assert health["outbox"]["waiting"] == 2
        assert health["outbox"]["oldest"] < 3600, "that of another came years ago"

    talk(what)

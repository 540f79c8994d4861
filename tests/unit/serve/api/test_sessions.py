"""Sessions of the API: an address of its own for one test, and what came to it, told from all else."""

import asyncio
import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.unit.serve.api.test_feed import read, shown
from tests.unit.serve.api.test_inspector import CALLS
from tests.unit.serve.test_home import fetch, status, talk

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.home import Home
from segment_pendo.serve.session import Plan, Session
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.sessions import Sessions
from segment_pendo.words import Attempt, CallRef, Receipt

CHANGE = {"X-Segment-Pendo": "1"}


class Nobody:
    def take(self, _receipt: Receipt) -> None:
        """Do nothing."""


async def opened(client: aiohttp.ClientSession, body: bytes = b"") -> dict[str, Any]:
    async with client.post("/_/sessions", data=body, headers=CHANGE) as answer:
        assert answer.status == 201, await answer.text()
        session: dict[str, Any] = await answer.json()
        return session


async def batch(client: aiohttp.ClientSession, prefix: str, *calls: dict[str, Any]) -> None:
    body = json.dumps({"batch": calls}).encode()
    assert await status(client, "POST", f"{prefix}/v1/batch", body) == 200


def who(user: str, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits}


def users(answer: tuple[int, Any]) -> list[str]:
    assert answer[0] == 200, answer
    return [row["user"] for row in answer[1]["calls"]]


def test_a_session_has_an_address_and_what_comes_there_is_its_own() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        one, two = await opened(client, b'{"name": "signs up"}'), await opened(client)
        assert (one["name"], two["name"], one["tls"]) == ("signs up", None, None)
        assert one["url"] == f"{home.url}/s/{one['id']}" == home.url + one["prefix"]
        assert one["id"] != two["id"]
        await batch(client, one["prefix"], who("a"), who("b"))
        await batch(client, f"{home.url}/{two['prefix']}", who("c"))  # whose host ended with a slash
        await batch(client, "", who("d"))
        assert users(await fetch(client, "/_/calls")) == ["a", "b", "c", "d"]
        assert users(await fetch(client, f"/_/calls?session={one['id']}")) == ["a", "b"]
        assert users(await fetch(client, f"/_/calls?session={one['id']}&user=b&newest=1")) == ["b"]
        assert users(await fetch(client, f"/_/calls?session={two['id']}")) == ["c"]
        rows = (await fetch(client, "/_/calls"))[1]["calls"]
        assert [row.get("session") for row in rows] == [one["id"], one["id"], two["id"], None]
        assert "session" not in rows[3]
        _, listed = await fetch(client, "/_/sessions")
        assert listed == {"sessions": [two | {"calls": 1}, one | {"calls": 2}]}
        assert (await fetch(client, "/_/sessions?limit=1"))[1]["sessions"] == [two | {"calls": 1}]

    talk(what)


def test_waiting_for_a_session_is_not_ended_by_calls_of_another() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        one, two = await opened(client), await opened(client)
        await batch(client, two["prefix"], {"type": "page", "userId": "other"})
        code, page = await fetch(client, f"/_/wait?session={one['id']}&timeout=0")
        assert (code, page["calls"]) == (408, [])
        waiting = asyncio.create_task(fetch(client, f"/_/wait?session={one['id']}&timeout=20"))
        await batch(client, one["prefix"], {"type": "page", "userId": "mine"})
        assert users(await waiting) == ["mine"]

    talk(what)


ASKED = [
    "/_/calls?session={}", "/_/wait?timeout=0&session={}", "/_/stream?session={}", "/_/findings?session={}",
    "/_/refused?session={}", "/_/records?kind=visitor&session={}", "/_/why?user=a&session={}",
]  # fmt: skip


@pytest.mark.parametrize("path", ASKED)
@pytest.mark.parametrize("session", ["", "0123456789ab", "%1b[31m"])
def test_a_session_that_does_not_exist_is_told_and_never_empty(path: str, session: str) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await batch(client, "/s/0123456789ab", who("a"))  # any prefix is Segment's, so it is taken
        code, answer = await fetch(client, path.format(session))
        assert (code, "POST /_/sessions opens one" in answer["error"]) == (404, True), answer
        assert "\x1b" not in answer["error"]
        rows = (await fetch(client, "/_/calls"))[1]["calls"]
        assert ["session" in row for row in rows] == [False]

    talk(what)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", 'send nothing, or {"name": "a name for this session"}'),
        (b'"x"', 'send nothing, or {"name": "a name for this session"}'),
        (b"[" * 5000, 'send nothing, or {"name": "a name for this session"}'),
        (b'{"nam": "x"}', "a session has no 'nam'; did you mean name?"),
        (b'{"name": 7}', "the name of a session is a text of at most 200 characters"),
        (
            json.dumps({"name": "x" * 201}).encode(),
            "the name of a session is a text of at most 200 characters",
        ),
    ],
)
def test_a_wrong_body_opens_no_session(body: bytes, said: str) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        async with client.post("/_/sessions", data=body, headers=CHANGE) as answer:
            assert (answer.status, await answer.json()) == (400, {"error": said})
        assert (await fetch(client, "/_/sessions"))[1] == {"sessions": []}

    talk(what)


def test_only_programs_of_this_machine_open_or_clear_sessions() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        session = await opened(client)
        port = home.url.rpartition(":")[2]
        for method, path in (("POST", "/_/sessions"), ("DELETE", f"/_/calls?session={session['id']}")):
            assert await status(client, method, path) == 403
            for foreign in (
                {"Origin": "https://evil.example"},
                {"Host": f"evil.example:{port}"},
                {"Sec-Fetch-Site": "cross-site"},
            ):
                assert await status(client, method, path, b"", **CHANGE, **foreign) == 403, foreign
        for foreign in ({"Origin": "https://evil.example"}, {"Host": f"evil.example:{port}"}):
            assert await status(client, "GET", "/_/sessions", b"", **foreign) == 403
        assert await status(client, "OPTIONS", "/_/sessions", Origin="https://evil.example") == 403
        # Nothing of the API lies below a session's address.
        assert await status(client, "DELETE", f"{session['prefix']}/_/calls", b"", **CHANGE) == 404
        assert len((await fetch(client, "/_/sessions"))[1]["sessions"]) == 1

    talk(what)


def test_findings_and_refused_requests_of_a_session() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        one, two = await opened(client), await opened(client)
        await batch(client, one["prefix"], *CALLS)
        await batch(client, two["prefix"], who("fine", plan="pro"))
        await status(client, "POST", f"{two['prefix']}/v1/batch", b"{")
        await status(client, "POST", "/v1/batch", b"{")
        nested = "NESTED_IGNORED"
        for session, codes, refused in ((one, {nested}, []), (two, set(), [two["id"]])):
            found = (await fetch(client, f"/_/findings?session={session['id']}"))[1]["findings"]
            assert {row["code"] for row in found} & {nested} == codes
            rows = (await fetch(client, f"/_/refused?session={session['id']}"))[1]["refused"]
            assert [row["session"] for row in rows] == refused
            assert all(row["path"] == "/v1/batch" for row in rows)
        everything = (await fetch(client, "/_/refused"))[1]["refused"]
        assert [row.get("session") for row in everything] == [two["id"], None]

    talk(what)


def test_records_and_why_of_a_session_know_nothing_of_other_calls() -> None:
    async def main() -> None:
        plan = Plan(port=0, with_proxy=False)
        async with (
            Session(plan, Nobody()) as session,
            aiohttp.ClientSession(base_url=session.home.url) as client,
        ):
            one, two = await opened(client), await opened(client)
            await batch(client, one["prefix"], who("ann", plan="free"), who("bob"))
            await batch(client, two["prefix"], who("ann", plan="pro", seats=3))
            await batch(client, one["prefix"], who("ann", plan="gold"), {"type": "page", "userId": "ann"})
            assert (await fetch(client, "/_/wait?delivery=delivered&count=4&timeout=20"))[0] == 200
            held: dict[str, Any] = {}
            for name, query in (
                ("all", ""),
                ("one", f"&session={one['id']}"),
                ("two", f"&session={two['id']}"),
            ):
                _, page = await fetch(client, f"/_/records?kind=visitor{query}")
                held[name] = {row["id"]: row["metadata"]["segmentio"] for row in page["records"]}
            assert held == {
                "all": {"ann": {"plan": "gold", "seats": 3}, "bob": {}},
                "one": {"ann": {"plan": "gold"}, "bob": {}},
                "two": {"ann": {"plan": "pro", "seats": 3}},
            }
            for query, there in (
                ("", True),
                (f"&session={one['id']}", False),
                (f"&session={two['id']}", True),
            ):
                _, answer = await fetch(client, f"/_/why?user=ann&trait=seats{query}")
                assert answer["there"] is there, (query, answer)
            _, nobody = await fetch(client, f"/_/why?user=bob&session={two['id']}")
            assert nobody["there"] is False

    asyncio.run(main())


def test_records_of_too_many_webhooks_are_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        monkeypatch.setattr("segment_pendo.serve.api.sessions._MOST_WEBHOOKS", 1)
        session = await opened(client)
        await batch(client, session["prefix"], who("a"), who("b"))
        for row in (await fetch(client, "/_/calls"))[1]["calls"]:
            receipt, _, index = row["id"].partition(".")
            attempt = Attempt(1, datetime.now(UTC), 200, "", "delivered")
            store.outbox.attempted(CallRef(receipt, int(index)), attempt)
        code, answer = await fetch(client, f"/_/records?kind=visitor&session={session['id']}")
        assert (code, "more than 1 delivered webhooks" in answer["error"]) == (400, True)

    talk(what)


def test_clearing_a_session_leaves_the_calls_of_others_and_their_webhooks() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        one, two = await opened(client), await opened(client)
        await batch(client, one["prefix"], who("shared"), who("only one"))
        await batch(client, two["prefix"], who("shared"))
        await batch(client, "", who("d"))
        chains = store.database.execute("select count(*) from chains").fetchone()
        assert chains == (3,)
        path = f"/_/calls?session={one['id']}"
        async with client.delete(path, headers=CHANGE) as answer:
            assert (answer.status, await answer.json()) == (
                200, {"status": "cleared", "session": one["id"]}
            )  # fmt: skip
        assert users(await fetch(client, path)) == []
        assert users(await fetch(client, "/_/calls")) == ["shared", "d"]
        assert store.outbox.left() == 2
        for table, rows in (("chains", 2), ("receipts", 2), ("calls", 2), ("attempts", 0), ("sessions", 2)):
            assert store.database.execute(f"select count(*) from {table}").fetchone() == (rows,), table
        await batch(client, one["prefix"], who("again"))
        assert users(await fetch(client, path)) == ["again"]

    talk(what)


def test_a_stream_of_a_session_is_silent_about_others() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        one, two = await opened(client), await opened(client)
        await batch(client, one["prefix"], who("before"))
        ask = f"/_/stream?session={one['id']}"
        async with client.get(ask) as now, client.get(f"{ask}&after=0.0") as all_of_it:
            assert shown(await read(now, 1)) == [("ready", None)]
            assert shown(await read(all_of_it, 2)) == [("ready", None), ("call", "before")]
            await batch(client, two["prefix"], who("other"))
            await status(client, "POST", "/v1/batch", b"{")
            await batch(client, one["prefix"], who("mine"))
            await status(client, "POST", f"{one['prefix']}/v1/batch", b"{")
            for reader in (now, all_of_it):
                assert shown(await read(reader, 2)) == [("call", "mine"), ("refused", 400)]
            for user in ("other", "mine"):
                (row,) = (await fetch(client, f"/_/calls?user={user}"))[1]["calls"]
                receipt, _, index = row["id"].partition(".")
                attempt = Attempt(1, datetime.now(UTC), 200, "", "delivered")
                store.outbox.attempted(CallRef(receipt, int(index)), attempt)
            assert [(data["event"], data["id"]) for _, data in await read(now, 1)] == [
                ("delivery", row["id"])
            ]

    talk(what)


def test_settings_for_a_browser_keep_it_at_the_address_of_its_session() -> None:
    async def what(client: aiohttp.ClientSession, home: Home, _store: Store) -> None:
        session = await opened(client)
        _, settings = await fetch(client, f"{session['prefix']}/v1/projects/WRITE_KEY/settings")
        host = home.url.removeprefix("http://")
        assert settings["integrations"]["Segment.io"]["apiHost"] == f"{host}{session['prefix']}/v1"

    talk(what)


def test_the_oldest_sessions_are_forgotten_and_all_are_known_to_a_store_that_is_opened_again(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.sqlite3"
    with closing(Store(path, setup=Setup())) as store:
        sessions = Sessions(store.database, most=2)
        first, second, third = (sessions.open(name) for name in ("1", "2", "3"))
        assert [one.id in sessions for one in (first, second, third)] == [False, True, True]
        assert sessions.of(f"{first.prefix}/v1/batch") == ("", f"{first.prefix}/v1/batch")
        assert sessions.of(f"{third.prefix}/v1/batch") == (third.id, "/v1/batch")
        assert sessions.of(third.prefix) == ("", third.prefix)
    with closing(Store(path, setup=Setup())) as again:
        assert [one for one, _ in again.sessions.newest(9)] == [third, second]


def codes(answer: tuple[int, Any]) -> dict[str, tuple[int, bool]]:
    assert answer[0] == 200, answer
    return {row["code"]: (row["count"], row["once"]) for row in answer[1]["findings"]}


def test_what_a_session_is_told_does_not_depend_on_others() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        one, two = await opened(client), await opened(client)
        for prefix in (one["prefix"], two["prefix"], ""):
            await batch(client, prefix, who("ann", firstName="Ann"), who("ann", firstName="Ann"))
        await batch(client, two["prefix"], who("ANN", firstName=1))
        for session in (one["id"], two["id"]):
            found = codes(await fetch(client, f"/_/findings?session={session}"))
            assert found["KEY_LOWERCASED"] == (1, True), "not only the first session's name is new"
        assert "ID_CASE_VARIANT" not in codes(await fetch(client, f"/_/findings?session={one['id']}"))
        found = codes(await fetch(client, f"/_/findings?session={two['id']}"))
        assert (found["ID_CASE_VARIANT"], found["TYPE_CHANGED"]) == ((1, False), (1, False))
        assert codes(await fetch(client, "/_/findings"))["KEY_LOWERCASED"] == (3, True)

    talk(what)


def test_what_is_forgotten_is_told_anew() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        one, two = await opened(client), await opened(client)

        async def told(session: dict[str, Any]) -> bool:
            await batch(client, session["prefix"], who("ann", firstName="Ann"))
            page = await fetch(client, f"/_/findings?session={session['id']}")
            return "KEY_LOWERCASED" in codes(page)

        assert (await told(one), await told(two)) == (True, True)
        async with client.delete(f"/_/calls?session={one['id']}", headers=CHANGE) as answer:
            assert answer.status == 200
        assert await told(one)
        for method, path in (("DELETE", "/_/calls"), ("POST", "/_/reset")):
            assert await status(client, method, path, b"", **CHANGE) == 200
            assert (await told(one), await told(two)) == (True, True)

    talk(what)


def test_state_summary_and_timeline_of_a_session() -> None:
    async def main() -> None:
        plan = Plan(port=0, with_proxy=False)
        async with (
            Session(plan, Nobody()) as session,
            aiohttp.ClientSession(base_url=session.home.url) as client,
        ):
            one, two = await opened(client), await opened(client)
            await batch(client, one["prefix"], who("ann", plan="pro"), {"type": "page", "userId": "ann"})
            await batch(client, two["prefix"], who("bob"), who("ann", plan="max"), {"type": "identify"})
            assert await status(client, "POST", f"{two['prefix']}/v1/identfy", b"{}") == 404
            assert (await fetch(client, "/_/wait?delivery=delivered&count=3&timeout=20"))[0] == 200
            asked = {name: f"session={name}" for name in (one["id"], two["id"])}
            states = [(await fetch(client, f"/_/state?{query}"))[1] for query in asked.values()]
            assert [sorted(state["visitors"]) for state in states] == [["ann"], ["ann", "bob"]]
            _, record = await fetch(client, f"/_/state?{asked[one['id']]}&visitor=ann")
            assert record["metadata"]["segmentio"] == {"plan": "pro"}
            assert [change["value"] for change in record["history"]["fields"]["plan"]] == ["pro"]
            assert (await fetch(client, f"/_/state?{asked[one['id']]}&visitor=bob"))[0] == 404
            pipelines = [(await fetch(client, f"/_/summary?{query}"))[1] for query in asked.values()]
            counted = [
                [
                    told["pipeline"][name]
                    for name in ("requests", "refused", "received", "dropped", "delivered")
                ]
                for told in pipelines
            ]
            assert counted == [[1, 0, 2, 0, 1], [2, 1, 3, 1, 2]]
            assert [told["records"]["visitors"] for told in pipelines] == [1, 2]
            assert [told["newestAttempt"] is not None for told in pipelines] == [True, True]
            for query, calls, refused, delivered in zip(
                ["", *asked.values()], [5, 2, 3], [1, 0, 1], [3, 1, 2], strict=True
            ):
                _, strip = await fetch(client, f"/_/timeline?{query}")
                sums = [sum(bar[name] for bar in strip["bars"]) for name in ("calls", "refused", "delivered")]
                assert sums == [calls, refused, delivered], query
            for path in ("state", "summary", "timeline"):
                assert (await fetch(client, f"/_/{path}?session=000000000000"))[0] == 404

    asyncio.run(main())

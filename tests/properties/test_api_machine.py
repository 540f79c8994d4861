"""The API under `/_/` over a run: whatever is asked in between, it lists what came, in order, once."""

import asyncio
import json
from typing import Any

import aiohttp
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from segment_pendo.mapping.catalogue import find
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.home import Home
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store

TYPES = ["identify", "page", "Identify", "track"]
USERS = ["a", "b", "a b", "é", "'; drop table calls; --"]
NAMES = ["plan", "Plan", "__proto__", "a b", "É", ""]
CALLS = st.builds(
    lambda kind, user, name: {
        "type": kind,
        "userId": user,
        "event": "Signed Up",
        "traits" if kind == "identify" else "properties": {name: 1},
    },
    st.sampled_from(TYPES),
    st.sampled_from(USERS),
    st.sampled_from(NAMES),
)
OUTCOME = {"identify": "webhook", "page": "skipped", "Identify": "skipped", "track": "skipped"}
DROPPED = {"Identify"}  # by Segment itself


def sent(call: dict[str, Any]) -> str:
    """The name of the trait or property of a call."""
    return str(next(iter(call.get("traits") or call.get("properties") or {})))


def words(call: dict[str, Any], row: dict[str, Any]) -> str:
    """What the words of `q` are looked for in: what the call says, and the codes of its row."""
    codes = [row["code"] or "", *(finding["code"] for finding in row["findings"])]
    return " ".join((call["type"], call["userId"], "Signed Up", sent(call), *codes)).casefold()


def levels(row: dict[str, Any]) -> list[str]:
    """The levels of a row's findings, and of why it was skipped."""
    code = find(row["code"]) if row["code"] else None
    return [*(finding["level"] for finding in row["findings"]), *([code[1].level] if code else [])]


CHANGE = {"X-Segment-Pendo": "1"}


class Api(RuleBasedStateMachine):
    """A home port; `calls` is what it must list."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.calls: list[dict[str, Any]] = []
        self.of: list[str] = []  # the session of each of the calls, '' where it has none
        self.sessions: list[str] = []
        self.client, self.home, self.store = self.runner.run(self._open())

    async def _open(self) -> tuple[aiohttp.ClientSession, Home, Store]:
        store = Store(None, setup=Setup())
        home = Home(Relay([store], setup=Setup()), store)
        await home.start(0)
        return aiohttp.ClientSession(base_url=home.url), home, store

    def ask(self, method: str, path: str, body: Any = None, **how: Any) -> tuple[int, Any]:
        async def asked() -> tuple[int, Any]:
            data = None if body is None else json.dumps(body)
            async with self.client.request(method, path, data=data, **how) as answer:
                return answer.status, await answer.json(content_type=None)

        return self.runner.run(asked())

    def listed(self, limit: int = 100, cursor: str = "after", **filters: Any) -> list[Any]:
        """All rows, page by page."""
        rows: list[Any] = []
        at = ""
        while True:
            status, page = self.ask("GET", "/_/calls", params={**filters, "limit": limit, cursor: at})
            assert status == 200, page
            rows += page["calls"]
            at = page["next"]
            if not page["calls"]:
                return rows

    @rule(calls=st.lists(CALLS, min_size=1, max_size=4), data=st.data())
    def send(self, calls: list[dict[str, Any]], data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(["", *self.sessions]))
        path = f"/s/{session}/v1/batch" if session else "/v1/batch"
        assert self.ask("POST", path, {"batch": calls})[0] == 200
        self.calls += calls
        self.of += [session] * len(calls)

    @rule()
    def opens_a_session(self) -> None:
        status, session = self.ask("POST", "/_/sessions", headers=CHANGE)
        assert status == 201
        self.sessions.append(session["id"])

    @rule()
    def sessions_have_their_own_calls(self) -> None:
        for session in self.sessions:
            mine = [call["userId"] for call, of in zip(self.calls, self.of, strict=True) if of == session]
            rows = self.listed(session=session)
            assert [(row["user"], row["session"]) for row in rows] == [(user, session) for user in mine]

    @precondition(lambda self: self.sessions)
    @rule(data=st.data())
    def clears_a_session(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(self.sessions))
        path = f"/_/calls?session={session}"
        assert self.ask("DELETE", path, headers=CHANGE)[0] == 200
        left = [pair for pair in zip(self.calls, self.of, strict=True) if pair[1] != session]
        self.calls, self.of = [call for call, _ in left], [of for _, of in left]
        waiting = [call for call in self.calls if OUTCOME[call["type"]] == "webhook"]
        assert self.store.outbox.left() == len(waiting)

    @rule(limit=st.integers(1, 4))
    def pages(self, limit: int) -> None:
        rows = self.listed(limit)
        assert [(row["type"], row["user"]) for row in rows] == [
            (call["type"], call["userId"]) for call in self.calls
        ]
        assert len({row["id"] for row in rows}) == len(rows)
        back = self.listed(limit, "before", newest="1")
        assert [row["id"] for row in back] == [row["id"] for row in reversed(rows)]

    @rule(call=CALLS)
    def filters(self, call: dict[str, Any]) -> None:
        kind, user = call["type"], call["userId"]
        mine = [one for one in self.calls if one["userId"] == user]
        assert len(self.listed(user=user)) == len(mine)
        assert len(self.listed(user=user, type=kind)) == len([one for one in mine if one["type"] == kind])
        outcomes = [OUTCOME[one["type"]] for one in self.calls]
        assert len(self.listed(outcome="webhook")) == outcomes.count("webhook")
        assert len(self.listed(delivery="waiting,dead")) == outcomes.count("webhook")

    @rule(name=st.sampled_from(NAMES), newest=st.booleans())
    def finds(self, name: str, *, newest: bool) -> None:
        way: dict[str, Any] = {"cursor": "before", "newest": "1"} if newest else {}
        with_name = [one for one in self.calls if sent(one) == name]
        assert len(self.listed(trait=name, **way)) == len(with_name)
        looked_for = [
            row["id"]
            for one, row in zip(self.calls, self.listed(), strict=True)
            if all(part in words(one, row) for part in name.casefold().split())
        ]
        found = [row["id"] for row in self.listed(q=name, **way)]
        assert (found[::-1] if newest else found) == looked_for
        dropped = [one for one in self.calls if one["type"] in DROPPED]
        assert len(self.listed(outcome="dropped", **way)) == len(dropped)
        assert len(self.listed(event="Signed Up", **way)) == len(self.calls)
        assert self.listed(event="signed up", **way) == []

    @rule(level=st.sampled_from(["error", "warning", "info"]))
    def worst(self, level: str) -> None:
        order = ["error", "warning", "info"]
        as_bad = [
            row["id"]
            for row in self.listed()
            if any(order.index(one) <= order.index(level) for one in levels(row))
        ]
        assert [row["id"] for row in self.listed(level=level)] == as_bad

    @rule(
        query=st.sampled_from(
            [
                "usr=a",
                "user=a&user=b",
                "outcome=webhok",
                "level=warn",
                "code=NESTED",
                "delivery=waiting,x",
                "door=",
                "limit=1.5",
                "newest=yes",
                "newest=1&after=",
                "before=1.0",
                "newest=1&before=x",
                "USER=a",
            ]
        )
    )
    def misspells(self, query: str) -> None:
        status, answer = self.ask("GET", f"/_/calls?{query}")
        assert (status, bool(answer["error"])) == (400, True)

    @rule(count=st.integers(0, 3))
    def waits(self, count: int) -> None:
        # Nothing is delivered here, so webhooks wait for ever; what was skipped is settled.
        settled = sum(OUTCOME[call["type"]] == "skipped" for call in self.calls)
        status, _ = self.ask("GET", "/_/wait", params={"count": count, "timeout": 0})
        assert status == (200 if settled >= count else 408)

    @rule()
    def explains_each(self) -> None:
        for row in self.listed():
            status, explained = self.ask("GET", "/_/explain", params={"call": row["id"]})
            assert (status, explained["user"], bool(explained["fate"])) == (200, row["user"], True)

    @rule(path=st.sampled_from(["/_/nothing", "/_/calls/x", "/_/explain?call=none"]))
    def unknown(self, path: str) -> None:
        assert self.ask("GET", path)[0] == 404

    @rule(header=st.booleans())
    def clear(self, *, header: bool) -> None:
        status, _ = self.ask("DELETE", "/_/calls", headers=CHANGE if header else {})
        assert status == (200 if header else 403)
        if header:
            self.calls, self.of = [], []

    @invariant()
    def counts(self) -> None:
        status, health = self.ask("GET", "/_/health")
        assert (status, health["totals"]["calls"]) == (200, len(self.calls))

    def teardown(self) -> None:
        async def close() -> None:
            await self.client.close()
            await self.home.stop()
            self.store.close()

        self.runner.run(close())
        self.runner.close()


TestApi = Api.TestCase
TestApi.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)

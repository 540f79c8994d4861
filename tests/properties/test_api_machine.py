"""The API under `/_/` over a run: whatever is asked in between, it lists what came, in order, once."""

import asyncio
import json
from typing import Any

import aiohttp
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.home import Home
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store

CALLS = st.builds(
    lambda kind, user: {"type": kind, "userId": user},
    st.sampled_from(["identify", "page", "Identify"]),
    st.sampled_from(["a", "b", "a b", "é", "'; drop table calls; --"]),
)
OUTCOME = {"identify": "webhook", "page": "skipped", "Identify": "skipped"}
CHANGE = {"X-Segment-Pendo": "1"}


class Api(RuleBasedStateMachine):
    """A home port; `calls` is what it must list."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.calls: list[dict[str, Any]] = []
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

    def listed(self, limit: int = 100, **filters: str) -> list[Any]:
        """All rows, page by page."""
        rows: list[Any] = []
        after = ""
        while True:
            status, page = self.ask("GET", "/_/calls", params={**filters, "limit": limit, "after": after})
            assert status == 200, page
            rows += page["calls"]
            after = page["next"]
            if not page["calls"]:
                return rows

    @rule(calls=st.lists(CALLS, min_size=1, max_size=4))
    def send(self, calls: list[dict[str, Any]]) -> None:
        assert self.ask("POST", "/v1/batch", {"batch": calls})[0] == 200
        self.calls += calls

    @rule(limit=st.integers(1, 4))
    def pages(self, limit: int) -> None:
        rows = self.listed(limit)
        assert [(row["type"], row["user"]) for row in rows] == [
            (call["type"], call["userId"]) for call in self.calls
        ]
        assert len({row["id"] for row in rows}) == len(rows)

    @rule(call=CALLS)
    def filters(self, call: dict[str, Any]) -> None:
        kind, user = call["type"], call["userId"]
        mine = [one for one in self.calls if one["userId"] == user]
        assert len(self.listed(user=user)) == len(mine)
        assert len(self.listed(user=user, type=kind)) == len([one for one in mine if one["type"] == kind])
        outcomes = [OUTCOME[one["type"]] for one in self.calls]
        assert len(self.listed(outcome="webhook")) == outcomes.count("webhook")

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
            self.calls = []

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

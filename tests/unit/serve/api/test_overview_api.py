"""What the API says of a run as a whole, and sending a webhook again."""

import asyncio
import io
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from destinations import TWO, setup_of
from tests.unit.serve.api.test_inspector import send
from tests.unit.serve.test_home import fetch, status, talk

from segment_pendo import __version__
from segment_pendo.cli.run.report import Reporter
from segment_pendo.cli.terminal.row_lines import judged_and_line
from segment_pendo.mapping.catalogue import DROPS, FINDINGS
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.api import overview_api
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.home import Home
from segment_pendo.serve.session import Plan, Session
from segment_pendo.serve.store import Store
from segment_pendo.words import Attempt, CallRef, Destination, Receipt, State

CHANGE = {"X-Segment-Pendo": "1"}
SECRET = "a-secret-of-webhooks"


class Nobody:
    def take(self, _receipt: Receipt) -> None:
        """Do nothing."""


async def again(client: aiohttp.ClientSession, body: Any, **headers: str) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client.post("/_/send-again", data=data, headers=headers or CHANGE) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("code", [code for code, known in FINDINGS.items() if known.example.startswith("{")])
def test_the_page_and_the_terminal_count_the_same_calls_as_whole(code: str) -> None:
    async def main() -> None:
        setup = Setup.of(track=True)
        reporter = Reporter(io.StringIO(), "text", setup=setup)
        plan = Plan(port=0, with_proxy=False, setup=setup)
        async with (
            Session(plan, reporter, reporter.heard) as session,
            aiohttp.ClientSession(base_url=session.home.url) as client,
        ):
            batch = {"batch": [json.loads(line) for line in FINDINGS[code].example.splitlines()]}
            assert await status(client, "POST", "/v1/batch", json.dumps(batch).encode()) == 200
            assert session.delivery is not None
            await session.delivery.drain(None)
            _, summary = await fetch(client, "/_/summary")
            _, listed = await fetch(client, "/_/calls?outcome=webhook")
            reporter.finish()
            ends, steps = reporter.ends, summary["pipeline"]
            tones = [judged_and_line(row, setup)[1] for row in listed["calls"]]
        lossy = sum(line.end != "whole" for line in tones)
        assert steps["lossy"] == ends["part"] + ends["nothing"] == lossy
        assert steps["delivered"] - steps["lossy"] == ends["whole"]

    asyncio.run(main())


def test_refused_requests_are_listed_without_their_keys() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await status(client, "POST", "/v1/batch", b"{")
        await send(client)
        await status(client, "POST", "/v1/projects/Wk3y9Wk3y9Wk3y9Wk3y9Wk3y9Wk3y9Wk/nothing", b"{}")
        _, page = await fetch(client, "/_/refused")
        first, second = page["refused"]
        assert (first["status"], first["path"], first["code"] != "") == (400, "/v1/batch", True)
        assert set(first) == {"id", "time", "status", "code", "reason", "path"}
        assert "Wk3y9Wk3y9Wk3y9Wk3y9Wk3y9Wk3y9Wk" not in json.dumps(second)
        _, newest = await fetch(client, "/_/refused?newest=1&limit=1")
        assert newest["refused"] == [second]
        _, older = await fetch(client, f"/_/refused?newest=1&before={newest['next']}")
        assert older["refused"] == [first]
        _, later = await fetch(client, f"/_/refused?after={page['next']}")
        assert later["refused"] == []
        assert (await fetch(client, "/_/refused?before=1.0"))[0] == 400

    talk(what)


def test_the_codes_of_all_calls_are_counted() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        assert (await fetch(client, "/_/findings"))[1] == {"findings": []}
        await send(client)
        await send(client)
        _, answer = await fetch(client, "/_/findings")
        by_code = {row["code"]: row for row in answer["findings"]}
        _, page = await fetch(client, "/_/calls?code=NESTED_IGNORED")
        row = by_code["NESTED_IGNORED"]
        assert [row["first"], row["last"]] == [call["id"] for call in page["calls"]]
        assert (row["count"], row["level"]) == (2, "warning")
        assert row["means"]
        assert row["do"]
        for code, known in by_code.items():
            _, page = await fetch(client, f"/_/calls?code={code}")
            assert known["count"] == len(page["calls"]), code
            least = known["level"]
            _, page = await fetch(client, f"/_/calls?code={code}&level={least}")
            assert known["count"] == len(page["calls"]), (code, least)
        levels = [["error", "warning", "info"].index(row["level"]) for row in answer["findings"]]
        assert levels == sorted(levels)

    talk(what)


def test_the_summary_counts_each_step_and_shows_no_secret() -> None:
    plan = Plan(
        port=0,
        with_proxy=False,
        setup=replace(Setup(), secret=SECRET),
        to=Destination("data.pendo.example", "http://127.0.0.1:1", "k-secret-key", loopback=True),
        deliver=False,
        mute=("X",),
    )

    async def main() -> None:
        async with (
            Session(plan, Nobody()) as session,
            aiohttp.ClientSession(base_url=session.home.url) as client,
        ):
            await status(client, "POST", "/v1/batch", b"{")
            await send(client)
            _, summary = await fetch(client, "/_/summary")
            assert summary["pipeline"] == {
                "requests": 2, "refused": 1, "received": 4, "dropped": 1, "unselected": 1, "webhooks": 2,
                "waiting": 2, "delivered": 0, "held": 0, "dead": 0, "lossy": 1, "errors": 1, "warnings": 2,
            }  # fmt: skip
            for count, level in (("errors", "error"), ("warnings", "warning")):
                _, page = await fetch(client, f"/_/calls?level={level}")
                assert len(page["calls"]) == summary["pipeline"][count], level
            assert (summary["newestAttempt"], summary["region"], summary["mute"]) == (None, "", ["X"])
            assert summary["records"] == {"visitors": 0, "accounts": 0}
            assert (summary["version"], summary["destination"]) == (__version__, "data.pendo.example")
            assert summary["addresses"] == session.addresses()
            assert summary["setup"] == {
                "track": False,
                "webhook": "actions",
                "assume": {},
                "destination": None,
            }
            assert (summary["delivers"], "secret" in json.dumps(summary)) == (False, False)
            _, page = await fetch(client, "/_/calls?level=warning&outcome=webhook")
            assert len(page["calls"]) == summary["pipeline"]["lossy"]
            assert (await again(client, {"call": page["calls"][0]["id"]}))[0] == 409

    asyncio.run(main())


def test_the_newest_attempt_to_this_destination_is_told() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        await send(client)
        _, page = await fetch(client, "/_/calls?outcome=webhook")
        first, second = (CallRef.read(call["id"]) for call in page["calls"])
        assert first is not None
        assert second is not None
        store.outbox.attempted(first, Attempt(1, datetime(2024, 5, 9, tzinfo=UTC), 200, "", "delivered"))
        at = datetime(2024, 5, 10, tzinfo=UTC)
        store.outbox.attempted(second, Attempt(1, at, 403, "the key is wrong", "dead"))
        _, summary = await fetch(client, "/_/summary")
        assert summary["newestAttempt"] == {
            "call": str(second), "time": "2024-05-10T00:00:00.000Z", "state": "dead", "status": 403,
            "detail": "the key is wrong",
        }  # fmt: skip
        assert store.database.execute("select count(*) from destinations").fetchone() == (1,)

    talk(what)


def test_a_call_of_several_mappings_is_received_once() -> None:
    async def main() -> None:
        async with (
            Session(Plan(port=0, with_proxy=False, setup=setup_of(TWO)), Nobody()) as session,
            aiohttp.ClientSession(base_url=session.home.url) as client,
        ):
            both = {"type": "identify", "userId": "ann", "traits": {"plan": "pro"}}
            neither = {"type": "group", "userId": "ann", "groupId": "acme"}
            await status(client, "POST", "/v1/batch", json.dumps({"batch": [both, neither]}).encode())
            _, summary = await fetch(client, "/_/summary")
            _, page = await fetch(client, "/_/calls")
            pipeline = summary["pipeline"]
            assert (pipeline["received"], len(page["calls"])) == (2, 3)
            assert [pipeline[step] for step in ("webhooks", "unselected", "dropped")] == [2, 1, 0]

    asyncio.run(main())


def test_records_are_searched_and_paged() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        for number in range(5):
            body = {"type": "identify", "userId": f"u-{number}", "traits": {"Plan": "Pro" if number else 7}}
            await status(client, "POST", "/data/segmentio/k", json.dumps(body).encode())
        _, page = await fetch(client, "/_/records?kind=visitor&limit=2")
        assert [row["id"] for row in page["records"]] == ["u-0", "u-1"]
        assert (page["total"], page["records"][0]["metadata"]["segmentio"]) == (5, {"plan": 7})
        _, rest = await fetch(client, f"/_/records?kind=visitor&after={page['next']}")
        assert [row["id"] for row in rest["records"]] == ["u-2", "u-3", "u-4"]
        for q, count in (("pro", 4), ("PLAN", 5), ("U-3", 1), ("7", 1), ("nothing", 0)):
            _, found = await fetch(client, f"/_/records?kind=visitor&q={q}")
            assert (found["total"], len(found["records"])) == (count, count), q
        assert (await fetch(client, "/_/records?kind=account"))[1] == {
            "records": [],
            "total": 0,
            "next": None,
        }
        for wrong in ("kind=visitors", "", "kind=visitor&limit=x", "kind=visitor&id=u"):
            assert (await fetch(client, f"/_/records?{wrong}"))[0] == 400

    talk(what)


def test_a_delivered_webhook_is_sent_again_once() -> None:
    async def main() -> None:
        plan = Plan(port=0, with_proxy=False, how=How())
        attempts: list[tuple[str, int]] = []
        async with (
            Session(plan, Nobody(), lambda ref, one: attempts.append((str(ref), one.number))) as session,
            aiohttp.ClientSession(base_url=session.home.url) as client,
        ):
            await send(client)
            _, page = await fetch(client, "/_/wait?delivery=delivered&count=2&timeout=20")
            first = page["calls"][0]["id"]
            took = session.home.loopback_pendo.took
            assert await again(client, {"call": first}) == (200, {"status": "sent again", "call": first})
            await session.delivery.drain(20) if session.delivery else None
            assert session.home.loopback_pendo.took == took + 1
            assert attempts.count((first, 2)) == 1
            _, explained = await fetch(client, f"/_/explain?call={first}")
            assert [attempt["state"] for attempt in explained["attempts"]] == ["delivered"] * 2
            left = session.store.database.execute("select sum(open) from receipts").fetchone()
            assert left == (0,)
            skipped = (await fetch(client, "/_/calls?outcome=skipped"))[1]["calls"][0]["id"]
            assert (await again(client, {"call": skipped}))[0] == 409

    asyncio.run(main())


def test_a_dead_webhook_waits_again_and_a_held_one_does_not() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        await send(client)
        _, page = await fetch(client, "/_/calls?outcome=webhook")
        dead, held = (call["id"] for call in page["calls"])
        ends: list[tuple[str, State]] = [(dead, "dead"), (held, "held")]
        for name, state in ends:
            receipt, _, index = name.partition(".")
            attempt = Attempt(1, datetime.now(UTC), 500, "", state)
            store.outbox.attempted(CallRef(receipt, int(index)), attempt)
        assert (await again(client, {"call": dead}))[0] == 200
        assert store.outbox.left() == 1
        code, answer = await again(client, {"call": held})
        assert (code, "held back" in answer["error"]) == (409, True)

    talk(what, look=lambda: None)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"call": "none-1.0"}, 404),
        ({"call": "x"}, 404),
        ({"call": 5}, 400),
        ({"call": "x", "more": 1}, 400),
        ([], 400),
        (b"{", 400),
        (b"[" * 100_000, 400),
    ],
)
def test_sending_again_tells_what_it_cannot(body: Any, code: int) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        answered, answer = await again(client, body)
        assert (answered, bool(answer["error"])) == (code, True)
        assert (await again(client, {"call": "x"}, Accept="*/*"))[0] == 403

    talk(what, look=lambda: None)


def test_the_page_knows_which_skipped_calls_are_no_loss() -> None:
    words = (Path(overview_api.__file__).parent / "page" / "words.js").read_text("utf-8")
    listed = words.partition("CHOSEN = new Set([")[2].partition("])")[0]
    chosen = {name for name, code in DROPS.items() if code.level == "info"}
    assert set(re.findall(r'"(\w+)"', listed)) == chosen


def test_reset_forgets_calls_records_and_faults_and_keeps_sessions() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        session = store.sessions.open()
        await send(client)
        await status(client, "POST", "/data/segmentio/k", b'{"type": "identify", "userId": "u"}')
        await status(client, "POST", "/_/faults", b'[{"status": 503}]', **CHANGE)
        assert await status(client, "POST", "/_/reset") == 403
        assert (await fetch(client, "/_/records?kind=visitor"))[1]["total"] == 1
        assert await status(client, "POST", "/_/reset", b"", **CHANGE) == 200
        assert (await fetch(client, "/_/calls"))[1]["calls"] == []
        assert (await fetch(client, "/_/records?kind=visitor"))[1]["total"] == 0
        assert (await fetch(client, "/_/faults"))[1]["faults"] == []
        assert store.outbox.left() == 0
        assert (await fetch(client, f"/_/calls?session={session.id}"))[0] == 200

    talk(what)

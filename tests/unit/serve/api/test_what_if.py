"""What if the destination were set up otherwise: which calls change, and what is refused."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from destinations import TWO, setup_of
from tests.unit.serve.api.test_inspector import send
from tests.unit.serve.api.test_overview_api import Nobody
from tests.unit.serve.test_home import fetch, status, talk

from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment.switches import Switches
from segment_pendo.serve.home import Home
from segment_pendo.serve.session import Plan, Session
from segment_pendo.serve.store import Store


def test_without_a_question_it_says_what_can_be_asked() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await send(client)
        _, answer = await fetch(client, "/_/what-if")
        assert answer["setup"] == {"track": False, "webhook": "actions", "file": False}
        assert (answer["looked"], answer["rows"]) == (0, [])
        names = {entry["name"] for entry in answer["switches"]}
        assert names == set(Switches.__dataclass_fields__) | set(PendoSwitches.__dataclass_fields__)
        for entry in answer["switches"]:
            assert entry["value"] in entry["values"], entry

    talk(what)


def test_the_calls_that_would_end_otherwise_are_told_and_stay_as_they_are() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, store: Store) -> None:
        await send(client)
        _, before = await fetch(client, "/_/calls")
        _, answer = await fetch(client, "/_/what-if?track=1")
        assert (answer["setup"]["track"], answer["looked"], answer["changed"]) == (True, 4, 1)
        assert answer["was"] == {"webhooks": 2, "unselected": 1, "dropped": 1}
        assert answer["now"] == {"webhooks": 3, "dropped": 1}
        (row,) = answer["rows"]
        track = next(call for call in before["calls"] if call["type"] == "track")
        assert row["id"] == track["id"]
        assert ("track is off" in row["was"], "delivered as track event" in row["now"]) == (True, True)
        _, explained = await fetch(client, f"/_/explain?call={row['id']}&track=1")
        assert (explained["outcome"], explained["delivery"]) == ("webhook", None)
        assert json.loads(explained["body"])["event"] == "Signed Up"
        assert (await fetch(client, "/_/calls"))[1] == before
        assert (await fetch(client, f"/_/explain?call={row['id']}"))[1]["outcome"] == "skipped"
        assert store.outbox.left() == 2

    talk(what)


def test_an_assumption_changes_what_pendo_shows() -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await send(client)
        _, answer = await fetch(client, "/_/what-if?assume=nested=dot")
        (row,) = answer["rows"]
        _, explained = await fetch(client, f"/_/explain?call={row['id']}&assume=nested=dot")
        assert explained["effect"]["visitor"]["metadata"]["address.city"] == "Bern"
        _, explained = await fetch(client, f"/_/explain?call={row['id']}")
        assert "address.city" not in explained["effect"]["visitor"]["metadata"]

    talk(what)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("track=yes", "track must be 1 or 0"),
        ("webhook=clasic", "webhook is one of actions, classic"),
        ("assume=nestd=dot", "Did you mean nested?"),
        ("assume=nested=dots", "nested is one of"),
        ("assume=classic_dates=rewritten", "classic_dates has an effect only where webhook is classic"),
        ("trak=1", "did you mean track?"),
    ],
)
def test_what_does_not_exist_is_refused(query: str, said: str) -> None:
    async def what(client: aiohttp.ClientSession, _home: Home, _store: Store) -> None:
        await send(client)
        _, page = await fetch(client, "/_/calls?limit=1")
        for path in ("/_/what-if?", f"/_/explain?call={page['calls'][0]['id']}&"):
            code, answer = await fetch(client, path + query)
            assert (code, said in answer["error"]) == (400, True), answer

    talk(what)


def test_what_the_destination_file_says_stays() -> None:
    async def main() -> None:
        async with (
            Session(Plan(port=0, with_proxy=False, setup=setup_of(TWO)), Nobody()) as session,
            aiohttp.ClientSession(base_url=session.home.url) as client,
        ):
            call: Any = {"type": "identify", "userId": "u", "traits": {"plan": "pro", "a": {"b": 1}}}
            await status(client, "POST", "/v1/batch", json.dumps({"batch": [call]}).encode())
            code, answer = await fetch(client, "/_/what-if?track=1")
            assert (code, "the destination file says this" in answer["error"]) == (400, True)
            _, answer = await fetch(client, "/_/what-if?assume=nested=dot")
            assert (answer["setup"]["file"], answer["looked"], answer["changed"]) == (True, 2, 1)

    asyncio.run(main())

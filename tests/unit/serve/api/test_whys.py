"""`/_/why` at the home port: answered from the store."""

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from destinations import IDENTIFY, setup_of

from segment_pendo.base.steps import finished
from segment_pendo.base.times import parse
from segment_pendo.explain.why.whys import Question
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.api.whys import why_in_steps
from segment_pendo.serve.home import Home
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Database, Store
from segment_pendo.words import Attempt, CallRef, Json, Receipt, SdkRequest

AT: Any = parse("2024-05-09T10:00:00Z")


def identify(user: Any = "ann", **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits}


def receipt(name: str, *calls: Any, setup: Setup | None = None) -> Receipt:
    body = json.dumps({"batch": [*calls]}).encode()
    return assess(SdkRequest("POST", "/v1/batch", body=body), id=name, at=AT, setup=setup or Setup())


def fill(store: Store, *receipts: Receipt) -> Store:
    """Take receipts, and deliver each webhook of theirs."""
    for taken in receipts:
        store.take(taken)
        for judged in taken.each:
            if judged.webhook:
                store.outbox.attempted(taken.ref(judged), Attempt(1, AT, 200, "", "delivered"))
    return store


def ask(store: Store, id: str, trait: str | None = None, kind: Any = "visitor") -> Any:
    return finished(why_in_steps(store.database, Question(kind, id, trait))).row()


def get(path: str) -> tuple[int, Any]:
    """The answer of a home port whose store has a few calls."""

    async def main() -> tuple[int, Any]:
        store = Store(None, setup=Setup())
        fill(store, receipt("R", identify(firstName="Ann"), identify("bob", role="x")))
        home = Home(Relay([store], setup=Setup()), store)
        await home.start(0)
        try:
            async with aiohttp.ClientSession(base_url=home.url) as client, client.get(path) as answer:
                return answer.status, await answer.json(content_type=None)
        finally:
            await home.stop()
            store.close()

    return asyncio.run(main())


def test_the_route() -> None:
    status, row = get("/_/why?user=ann&trait=firstName")
    assert (status, row["there"], row["reason"]) == (200, False, "renamed")
    assert row["sent"]["same"]["last"][0]["call"] == "R.0"
    assert [line["label"] for line in row["lines"]] == ["sent", "arrives", "because", "do", "look"]
    assert get("/_/why?user=ann")[1]["fields"][0]["field"] == "firstname"
    assert get("/_/why?group=acme")[1]["verdict"] == "No: no call names account acme."


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "give user=ID or group=ID"),
        ("?trait=a", "give user=ID or group=ID"),
        ("?user=a&group=b", "give user=ID or group=ID"),
        ("?usr=a", "did you mean user?"),
    ],
)
def test_a_query_that_is_wrong(query: str, said: str) -> None:
    status, row = get(f"/_/why{query}")
    assert status == 400
    assert said in row["error"]


@pytest.mark.parametrize(
    "query", ["?user=%00%1b", "?user=%ed%a0%80", "?user=&trait=", "?user=a&trait=%F0%9F"]
)
def test_hostile_queries_are_answered(query: str) -> None:
    status, row = get(f"/_/why{query}")
    assert status == 200
    assert row["verdict"].isprintable()


def test_others_are_found_beyond_the_calls_of_the_user() -> None:
    store = Store(None, setup=Setup())
    anonymous = {"type": "identify", "anonymousId": "a-1", "traits": {"lang": "de"}}
    fill(store, receipt("R", anonymous, identify() | {"anonymousId": "a-1"}))
    fill(store, receipt("S", *(identify(f"u-{number}", plan="pro") for number in range(4))))
    assert ask(store, "ann", "plan")["others"] == {"count": 4, "partial": False, "ids": ["u-0", "u-1", "u-2"]}
    assert ask(store, "ann", "lang")["reason"] == "anonymous"
    assert ask(store, "u-9")["nearest"]["id"] is not None
    store.close()


def test_an_alias_of_who_is_asked_about_is_found() -> None:
    store = Store(None, setup=Setup())
    anonymous = {"type": "identify", "anonymousId": "a-1", "traits": {"lang": "de"}}
    fill(store, receipt("R", anonymous, {"type": "alias", "userId": "ann", "previousId": "a-1"}))
    for trait in (None, "lang"):
        lines = {line["label"]: line["text"] for line in ask(store, "a-1", trait)["lines"]}
        assert "it is ann" in lines["alias"]
    store.close()


def test_a_delivery_that_failed() -> None:
    store = Store(None, setup=Setup())
    store.take(receipt("R", identify(plan="pro")))
    assert "not delivered yet (waiting)" in ask(store, "ann", "plan")["verdict"]
    store.outbox.attempted(CallRef("R", 0), Attempt(1, AT, 403, "Pendo answered 403; given up", "dead"))
    row = ask(store, "ann", "plan")
    assert (row["reason"], row["sent"]["same"]["last"][0]["status"]) == ("undelivered", 403)
    store.close()


def test_an_id_that_a_mapping_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segment_pendo.serve.api.whys._MOST_OTHERS", 0)  # it is no call of others
    mapping: Json = {
        "data": {"type": "identify", "userId": "x", "traits": {"@path": "$.traits"}, "messageId": "m"}
    }
    setup = setup_of({"mappings": [{"name": "one", "trigger": IDENTIFY, "mapping": mapping}]})
    store = Store(None, setup=setup)
    fill(store, receipt("R", identify(plan="pro"), setup=setup))
    assert ask(store, "x", "plan")["there"]
    assert ask(store, "ann", "plan")["reason"] == "other_record"
    store.close()


def test_an_id_that_pendo_cuts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segment_pendo.serve.api.whys._MOST_OTHERS", 0)  # it is no call of others
    store = Store(None, setup=Setup())
    fill(store, receipt("R", identify("x" * 200, plan="pro")))
    assert ask(store, "x" * 128, "plan")["there"]
    store.close()


def test_requests_that_segment_refused_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite3"
    store = Store(path, setup=Setup(), clock=AT.timestamp)
    store.take(assess(SdkRequest("POST", "/v1/identify", body=b"{"), id="R", at=AT, setup=Setup()))
    store.close()
    database = Database(path, writes=False)
    row: Any = finished(why_in_steps(database, Question("visitor", "ann"))).row()
    assert (row["refused"], row["lines"][0]["label"]) == (1, "refused")
    database.close()

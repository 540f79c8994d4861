"""What if the destination were set up otherwise: the calls are mapped again, the run stays as it is."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web

from segment_pendo.base import js_json, switch
from segment_pendo.base.steps import Steps
from segment_pendo.explain.fate import fate
from segment_pendo.explain.fields import effect_row
from segment_pendo.mapping.assess import effect_of
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment.switches import Switches
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.serve.listener import json_answer
from segment_pendo.serve.relay import in_turns
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.calls import Calls, Kept
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.receipts import AsIf
from segment_pendo.words import Json, JsonObject, Judged

__all__ = ["as_if", "what_if_answer"]

_MOST: Final = 2000  # calls that are looked at, the newest
_MOST_ROWS: Final = 200
_TURN: Final = 0.005  # seconds that this may hold the event loop at a time


def as_if(request: web.Request) -> AsIf | None:
    """Return what makes the setup that a request asks for out of another one; None: it asks for none.

    Raises ValueError for a value that does not exist; calling it, for one that does not go with the setup.
    """
    query = request.query
    asked: dict[str, Any] = {}
    if "track" in query:
        if query["track"] not in {"0", "1"}:
            msg = "track must be 1 or 0"
            raise ValueError(msg)
        asked["track"] = query["track"] == "1"
    if "webhook" in query:
        asked["webhook"] = query["webhook"]
    asked["assume"] = [pair for pair in query.get("assume", "").split(",") if pair]
    if not (asked["assume"] or len(asked) > 1):
        return None
    known: dict[bytes, Setup] = {}

    def changed(setup: Setup) -> Setup:
        name = js_json.write(setup.described())  # a destination file takes a while to read
        if name not in known:
            known[name] = setup.changed(**asked)
        return known[name]

    return changed


async def what_if_answer(store: Store, setup: Setup, request: web.Request) -> web.Response:
    """Answer `/_/what-if?track=1&webhook=classic&assume=NAME=VALUE,...`: which calls would end otherwise.

    Without a question, only what can be asked.
    """
    try:
        asked = as_if(request)
        now = setup if asked is None else asked(setup)
        found: JsonObject = {"looked": 0, "partial": False, "changed": 0, "was": {}, "now": {}, "rows": []}
        if asked is not None:
            found = await in_turns(_compared(store.database, asked), _TURN)
    except ValueError as error:
        return json_answer({"error": str(error)}, 400)
    switches: list[Json] = [*_switches(Switches, now.switches), *_switches(PendoSwitches, now.pendo)]
    return json_answer(
        {
            "setup": {"track": now.track, "webhook": now.webhook, "file": now.destination is not None},
            "webhooks": [*KINDS],
            "switches": switches,
            **found,
        }
    )


def _switches(of: type[Any], chosen: Any) -> Iterator[JsonObject]:
    for entry in switch.table(of):
        yield {
            "name": entry.name,
            "asks": entry.asks,
            "values": dict(entry.values),
            "value": getattr(chosen, entry.name),
        }


def _compared(database: Database, asked: AsIf) -> Steps[JsonObject]:
    """Return what would be otherwise, a request of an SDK a step."""
    calls = Calls(database)
    newest = database.execute(
        "select n, min(place), max(place) from "
        "(select n, place from calls order by n desc, place desc limit ?) group by n order by n desc",
        (_MOST,),
    ).fetchall()
    (total,) = database.execute("select count(*) from calls").fetchone()
    was, now = Counter[str](), Counter[str]()
    rows: list[Json] = []
    looked = changed = 0
    for number, first, last in newest:
        places = range(first, last + 1)
        otherwise = {kept.row["id"]: kept for kept in calls.of(number, places, asked)}
        for before in calls.of(number, places):
            after = otherwise.get(before.row["id"])
            if after is None:
                continue
            looked += 1
            was[_step(before.judged)] += 1
            now[_step(after.judged)] += 1
            if _seen(before) == _seen(after):
                continue
            changed += 1
            if len(rows) < _MOST_ROWS:
                rows.append(_row(before, after))
        yield None
    return {
        "looked": looked, "partial": looked < total, "changed": changed, "was": dict(was), "now": dict(now),
        "rows": rows,
    }  # fmt: skip


def _step(judged: Judged) -> str:
    """Return which step of the pipeline a call ends at, whatever becomes of its webhook."""
    if judged.webhook is not None:
        return "webhooks"
    return "dropped" if judged.message is None else "unselected"


def _seen(kept: Kept) -> tuple[object, ...]:
    """Return all in which two calls may differ."""
    judged = kept.judged
    effect = effect_of(judged, kept.setup)
    body = None if judged.webhook is None else judged.webhook.body
    return body, effect_row(effect) if effect else None, fate(judged, kept.setup, effect)


def _row(before: Kept, after: Kept) -> JsonObject:
    shown = ("id", "time", "type", "user", "group")
    return {
        **{name: before.row[name] for name in shown},
        "was": fate(before.judged, before.setup),
        "now": fate(after.judged, after.setup),
    }

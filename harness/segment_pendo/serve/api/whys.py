"""Answer why a user, an account or a trait is, or is not, in Pendo, from the calls of a store."""

import asyncio
from collections.abc import Iterator
from itertools import groupby
from typing import Any, Final, cast

from aiohttp import web

from segment_pendo.base.steps import Steps
from segment_pendo.explain.why.answers import Answer, answer
from segment_pendo.explain.why.traces import Delivery, Seen
from segment_pendo.explain.why.whys import Question, Whys
from segment_pendo.serve.listener import json_answer
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.calls import Calls, Kept
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.receipts import text
from segment_pendo.words import State

__all__ = ["why_answer", "why_in_steps"]

_MOST_OTHERS: Final = 2000  # calls of others that are looked through, the newest
_MOST_IDS: Final = 10_000
_OF_SESSION: Final = "n in (select n from receipts where session = ?)"
_PREFIX: Final = 31  # characters: of more, Pendo may cut an id


async def why_answer(store: Store, request: web.Request) -> web.Response:
    """Answer `/_/why?user=ID` or `?group=ID`, with `&trait=NAME` or without."""
    query = request.query
    if ("user" in query) == ("group" in query):
        return json_answer({"error": "give user=ID or group=ID, and perhaps trait=NAME"}, 400)
    kind: Any = "visitor" if "user" in query else "account"
    question = Question(kind, query["user" if kind == "visitor" else "group"], query.get("trait"))
    steps = why_in_steps(store.database, question, query.get("session"))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return json_answer(cast("Answer", end.value).row())
        await asyncio.sleep(0)  # others are served meanwhile


def why_in_steps(database: Database, question: Question, session: str | None = None) -> Steps[Answer]:
    """Return the answer to a question, a request of an SDK a step.

    Reads the calls of the record that is asked about, and the newest ones of others; of a `session`, only
    those that came to its address.
    """
    whys = Whys(question)
    of_it, its = ("1", ()) if session is None else (_OF_SESSION, (session,))
    where, values = _about(database, question)
    for seen in _seen(database, f"({where}) and {of_it}", (*values, *its)):
        whys.take(seen)
        yield None
    column = "user" if question.kind == "visitor" else "grp"
    (whys.refused,) = database.execute(
        f"select count(refusal) from receipts where {of_it}",  # noqa: S608 - our own words
        its,
    ).fetchone()
    known = database.execute(
        f"select distinct {column} from calls where {column} is not null and {of_it} limit ?",  # noqa: S608
        (*its, _MOST_IDS),
    ).fetchall()
    for (name,) in known:
        whys.knows(name)
    if where == "1":
        return answer(whys.answer())
    oldest = database.execute(
        f"select n from calls where {of_it} order by n desc, place desc limit 1 offset ?",  # noqa: S608
        (*its, _MOST_OTHERS),
    ).fetchone()
    whys.partial = oldest is not None
    others = f"not ({where}) and {of_it} and n > ?"
    if question.trait is None:
        # Of others, a question about a whole record needs only who was not known yet.
        who = "(user is null or type = 'alias')"  # an alias may say who an anonymous one is
        others += f" and {who}" if question.kind == "visitor" else " and 0"
    for seen in _seen(database, others, (*values, *its, oldest[0] if oldest else 0)):
        whys.take(seen)
        yield None
    return answer(whys.answer())


def _about(database: Database, question: Question) -> tuple[str, tuple[object, ...]]:
    """Return a condition that all calls meet that may be about the record."""
    # With a destination file, a mapping or function may give a call another id.
    (files,) = database.execute(
        "select exists(select 1 from setups where instr(described, '\"destination\"') > 0)"
    ).fetchone()
    if files:
        return "1", ()
    asked = text(question.id)
    column = "user" if question.kind == "visitor" else "grp"
    # Pendo cuts a long id, so that another one may mean the same visitor.
    where = f"{column} is not null and ({column} = ? or (length({column}) > {_PREFIX} and "
    where += f"substr({column}, 1, {_PREFIX}) = ?))"
    return where, (asked, asked[:_PREFIX])


def _seen(database: Database, where: str, values: tuple[object, ...]) -> Iterator[Seen]:
    """Yield the calls that meet a condition, in their order."""
    query = f"select n, place from calls where {where} order by n, place"  # noqa: S608 - our own words
    chosen = database.execute(query, values).fetchall()
    calls = Calls(database)
    for number, group in groupby(chosen, key=lambda row: row[0]):
        for kept in calls.of(number, {place for _, place in group}):
            yield _of(kept)


def _of(kept: Kept) -> Seen:
    row: Any = kept.row["delivery"]
    delivery = None
    if row is not None:
        delivery = Delivery(cast("State", row["state"]), row["status"], row.get("detail") or "")
    return Seen(str(kept.row["id"]), kept.receipt.at, kept.judged, kept.setup, delivery)

"""The row of a call, the same wherever calls are shown as JSON."""

from typing import Any, Literal, NotRequired, TypedDict

from segment_pendo.base import js_json
from segment_pendo.base.times import text
from segment_pendo.words import (
    Attempt,
    Call,
    Finding,
    Json,
    JsonObject,
    Judged,
    Level,
    Message,
    Outcome,
    Receipt,
    Skipped,
    Webhook,
)

__all__ = [
    "CallRow",
    "FindingRow",
    "attempt_row",
    "call_row",
    "dumps",
    "error_row",
    "finding_row",
    "judged_of",
]


def call_row(
    receipt: Receipt, judged: Judged, *, line: int | None = None, delivery: JsonObject | None = None
) -> JsonObject:
    """Return the row of one call; `line` is its name in a file; in a run, its id is."""
    webhook, skipped = judged.webhook, judged.skipped
    passed_on = judged.message if webhook is None else None
    name: JsonObject = {"line": line} if line is not None else {"id": str(receipt.ref(judged))}
    # A single mapping has no name that says anything.
    mapping: JsonObject = {} if judged.mapping is None else {"mapping": judged.mapping}
    session: JsonObject = {"session": receipt.request.session} if receipt.request.session else {}
    source: JsonObject = {"source": receipt.request.source} if receipt.request.source else {}
    return name | {
        "index": judged.call.index,
        "time": text(receipt.at),
        "type": judged.call.type,
        "user": judged.call.member("userId"),
        "group": judged.call.member("groupId"),
        **mapping,
        **session,
        **source,
        "outcome": "webhook" if webhook else "skipped",
        "code": skipped.code if skipped else None,
        "reason": skipped.reason if skipped else None,
        "body": webhook.body.decode() if webhook else None,
        "headers": dict(webhook.headers) if webhook else None,
        "message": js_json.write(passed_on.data).decode() if passed_on else None,
        "findings": [finding_row(finding) for finding in judged.findings],
        "delivery": delivery,
    }


def judged_of(row: "CallRow") -> Judged:
    """Return a call as far as its row tells it: what a destination was sent, or would have been.

    Of a call that Segment drops, that is its type and ids. Raises ValueError where the row has no JSON.
    """
    text = row["message"] if row["body"] is None else row["body"]
    known: JsonObject = {"type": row["type"], "userId": row["user"], "groupId": row["group"]}
    data: Json = {name: value for name, value in known.items() if value is not None}
    if text is not None:
        data = js_json.read(text.encode("utf-8", "surrogatepass")).value
    call = Call(row["index"], row["type"], data)
    outcome: Outcome = Skipped(row["code"] or "", row["reason"] or "")
    if row["body"] is not None:
        outcome = Webhook(row["body"].encode("utf-8", "surrogatepass"), tuple((row["headers"] or {}).items()))
    findings = tuple(
        Finding(of["code"], of["level"], of["path"], of["message"], of["source"]) for of in row["findings"]
    )
    message = Message(call, data) if text is not None and isinstance(data, dict) else None
    return Judged(call, outcome, findings, message, row.get("mapping"))


def finding_row(finding: Finding) -> JsonObject:
    """Return a finding as rows show it."""
    return {
        "code": finding.code,
        "level": finding.level,
        "path": finding.path,
        "message": finding.message,
        "source": finding.source,
    }


def attempt_row(attempt: Attempt) -> JsonObject:
    """Return an attempt to deliver a webhook; `answer` has the first bytes of the answer's body."""
    headers: Json = [
        [name, value if name.lower() != "set-cookie" else "****"] for name, value in attempt.headers
    ]
    return {
        "number": attempt.number,
        "time": text(attempt.at),
        "seconds": round(attempt.seconds, 3),
        "state": attempt.state,
        "status": attempt.status,
        "detail": attempt.detail or None,
        "headers": headers,
        "answer": attempt.answer.decode("utf-8", "replace"),
    }


def error_row(line: int, code: str, message: str) -> JsonObject:
    """Return the row of an input that is not a call."""
    return {"line": line, "error": {"code": code, "message": message}}


def dumps(row: Json) -> str:
    """Return JSON in ASCII, without a line end."""
    return js_json.ascii_only(js_json.write(row).decode())


def loads(text: bytes) -> Json:
    """Return the JSON of an answer, or None where it is none."""
    try:
        return js_json.read(text).value
    except (ValueError, RecursionError):
        return None


class FindingRow(TypedDict):
    """A finding; `call` is the id of its call where the finding stands alone."""

    code: str
    level: Level
    path: str
    message: str
    source: str
    call: NotRequired[str]


class CallRow(TypedDict):
    """One call and what became of it, as everywhere in this program.

    `user` and `group` are as sent; `body` is the exact webhook. `message` is a skipped call as Segment's
    servers would pass it on to other destinations, as JSON; None for a webhook, and for what they drop.
    `mapping`: the name of the destination's mapping, where it has several. `session`: the session to whose
    address the call came, if it did. `source`: the name of the app that it came from, if that was told.
    """

    id: str
    index: int
    time: str
    type: str | None
    user: Any
    group: Any
    mapping: NotRequired[str]
    session: NotRequired[str]
    source: NotRequired[str]
    outcome: Literal["webhook", "skipped"]
    code: str | None
    reason: str | None
    body: str | None
    headers: dict[str, str] | None
    message: str | None
    findings: list[FindingRow]
    delivery: dict[str, Any] | None

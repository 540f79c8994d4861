"""Compare a recorded call with what becomes of it now: where they differ, both values, and the rule."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.json_diff import ABSENT, changes
from segment_pendo.base.json_path import json_path
from segment_pendo.mapping.catalogue import DROPS
from segment_pendo.pendo.across import ACROSS
from segment_pendo.recordings.format import Entry, RecordedCall
from segment_pendo.recordings.meaning import Meaning
from segment_pendo.segment.members import RULE_OF
from segment_pendo.segment.rules import RULES
from segment_pendo.words import Judged

__all__ = ["Difference", "differences", "refused_differences"]

_SAYS: Final = {rule.id: rule.says for rule in RULES}


class Difference(NamedTuple):
    """One difference, and the rule that explains it.

    `where` is outcome, code, findings, or the JSON path in the body; the values are JSON texts or `ABSENT`.
    """

    where: str
    recorded: str
    now: str
    rule: str


def refused_differences(entry: Entry) -> Iterator[Difference]:
    """Yield what is wrong with how a request was refused; its body is not kept, so only what can be seen."""
    if entry.refused is None:
        if not entry.calls:
            why = "a request that brought no call was refused; the line was edited"
            yield Difference("refused", "null", "a status and a code", why)
        return
    code, _ = entry.refusal()
    if code not in DROPS:
        yield Difference("refused.code", code, ABSENT, "there is no such reason to refuse a request")
    if entry.calls:
        why = "a request that was refused brings no call; the line was edited"
        yield Difference("refused", code, "null", why)


def differences(call: RecordedCall, judged: Judged, meaning: Meaning) -> Iterator[Difference]:
    """Yield what differs between a recorded call and what became of it now, but where it is ignored."""
    skipped = judged.skipped
    code, reason = (skipped.code, skipped.reason) if skipped else (None, "")
    webhook = judged.webhook
    kind = "webhook" if webhook else "skipped"
    if call.outcome != kind:
        yield Difference("outcome", call.outcome, kind, reason or "it is delivered now")
    if call.code != code:
        yield Difference("code", call.code or ABSENT, code or ABSENT, reason or "it is delivered now")
    body = webhook.body.decode() if webhook else None
    if body is not None and call.body is not None and call.body != body:
        yield from _in_body(call.body, body, meaning)
    elif (body is None) != (call.body is None) and call.outcome == kind:
        yield Difference(
            "body", call.body or ABSENT, body or ABSENT, "a webhook has a body, a skipped call has none"
        )
    recorded, now = (
        Counter(call.findings),
        Counter(finding.code for finding in judged.findings if finding.code not in ACROSS),
    )
    said = {finding.code: f"{finding.message} ({finding.source})" for finding in judged.findings}
    for name in sorted((recorded | now) - (recorded & now)):
        yield Difference(
            "findings",
            _times(name, recorded[name]),
            _times(name, now[name]),
            said.get(name, "it is not found now"),
        )


def _times(name: str, count: int) -> str:
    return ABSENT if not count else name if count == 1 else f"{name} x{count}"


def _in_body(recorded: str, now: str, meaning: Meaning) -> Iterator[Difference]:
    try:
        value = js_json.read(recorded.encode(), spelled=True).value
    except (ValueError, RecursionError):
        yield Difference("body", recorded, now, "the recorded body is not JSON")
        return
    differs = False
    new_value = js_json.read(now.encode(), spelled=True).value
    ignored = meaning.places(value) | meaning.places(new_value)
    for path, old, new in changes(value, new_value):
        differs = True
        if any(path[:length] in ignored for length in range(1, len(path) + 1)):
            continue
        rule = RULE_OF.get(str(path[0]), "W-20") if path else "W-20"
        yield Difference(json_path(*path), old, new, f"{rule}: {_SAYS[rule]}")
    if not differs:
        at = next(
            index
            for index, pair in enumerate(zip(recorded + " ", now + " ", strict=False))
            if pair[0] != pair[1]
        )
        start = max(0, at - 20)
        where = f"body, character {at + 1}"
        yield Difference(where, recorded[start : at + 40], now[start : at + 40], f"W-28: {_SAYS['W-28']}")

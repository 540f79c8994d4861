"""Compare a recorded call with what becomes of it now: where they differ, both values, and the rule."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.json_diff import ABSENT, changes
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import short
from segment_pendo.mapping.catalogue import DROPS
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.format import Became, Entry, RecordedCall, became
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
    recorded, now = list(call.each), list(judged.each)
    several = max(len(recorded), len(now)) > 1
    if several:
        before, after = ([_named(name.mapping) for name in each] for each in (recorded, now))
        if before != after:
            yield Difference(
                "mappings", ", ".join(before), ", ".join(after), "D-14: other mappings select it now"
            )
    of_name = {each.mapping: each for each in recorded}
    for each in now:
        was = of_name.get(each.mapping) if several else recorded[0]
        if was is not None:
            place = f"{_named(each.mapping)}: " if several else ""
            for difference in _differences(was, each, meaning):
                yield difference._replace(where=place + difference.where)


def _named(mapping: str | None) -> str:
    return ABSENT if mapping is None else short(mapping, 40)


def _differences(recorded: Became, judged: Judged, meaning: Meaning) -> Iterator[Difference]:
    now, reason = became(judged), judged.skipped.reason if judged.skipped else "it is delivered now"
    if recorded.outcome != now.outcome:
        yield Difference("outcome", recorded.outcome, now.outcome, reason)
    if recorded.code != now.code:
        yield Difference("code", recorded.code or ABSENT, now.code or ABSENT, reason)
    if now.body is not None and recorded.body is not None and recorded.body != now.body:
        yield from _in_body(recorded.body, now.body, meaning)
    elif (now.body is None) != (recorded.body is None) and recorded.outcome == now.outcome:
        yield Difference(
            "body",
            recorded.body or ABSENT,
            now.body or ABSENT,
            "a webhook has a body, a skipped call has none",
        )
    counted, found = Counter(recorded.findings), Counter(now.findings)
    said = {finding.code: f"{finding.message} ({finding.source})" for finding in judged.findings}
    for name in sorted((counted | found) - (counted & found)):
        yield Difference(
            "findings",
            _times(name, counted[name]),
            _times(name, found[name]),
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

"""The whole path of one call: each stage in Segment's order (D-1), what it says, and what it changed.

The differences are complete: applied one after the other to the call as sent, they make the webhook's body.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.json_path import json_path
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Json, JsonObject, Judged

__all__ = ["Difference", "Stage", "applied", "differences", "stages"]

# After ingest, in order: what each says of a call that it lets pass unchanged.
_SAYS: Final = {
    "plan": "the tracking plan lets it pass",
    "consent": "the end user's consent lets it pass",
    "integrations": "its integrations object lets it pass",
    "filters": "no filter changes it",
    "function": "the function returns it unchanged",
    "trigger": "selected",
    "mapping": "the whole event",
}
# Where a call ended, by the code that says why: the code itself, or how it begins.
_ENDED_BY: Final = {
    "BLOCKED_BY_PLAN": "plan",
    "FILTERED_BY_CONSENT": "consent",
    "FILTERED_BY_INTEGRATIONS_OBJECT": "integrations",
    "DESTINATION_DISABLED": "destination",
    "FILTERED_BY_DESTINATION_FILTER": "filters",
    "FILTER": "filters",
    "FUNCTION": "function",
    "NO_MATCHING_MAPPING": "trigger",
    "MAPPING": "mapping",
}


class Difference(NamedTuple):
    """One place that a stage changed: both values as JSON texts, None where nothing stands there."""

    path: tuple[str | int, ...]
    before: str | None
    after: str | None


class Stage(NamedTuple):
    """One stage: `says` what it did, in a few words; `ended`: whether the call went no further."""

    name: str
    says: str
    changes: tuple[Difference, ...] = ()
    ended: bool = False

    def row(self) -> JsonObject:
        """Return this stage as JSON."""
        changes: list[Json] = [
            {"path": json_path(*path), "before": before, "after": after}
            for path, before, after in self.changes
        ]
        return {"stage": self.name, "says": self.says, "ended": self.ended, "changes": changes}


def stages(judged: Judged, setup: Setup) -> Iterator[Stage]:
    """Yield every stage that the call came through, and the one that ended its way, if one did."""
    message, skipped = judged.message, judged.skipped
    ended = None if skipped is None else _where_ended(skipped.code)
    reason = "" if skipped is None else skipped.reason
    if message is None:
        yield Stage("ingest", reason, ended=True)
        return
    yield Stage("ingest", "as a destination sees it", _changes(judged.call.data, message.data))
    if ended == "destination":
        yield Stage("destination", reason, ended=True)
        return
    value: Json = message.data
    changed = {change.stage: change for change in judged.changes}
    for name in _order(setup):
        if name in changed:
            change = changed[name]
            yield Stage(name, change.by, _changes(value, change.data))
            value = change.data
        elif name == ended:
            yield Stage(name, reason, ended=True)
            return
        elif _is_set_up(name, setup):
            yield Stage(name, _passed(name, judged))
    webhook = judged.webhook
    assert webhook is not None
    says = f"{webhook.method}, {len(webhook.body):,} bytes"
    is_same = js_json.keep(value) == webhook.body  # as most are
    changes = () if is_same else _changes(value, js_json.read(webhook.body).value)
    yield Stage("webhook", says, changes)


def _order(setup: Setup) -> list[str]:
    """Return the stages after ingest in their order."""
    names = list(_SAYS)
    if setup.switches.trigger_sees == "sent":
        names.remove("trigger")
        names.insert(names.index("function"), "trigger")
    return names


def _where_ended(code: str) -> str:
    if code in _ENDED_BY:
        return _ENDED_BY[code]
    return next((stage for begins, stage in _ENDED_BY.items() if code.startswith(f"{begins}_")), "ingest")


def _passed(name: str, judged: Judged) -> str:
    if name == "trigger" and judged.mapping is not None:
        return f'"{judged.mapping}"'
    return _SAYS[name]


def _is_set_up(name: str, setup: Setup) -> bool:
    """Whether a stage has something to say where it changes nothing."""
    file = None if setup.destination is None else setup.destination.file
    if name in {"integrations", "trigger"}:
        return True
    if file is None:
        return False
    return bool(
        {
            "plan": file.plan is not None,
            "consent": file.consent is not None,
            "filters": file.filters,
            "function": file.function is not None,
            "mapping": file.kind == "actions",
        }[name]
    )


# --- differences ---


type _Place = tuple[tuple[str | int, ...], Json, Json]


def differences(before: Json, after: Json) -> Iterator[Difference]:
    """Yield what makes `after` of `before`, the order of keys included; `applied` does it."""
    stack: list[_Place] = [((), before, after)]
    while stack:
        path, old, new = stack.pop()
        if isinstance(old, dict) and isinstance(new, dict) and _in_order(old, new):
            # What is new stands at the end, so it can be told at once.
            yield from (Difference((*path, key), _text(old[key]), None) for key in old if key not in new)
            yield from (Difference((*path, key), None, _text(new[key])) for key in new if key not in old)
            stack += [
                ((*path, key), old[key], new[key])
                for key in reversed(new)
                if key in old and not _is_same(old[key], new[key])
            ]
        elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
            stack += [((*path, index), old[index], new[index]) for index in reversed(range(len(old)))]
        elif _text(old) != _text(new):
            yield Difference(path, _text(old), _text(new))


def applied(value: Json, changes: Iterator[Difference] | tuple[Difference, ...]) -> Json:
    """Return a value with differences applied; it changes a copy."""
    root: JsonObject = {"$": js_json.read(js_json.keep(value), spelled=True).value}
    for path, _, after in changes:
        at: Json = root
        *parents, last = ("$", *path)
        for key in parents:
            at = at[key]  # type: ignore[index, call-overload]
        if after is None:
            assert isinstance(at, dict)
            del at[str(last)]
        else:
            at[last] = js_json.read(after.encode(), spelled=True).value  # type: ignore[index]
    return root["$"]


def _changes(before: Json, after: Json) -> tuple[Difference, ...]:
    return tuple(differences(before, after))


def _in_order(old: JsonObject, new: JsonObject) -> bool:
    """Whether `new` is `old` with some keys left out and others added at its end."""
    expected = [key for key in old if key in new] + [key for key in new if key not in old]
    return list(new) == expected


def _is_same(old: Json, new: Json) -> bool:
    """Whether two values surely have the same text: a quick look, as most of them have."""
    return old is new or (isinstance(old, str) and isinstance(new, str) and old == new)


def _text(value: Json) -> str:
    return js_json.keep(value).decode()

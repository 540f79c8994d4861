"""Choose calls by conditions, such as user=ann or trait=plan: the same wherever calls are chosen."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.prose import plain
from segment_pendo.base.suggestion import nearest
from segment_pendo.words import Json, Judged

__all__ = ["CONDITIONS", "ConditionError", "conditions", "judged_meets", "meets", "values_of"]

CONDITIONS: Final = ("type", "user", "group", "event", "trait", "outcome", "code")
_OUTCOMES: Final = ("webhook", "skipped")
# The members of a call that a condition compares.
_MEMBERS: Final = {"user": "userId", "group": "groupId", "event": "event"}


class ConditionError(ValueError):
    """A condition that does not exist, or a value that it never has; the text says what there is."""


def conditions(pairs: Iterable[str], names: Collection[str] = CONDITIONS) -> dict[str, str]:
    """Return conditions of `names`, each written NAME=VALUE, by their names. Raises ConditionError."""
    only: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if name not in names or not equals:
            near = nearest(name, names) if equals else None
            known = (
                f"did you mean {near}=...?" if near else f"give {_either([f'{key}=...' for key in names])}"
            )
            msg = f"{plain(pair)!r} is not a condition; {known}"
            raise ConditionError(msg)
        if name in only:
            msg = f"{name} was given twice; give each key only once"
            raise ConditionError(msg)
        only[name] = _code(value) if name == "code" else value
    if names is CONDITIONS and only.get("outcome", "webhook") not in _OUTCOMES:
        msg = f"outcome {plain(only['outcome'])!r} does not exist; it is {_either(_OUTCOMES)}"
        raise ConditionError(msg)
    return only


def _either(words: Collection[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} or {last}"


def _code(value: str) -> str:
    """Return the right spelling of a code."""
    from segment_pendo.mapping.catalogue import DROPS, FINDINGS, find  # noqa: PLC0415 - a large table

    known = find(value)
    if known is None:
        near = nearest(value, (*FINDINGS, *DROPS))
        hint = f"did you mean {near}?" if near else "`segment-pendo finding` lists all codes"
        msg = f"code {plain(value)!r} does not exist; {hint}"
        raise ConditionError(msg)
    return known[0]


def meets(only: Mapping[str, str], call: Json, *, kind: Json, outcome: str, codes: Iterable[str]) -> bool:
    """Whether a call meets all conditions; `kind`: its type, `codes`: those of its findings and its drop."""
    data = call if isinstance(call, dict) else {}
    return all(_is_met(name, value, data, kind, outcome, codes) for name, value in only.items())


def judged_meets(only: Mapping[str, str], judged: Judged) -> bool:
    """Whether a mapped call meets all conditions."""
    if not only:
        return True
    codes = [finding.code for finding in judged.findings]
    codes += [judged.skipped.code] if judged.skipped is not None else []
    outcome = "webhook" if judged.webhook is not None else "skipped"
    return meets(only, judged.call.data, kind=judged.call.type, outcome=outcome, codes=codes)


def _is_met(
    name: str, value: str, data: dict[str, Json], kind: Json, outcome: str, codes: Iterable[str]
) -> bool:
    match name:
        case "code":
            return value in codes
        case "type":
            return kind == value
        case "outcome":
            return outcome == value
        case "trait":
            return any(value in names for names in _traits(data))
        case _:
            return _text(data.get(_MEMBERS[name])) == value


def values_of(name: str, call: Json) -> Iterable[str]:
    """Return the values that a call has of a condition, if they are names of an app."""
    data = call if isinstance(call, dict) else {}
    if name == "trait":
        return [trait for names in _traits(data) for trait in names]
    member = "type" if name == "type" else _MEMBERS.get(name)
    value = _text(data.get(member)) if member is not None else None
    return [] if value is None else [value]


def _traits(data: dict[str, Json]) -> list[dict[str, Json]]:
    return [names for names in (data.get("traits"), data.get("properties")) if isinstance(names, dict)]


def _text(value: Json) -> str | None:
    """Return what a condition compares with: a text as it is, anything else as JSON."""
    return value if value is None or isinstance(value, str) else js_json.write(value).decode()

"""The filters of calls: what each asks of a row, and which values it takes."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from segment_pendo.base.prose import plain
from segment_pendo.base.suggestion import nearest, unknown
from segment_pendo.base.times import parse
from segment_pendo.serve.store.searched import level_number, listed, text
from segment_pendo.words import LEVELS

__all__ = ["CURSOR", "FILTERS", "Condition", "FilterError", "after_cursor", "condition", "instant"]

_MOST_WORDS: Final = 20
_STATES: Final = ("waiting", "delivered", "held", "dead")
_OUTCOMES: Final = {
    "webhook": "c.outcome = 'webhook'",
    "skipped": "c.outcome = 'skipped'",
    "dropped": "c.outcome = 'skipped' and c.dropped",
    "unselected": "c.outcome = 'skipped' and not c.dropped",
}
_AT: Final = "(select r.at from receipts r where r.n = c.n)"
CURSOR: Final = "the value of next in an earlier answer"


class FilterError(ValueError):
    """A filter that does not exist, or a value that it does not take; the text says what it takes."""


class Condition(NamedTuple):
    """A condition on a row `c` of the calls, and the values of its question marks."""

    sql: str
    values: tuple[object, ...] = ()


def condition(filters: Mapping[str, str]) -> Condition:
    """Return what all filters ask for together. Raises FilterError."""
    wrong = unknown(filters, FILTERS, "there is no filter")
    if wrong:
        raise FilterError(wrong)
    all_of = [FILTERS[name](value) for name, value in filters.items()]
    values = tuple(value for one in all_of for value in one.values)
    return Condition(" and ".join(f"({one.sql})" for one in all_of) or "true", values)


def after_cursor(value: str, name: str = "after") -> tuple[int, int]:
    """Return the place in the store that a cursor names. Raises FilterError."""
    number, dot, place = value.partition(".")
    if not (dot and all(part.isascii() and part.isdecimal() and len(part) < 18 for part in (number, place))):
        msg = f"{name} must be {CURSOR}"
        raise FilterError(msg)
    return int(number), int(place)


def _is(column: str) -> Callable[[str], Condition]:
    return lambda value: Condition(f"c.{column} = ?", (text(value),))


def _one_of(name: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        near = nearest(value, known)
        hint = f"did you mean {near}?" if near else f"it is one of {', '.join(known)}"
        msg = f"{name} {plain(value)!r} does not exist; {hint}"
        raise FilterError(msg)
    return value


def _outcome(value: str) -> Condition:
    return Condition(_OUTCOMES[_one_of("outcome", value, tuple(_OUTCOMES))])


def _delivery(value: str) -> Condition:
    states = tuple(_one_of("delivery", state, _STATES) for state in value.split(","))
    return Condition(f"c.state in ({', '.join('?' * len(states))})", states)


def _level(value: str) -> Condition:
    known = next((level for level in LEVELS if level == value), None)
    if known is None:
        _one_of("level", value, LEVELS)
    return Condition("c.level >= ?", (level_number(known or "error"),))


def _code(value: str) -> Condition:
    from segment_pendo.mapping.catalogue import DROPS, FINDINGS, find  # noqa: PLC0415 - a large table

    known = find(value)
    spelled = known[0] if known else _one_of("code", value, (*FINDINGS, *DROPS))
    return Condition("instr(' ' || c.codes || ' ', ' ' || ? || ' ') > 0", (spelled,))


def _trait(value: str) -> Condition:
    return Condition("instr(c.traits, ?) > 0", (listed([value]),))


def instant(name: str, value: str) -> str:
    """Return a time as the store writes it. Raises FilterError."""
    at = parse(value)
    if at is None:
        msg = f"{name} must be an ISO 8601 time such as 2026-11-29T10:15:00Z, not {plain(value)!r}"
        raise FilterError(msg)
    return at.isoformat()


def _since(value: str) -> Condition:
    at = instant("since", value)
    # The first half finds where to begin by an index; requests may be kept in another order than they came.
    first = "c.n >= (select min(n) from receipts where at >= ?)"
    return Condition(f"{first} and {_AT} >= ?", (at, at))


def _until(value: str) -> Condition:
    at = instant("until", value)
    last = "c.n <= (select max(n) from receipts where at < ?)"
    return Condition(f"{last} and {_AT} < ?", (at, at))


def _q(value: str) -> Condition:
    wanted = text(value).casefold().split()[:_MOST_WORDS]
    return Condition(" and ".join(["instr(c.words, ?) > 0"] * len(wanted)) or "true", tuple(wanted))


def _door(value: str) -> Condition:
    known = _one_of("door", value, ("home", "proxy", "tls"))
    return Condition("(select r.door from receipts r where r.n = c.n) = ?", (known,))


def _session(value: str) -> Condition:
    return Condition("c.n in (select n from receipts where session = ?)", (text(value),))


def _source(value: str) -> Condition:
    return Condition("c.n in (select n from receipts where source = ?)", (text(value),))


FILTERS: Final[dict[str, Callable[[str], Condition]]] = {
    "type": _is("type"),
    "event": _is("event"),
    "user": _is("user"),
    "group": _is("grp"),
    "trait": _trait,
    "outcome": _outcome,
    "delivery": _delivery,
    "code": _code,
    "level": _level,
    "q": _q,
    "door": _door,
    "session": _session,
    "source": _source,
    "since": _since,
    "until": _until,
}

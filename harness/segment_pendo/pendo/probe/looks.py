"""Where the answer to each question shows in what is read back.

A look is about one switch: it says which events it needs, which other switches change what it sees, and what
it sees. It looks only at ids and fields that the probe made.
"""

from collections.abc import Callable, Iterator
from typing import Final, Literal, NamedTuple

from segment_pendo.pendo.ids import Kind
from segment_pendo.pendo.probe.plan import FIELD, Ids, Seen
from segment_pendo.words import Json, JsonObject

__all__ = ["ABSENT", "HIDDEN_FROM_IT", "TRACK", "Look", "looks"]

TRACK: Final = "track"  # no switch, but a setting of the subscription (1.60): on or off
ABSENT: Final = "(absent)"  # how a field or record that is not there is told from null

type _See = Callable[[Seen], Json]

# What no look can see, and why.
HIDDEN_FROM_IT: Final = {
    "id_check": (
        "the ids that it is about (blank, ::, the placeholder) cannot carry the mark of a probe, so a "
        "probe would touch records of others"
    ),
    "track_group": (
        "what is read back does not show the properties of an event; look in Pendo, after its next hourly "
        "processing, whether the event of the visitor ...-tracked has a property groupId"
    ),
}


class Look(NamedTuple):
    """One place to look at: `says` names it, `see` returns what is there.

    `events` are the numbers of those without which it says nothing.
    """

    about: str
    also: tuple[str, ...]
    events: tuple[int, ...]
    says: str
    see: _See


_VISITS: Final = ("eventless", TRACK)  # whether a visitor shows at all


def looks(ids: Ids) -> Iterator[Look]:
    """Yield every look; one about a switch comes after those about the switches that change it."""
    yield Look("eventless", (), (3,), "the visitor without an event", _is_there("visitor", ids.eventless))
    yield Look(TRACK, (), (5,), "the visitor of a track call", _is_there("visitor", ids.tracked))
    yield Look("answer", (), (14,), "the answer to event 14", _status(14))
    yield from _of_metadata("account", ids.account, (1, 15), ())
    yield from _of_metadata("visitor", ids.visitor, (2, 16, 18), _VISITS)
    yield from _of_ids(ids)
    yield from _of_requests(ids)


def _of_metadata(kind: Kind, id: str, events: tuple[int, ...], also: tuple[str, ...]) -> Iterator[Look]:
    def look(about: str, names: tuple[str, ...], *others: str) -> Look:
        fields = tuple(FIELD + name for name in names)
        says = f"{', '.join(fields)} of the {kind}"
        return Look(about, (*others, *also), events, says, _fields(kind, id, fields))

    yield look("absent_traits", ("kept",))
    yield look("key_case", ("Case", "case"))
    yield look("nested", ("nested", "nested_part", "nested.part"))
    yield look("list", ("list",))
    yield look("same_key", ("Same", "same", "pair_part", "pair.part"), "key_case", "nested")
    yield look("null", ("null",), "absent_traits")
    yield look("empty", ("empty",), "absent_traits")


def _of_ids(ids: Ids) -> Iterator[Look]:
    hinted = _is_there("account", ids.hinted)
    yield Look("identify_account", (), (16,), "the account that only an identify call named", hinted)
    for about, events, account in (
        ("group_visitor", (1, 2, 18), ids.account),
        ("identify_account", (16, 18), ids.hinted),
    ):
        says = "whether the visitor is in the account"
        yield Look(about, _VISITS, events, says, _is_in(ids.visitor, account))
    fields = _fields("visitor", ids.anonymous, (f"{FIELD}again",))
    says = "the visitor named _PENDO_T_ and the anonymousId"
    yield Look("anonymous", _VISITS, (7, 20), says, fields)
    yield Look("anonymous", ("answer",), (7,), "the answer to event 7", _status(7))
    yield Look("long_id", _VISITS, (6, 19), "the visitor with the long ID, and by its first 128 bytes",
        _length(ids))  # fmt: skip
    paged = _is_there("visitor", ids.paged)
    yield Look("other_types", ("eventless",), (8,), "the visitor of a page call", paged)
    yield Look("other_types", ("answer",), (8,), "the answer to event 8", _status(8))


def _of_requests(ids: Ids) -> Iterator[Look]:
    yield Look("array_body", (), (9, 10), "the two accounts of the array", _are_there(*ids.listed))
    again = _fields("account", ids.repeated, (f"{FIELD}again",))
    yield Look("repeats", (), (4, 17), "what the second call with a messageId set", again)
    yield Look("methods", (), (11, 12), "the accounts of PUT and PATCH", _are_there(ids.put, ids.patched))
    yield Look("size_limit", (), (13,), "the account of the large call", _is_there("account", ids.large))


# --- what is seen ---


def _is_there(kind: Kind, id: str) -> _See:
    return lambda seen: seen.record(kind, id) is not None


def _are_there(*accounts: str) -> _See:
    return lambda seen: [seen.record("account", id) is not None for id in accounts]


def _is_in(visitor: str, account: str) -> _See:
    def see(seen: Seen) -> Json:
        accounts = seen.accounts(visitor)
        return ABSENT if accounts is None else account in accounts

    return see


def _status(event: int) -> _See:
    def see(seen: Seen) -> Json:
        return "taken" if seen.taken.get(event) else "refused"

    return see


def _fields(kind: Kind, id: str, names: tuple[str, ...]) -> _See:
    """See these fields of a record, without those that are not there; ABSENT where the record is not."""

    def see(seen: Seen) -> Json:
        there = seen.fields(kind, id)
        if there is None:
            return ABSENT
        found: JsonObject = {name: there[name] for name in names if name in there}
        return found

    return see


def _length(ids: Ids) -> _See:
    """See how long the ID of the visitor is by which it is found: Pendo may cut what is asked for, too."""
    kinds: tuple[tuple[str, Literal["cut", "whole"]], ...] = ((ids.cut, "cut"), (ids.long, "whole"))

    def see(seen: Seen) -> Json:
        return next((length for id, length in kinds if seen.record("visitor", id) is not None), ABSENT)

    return see

"""Records and counts of some parts as lines of JSON: what stands before the records, then each of them.

The records are in the order of kind and id, as text compares by code point: in all files the same.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from segment_pendo.archive.order import Order
from segment_pendo.archive.partial import Partial, Typed, both_typed
from segment_pendo.archive.record import Cell, Joined, Record, joined
from segment_pendo.archive.report import Found, Report
from segment_pendo.base import js_json
from segment_pendo.pendo.ids import Kind
from segment_pendo.recordings.files import replace_whole
from segment_pendo.words import Json, JsonObject

__all__ = ["Entry", "Head", "Key", "entries", "entry_of", "head_of", "keep", "keep_entries", "key_of"]

type Key = tuple[Kind, str]

_KINDS: Final[tuple[Kind, ...]] = ("account", "visitor")  # in the order of the lines


class Entry(NamedTuple):
    """One record: its kind, its id and what is known of it."""

    kind: Kind
    id: str
    record: Record


@dataclass(slots=True)
class Head:
    """What is known of some parts beside their records."""

    report: Report = field(default_factory=Report)
    webhooks: int = 0
    nothing: Counter[str] = field(default_factory=Counter)
    schemas: dict[Kind, dict[str, Typed]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})

    def both(self, other: "Head") -> "Head":
        """Return both together; neither is changed."""
        schemas = {kind: joined(self.schemas[kind], other.schemas[kind], both_typed) for kind in _KINDS}
        nothing = self.nothing + other.nothing
        return Head(self.report.both(other.report), self.webhooks + other.webhooks, nothing, schemas)


def keep(path: Path, partial: Partial, report: Report) -> None:
    """Write what was folded into a file, whole or not at all. Raises RecordingError."""
    schemas = {kind: partial.schema(kind) for kind in _KINDS}
    head = Head(report, partial.webhooks, partial.nothing, schemas)
    entries = (Entry(kind, *item) for kind in _KINDS for item in sorted(partial.of(kind).items()))
    _write(path, head, entries)


def keep_entries(path: Path, entries: Iterable[Entry]) -> None:
    """Write records that are in order into a file, whole or not at all. Raises RecordingError."""
    _write(path, Head(), entries)


def head_of(path: Path) -> Head:
    """Return what a file says before its records. Raises OSError."""
    with path.open("rb") as file:
        return _head(js_json.read(file.readline()).value)


def _write(path: Path, head: Head, entries: Iterable[Entry]) -> None:
    def lines() -> Iterator[bytes]:
        yield js_json.keep(_head_json(head)) + b"\n"
        for kind, id, record in entries:
            yield js_json.keep([kind, id, _record_json(record)]) + b"\n"

    replace_whole(path, lines())


def entries(path: Path) -> Iterator[Entry]:
    """Yield every record of a file. Raises OSError."""
    with path.open("rb") as file:
        next(file)
        yield from map(entry_of, file)


def entry_of(line: bytes) -> Entry:
    """Return the record of a line."""
    kind, id, record = _any(js_json.read(line).value)
    return Entry(kind, id, _record(record))


def key_of(line: bytes) -> Key:
    """Return the kind and the id of the record of a line."""
    kind, id, _ = _any(js_json.read(line).value)
    return kind, id


def _any(value: Json) -> Any:
    """Return a value of a file of our own, whose form is known."""
    return value


# --- one record: a list that begins with its orders, to which the rest points ---


def _record_json(record: Record) -> Json:
    orders: dict[Order, int] = {}

    def of(order: Order) -> Json:
        return orders.setdefault(order, len(orders))

    rest: list[Json] = [
        of(record.updated),
        None if record.wiped is None else of(record.wiped),
        {name: [of(cell.order), cell.value, cell.removed] for name, cell in record.fields.items()},
        {name: of(order) for name, order in record.accounts.items()},
        None if record.current is None else [of(record.current.order), record.current.account],
        [record.first_visit, record.last_visit],
    ]
    return [[list(order) for order in orders], *rest]


def _record(value: Any) -> Record:
    rows, updated, wiped, fields, accounts, current, (first, last) = value
    orders = [*map(Order._make, rows)]
    return Record(
        orders[updated],
        {name: Cell(orders[at], of, removed) for name, (at, of, removed) in fields.items()},
        None if wiped is None else orders[wiped],
        {name: orders[at] for name, at in accounts.items()},
        None if current is None else Joined(orders[current[0]], current[1]),
        first,
        last,
    )


# --- what stands before the records ---


def _head_json(head: Head) -> JsonObject:
    report = head.report
    return {
        "counts": [
            dict(counter)
            for counter in (report.types, report.outcomes, report.changes, head.nothing, report.deletions)
        ],
        "webhooks": head.webhooks,
        "findings": {code: _found_json(found) for code, found in report.findings.items()},
        "errors": {code: _found_json(found) for code, found in report.errors.items()},
        "traits": {name: dict(types) for name, types in report.traits.items()},
        "schemas": {
            kind: {name: _typed_json(typed) for name, typed in schema.items()}
            for kind, schema in head.schemas.items()
        },
    }


def _found_json(found: Found) -> Json:
    return [found.often, [*found.first], found.message, found.level]


def _typed_json(typed: Typed) -> Json:
    order: Json = None if typed.typed is None else [*typed.typed]
    return [[*typed.seen], typed.spelled, order, typed.type, typed.element, typed.sample]


def _head(read: Json) -> Head:
    value = _any(read)
    counts: list[Counter[str]] = [Counter(counts) for counts in value["counts"]]
    types, outcomes, changes, nothing, deletions = counts
    findings, errors = (
        {code: Found(often, Order(*first), *rest) for code, (often, first, *rest) in value[name].items()}
        for name in ("findings", "errors")
    )
    traits = {name: Counter(of) for name, of in value["traits"].items()}
    schemas = {
        kind: {name: _typed(*typed) for name, typed in schema.items()}
        for kind, schema in value["schemas"].items()
    }
    report = Report(types, outcomes, changes, findings, errors, traits, deletions)
    return Head(report, value["webhooks"], nothing, schemas)


def _typed(seen: Any, spelled: Any, typed: Any, *rest: Any) -> Typed:
    return Typed(Order(*seen), spelled, None if typed is None else Order(*typed), *rest)

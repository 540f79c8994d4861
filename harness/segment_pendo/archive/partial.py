"""Pendo's records after some of the events, in a form that can be put together in any order.

`fold` and `merge` together are what `pendo/records` does in order: `merge` is associative and commutative, as
each value knows the place of its event (`Order`). What it does not keep is the history of a field, and which
track events there were.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from segment_pendo.archive.order import Order
from segment_pendo.archive.record import Record, joined
from segment_pendo.archive.rows import Row
from segment_pendo.pendo.effect import Update
from segment_pendo.pendo.ids import Kind
from segment_pendo.pendo.metadata import Field, type_of
from segment_pendo.words import Json

__all__ = ["Partial", "Typed", "both_typed", "fold", "merge"]

_LONGEST_NAME: Final = 1000  # of a field in the schema, as in pendo/records


class Typed(NamedTuple):
    """A field of the schema: its first spelling, and its first type; '' until there is one."""

    seen: Order
    spelled: str
    typed: Order | None = None
    type: str = ""
    element: str = ""
    sample: Json = None


@dataclass(slots=True)
class Partial:
    """Visitors, accounts and the schema of their fields; how many webhooks there were.

    `nothing`: how many of them do nothing, by rule.
    """

    visitors: dict[str, Record] = field(default_factory=dict)
    accounts: dict[str, Record] = field(default_factory=dict)
    visitor_schema: dict[str, Typed] = field(default_factory=dict)
    account_schema: dict[str, Typed] = field(default_factory=dict)
    webhooks: int = 0
    nothing: Counter[str] = field(default_factory=Counter)

    def take(self, row: Row) -> None:
        """Take one row."""
        if not row.is_webhook:
            return
        self.webhooks += 1
        if row.nothing is not None:
            self.nothing[row.nothing] += 1
        for update in row.updates:
            self._update(update, row.order)

    def _update(self, update: Update, order: Order) -> None:
        records, schema = self.of(update.kind), self.schema(update.kind)
        record = records.get(update.id)
        if record is None:
            record = records[update.id] = Record(order)
        record.update(update, order)
        for trait in update.fields:
            if trait.name is not None and len(trait.name) <= _LONGEST_NAME:
                known = schema.get(trait.name)
                # Most fields have come before, and are known by an earlier event.
                if known is None or known.typed is None or order < known.seen or order < known.typed:
                    typed = _typed(trait, order)
                    schema[trait.name] = typed if known is None else both_typed(known, typed)

    def of(self, kind: Kind) -> dict[str, Record]:
        """Return the records of a kind, by id."""
        return self.visitors if kind == "visitor" else self.accounts

    def schema(self, kind: Kind) -> dict[str, Typed]:
        """Return the schema of a kind, by the names of the fields."""
        return self.visitor_schema if kind == "visitor" else self.account_schema


def fold(rows: Iterable[Row]) -> Partial:
    """Return the records that these rows make, whatever their order."""
    partial = Partial()
    for row in rows:
        partial.take(row)
    return partial


def merge(one: Partial, other: Partial) -> Partial:
    """Return what both know. No event may be in both; neither is changed."""
    return Partial(
        joined(one.visitors, other.visitors, Record.merged),
        joined(one.accounts, other.accounts, Record.merged),
        joined(one.visitor_schema, other.visitor_schema, both_typed),
        joined(one.account_schema, other.account_schema, both_typed),
        one.webhooks + other.webhooks,
        one.nothing + other.nothing,
    )


def _typed(trait: Field, order: Order) -> Typed:
    spelled, value = str(trait.path[-1]), trait.value
    if value is None:  # 3.06: null has no type
        return Typed(order, spelled)
    items = value if isinstance(value, list) else ()
    element = next((type_of(item) for item in items if item is not None), "")
    return Typed(order, spelled, order, type_of(value), element, value)


def both_typed(one: Typed, other: Typed) -> Typed:
    """Return the first spelling and the first type of both."""
    first, second = (one, other) if one.seen <= other.seen else (other, one)
    if first.typed is not None and (second.typed is None or first.typed <= second.typed):
        return first
    return second._replace(seen=first.seen, spelled=first.spelled)

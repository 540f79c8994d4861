"""One record of Pendo after some of the events: what is needed to put it together with that of others.

Each field knows which event set it, so that the last one counts, in whatever order they are read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from segment_pendo.archive.order import Order
from segment_pendo.pendo.effect import Update
from segment_pendo.words import Json

__all__ = ["Cell", "Joined", "Record", "later"]


class Cell(NamedTuple):
    """The value of a field, and the event that set it, or `removed` it."""

    order: Order
    value: Json
    removed: bool = False


class Joined(NamedTuple):
    """The account that an event joined a visitor to."""

    order: Order
    account: str


@dataclass(slots=True)
class Record:
    """A visitor or an account.

    `updated`: the last event that named it. `wiped`: the last one that removed all fields it did not have.
    `accounts`: which event first joined the visitor to each. `first_visit`, `last_visit`: of track events.
    """

    updated: Order
    fields: dict[str, Cell] = field(default_factory=dict)
    wiped: Order | None = None
    accounts: dict[str, Order] = field(default_factory=dict)
    current: Joined | None = None
    first_visit: int | None = None
    last_visit: int | None = None

    def update(self, update: Update, order: Order) -> None:
        """Take what one event does to this record."""
        self.updated = max(self.updated, order)
        if update.replaces:
            self.wiped = later(self.wiped, order)
        for trait in update.fields:
            if trait.name is not None:
                cell = Cell(order, trait.value, trait.removes)
                known = self.fields.get(trait.name)
                if known is None or known.order <= order:
                    self.fields[trait.name] = cell
        if update.joins is not None:
            self.accounts[update.joins] = min(self.accounts.get(update.joins, order), order)
            self.current = later(self.current, Joined(order, update.joins))
        if update.visits:
            self.first_visit = _first(self.first_visit, order.at)
            self.last_visit = later(self.last_visit, order.at)

    def merged(self, other: "Record") -> "Record":
        """Return what both know; neither is changed."""
        both = replace(self, fields=dict(self.fields), accounts=dict(self.accounts))
        both.take(other)
        return both

    def take(self, other: "Record") -> None:
        """Take what another one knows of the same visitor or account."""
        self.updated = max(self.updated, other.updated)
        fields = self.fields
        for name, cell in other.fields.items():
            known = fields.get(name)
            if known is None or known.order < cell.order:
                fields[name] = cell
        self.wiped = later(self.wiped, other.wiped)
        for name, order in other.accounts.items():
            self.accounts[name] = min(self.accounts.get(name, order), order)
        self.current = later(self.current, other.current)
        self.first_visit = _first(self.first_visit, other.first_visit)
        self.last_visit = later(self.last_visit, other.last_visit)

    def has(self, cell: Cell) -> bool:
        """Whether a field of this record is there: nothing has removed it."""
        return not cell.removed and (self.wiped is None or cell.order >= self.wiped)


def later[T: (int, Order, Joined)](one: T | None, other: T | None) -> T | None:
    """Return the greater of both; one that is None is smaller."""
    if one is None or other is None:
        return other if one is None else one
    return max(one, other)


def _first(one: int | None, other: int | None) -> int | None:
    """Return the earlier time; as in the records, 0 is no time where there is another."""
    if not one or not other:
        return one or other if other is not None else one
    return min(one, other)


def joined[T](one: dict[str, T], other: dict[str, T], both: Callable[[T, T], T]) -> dict[str, T]:
    """Return the entries of both; `both` makes one of the two that have the same key."""
    result = dict(one)
    for key, value in other.items():
        result[key] = both(result[key], value) if key in result else value
    return result

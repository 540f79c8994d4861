"""Map the events of a part: each by itself, so that it does not matter who maps the others."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

from segment_pendo.archive.order import Order
from segment_pendo.mapping.assess import effect_of
from segment_pendo.mapping.setup import Setup, SetupError
from segment_pendo.pendo.effect import Update, updates
from segment_pendo.recordings.reading.mapped_file import Mapped, Mapping, Options, Wrong
from segment_pendo.words import JsonObject

__all__ = ["EPOCH", "Row", "webhooks"]

EPOCH: Final = datetime.fromtimestamp(0, UTC)  # when an event without a time was received: before all others


class Row(NamedTuple):
    """One event and what became of it, or a value that is none.

    `updates`: what its webhook does to Pendo's records. `nothing`: where it does nothing, the rule that says
    so.
    """

    order: Order
    item: Mapped | Wrong
    updates: tuple[Update, ...] = ()
    nothing: str | None = None

    @property
    def is_webhook(self) -> bool:
        return isinstance(self.item, Mapped) and self.item.judged.webhook is not None

    def row(self) -> JsonObject:
        """Return the row, as `map` prints it."""
        return self.item.row()


def webhooks(lines: Iterable[bytes], setup: Setup, *, part: str = "") -> Iterator[Row]:
    """Yield what becomes of each event of a part, in order; `part` names it, and is a part of the order.

    Events are taken as they were archived: Segment has taken them already, and no filter and consent of a
    destination was applied. One without receivedAt counts as received before all others.
    Findings that need earlier events are left out, as nobody here knows those.
    Raises RecordingError for a damaged recording, SetupError where `repeats=dropped` is assumed.
    """
    _check(setup)
    mapping = Mapping(
        Options(EPOCH, setup, ingest_first=False, filtered=False), several=bool(part), across=False
    )
    line = more = 0
    for item in mapping.of(lines, part):
        more = more + 1 if item.line == line else 0
        line = item.line
        if isinstance(item, Wrong):
            yield Row(Order(0, part, line, more), item)
            continue
        order = Order(int(item.receipt.at.timestamp() * 1000), part, line, more)
        effect = effect_of(item.judged, item.setup)
        if effect is None:
            yield Row(order, item)
        else:
            yield Row(order, item, tuple(updates(effect, item.setup.pendo)), effect.nothing)


def _check(setup: Setup) -> None:
    if setup.pendo.repeats != "read":
        msg = (
            "repeats=dropped depends on every earlier messageId, which nobody knows who reads one part of an "
            "archive; leave it out."
        )
        raise SetupError(msg, "assume")

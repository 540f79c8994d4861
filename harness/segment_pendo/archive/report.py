"""What was in an archive, counted: calls, outcomes, findings with a first example, traits and their types."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from segment_pendo.archive.order import Order
from segment_pendo.archive.record import joined
from segment_pendo.archive.rows import Row
from segment_pendo.pendo.metadata import type_of
from segment_pendo.recordings.reading.mapped_file import Mapped, Wrong
from segment_pendo.words import JsonObject, Level

__all__ = ["Found", "Report"]

_MOST_TRAITS: Final = 10_000  # as in the schema of the records
_LONGEST_NAME: Final = 1000


class Found(NamedTuple):
    """How often something came, and its first example: where it stands and what there is to say."""

    often: int
    first: Order
    message: str
    level: Level = "error"

    def both(self, other: "Found") -> "Found":
        """Return both together."""
        first = min(self, other, key=lambda found: (found.first, found.message))
        return first._replace(often=self.often + other.often)


@dataclass(slots=True)
class Report:
    """Counts of some rows; two of them can be put together.

    `types`: calls by type. `outcomes`: `webhook`, or why there is none, by code. `changes`: what a stage of
    the destination file made of webhooks, by stage. `findings`, `errors`: by code. `traits`: `KIND.NAME` of
    each field that webhooks set, and its types. `deletions`: of calls of type delete that have no webhook,
    why, by code.
    """

    types: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, Found] = field(default_factory=dict)
    errors: dict[str, Found] = field(default_factory=dict)
    traits: dict[str, Counter[str]] = field(default_factory=dict)
    deletions: Counter[str] = field(default_factory=Counter)

    def take(self, row: Row) -> None:
        """Count one row."""
        if isinstance(row.item, Wrong):
            _add(self.errors, row.item.code, Found(1, row.order, row.item.message))
            return
        self._call(row.item, row.order)
        for update in row.updates:
            for trait in update.fields:
                if trait.name is not None and len(trait.name) <= _LONGEST_NAME:
                    self._trait(f"{update.kind}.{trait.name}", type_of(trait.value) or "null")

    def _call(self, item: Mapped, order: Order) -> None:
        judged = item.judged
        if judged.copy == 1:
            self.types[judged.call.type or "(none)"] += 1
        skipped = judged.skipped
        self.outcomes["webhook" if skipped is None else skipped.code] += 1
        if skipped is not None and judged.call.type == "delete":
            self.deletions[skipped.code] += 1
        before = judged.message.data if judged.message is not None else {}
        for change in judged.changes if skipped is None else ():
            self.changes[change.stage] += change.data != before
            before = change.data
        for finding in judged.findings:
            _add(self.findings, finding.code, Found(1, order, finding.message, finding.level))

    def _trait(self, name: str, type: str) -> None:
        types = self.traits.get(name)
        if types is None:
            if len(self.traits) >= _MOST_TRAITS:
                return
            types = self.traits[name] = Counter()
        types[type] += 1

    def both(self, other: "Report") -> "Report":
        """Return both together; neither is changed."""
        return Report(
            self.types + other.types,
            self.outcomes + other.outcomes,
            self.changes + other.changes,
            joined(self.findings, other.findings, Found.both),
            joined(self.errors, other.errors, Found.both),
            joined(self.traits, other.traits, lambda one, more: one + more),
            self.deletions + other.deletions,
        )

    def json(self) -> JsonObject:
        """Return the report as JSON, in an order that does not depend on that of the rows."""
        return {
            "types": dict(sorted(self.types.items())),
            "outcomes": dict(sorted(self.outcomes.items())),
            "changes": dict(sorted(self.changes.items())),
            "findings": {code: _described(found) for code, found in sorted(self.findings.items())},
            "errors": {code: _described(found) for code, found in sorted(self.errors.items())},
            "traits": {name: dict(sorted(types.items())) for name, types in sorted(self.traits.items())},
        }


def _add(counted: dict[str, Found], code: str, found: Found) -> None:
    known = counted.get(code)
    counted[code] = found if known is None else known.both(found)


def _described(found: Found) -> JsonObject:
    return {
        "count": found.often,
        "level": found.level,
        "first": found.first.place,
        "message": found.message,
    }

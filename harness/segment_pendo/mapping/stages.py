"""What a configured destination does with a message, stage by stage, in Segment's order (D-1).

destination on? -> consent -> integrations object -> filters -> trigger -> mapping. The order of consent and
what comes before it is published nowhere: an assumption.
"""

from dataclasses import dataclass
from typing import Final

from segment_pendo.base.prose import short
from segment_pendo.mapping.configured import Configured, Selector
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment import consent, webhooks
from segment_pendo.segment.filters.filters import Dropped
from segment_pendo.segment.mapping_kit.mapping import Unmapped
from segment_pendo.words import Change, Finding, Headers, JsonObject, Message, Skipped

__all__ = ["Made", "Passed", "made_by", "passed", "unselected"]

_MOST_SAID: Final = 5  # triggers that are told one by one


@dataclass(frozen=True, slots=True)
class Passed:
    """A message that comes to the triggers: what it is now, and what changed it."""

    data: JsonObject
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What one mapping makes of a message: the content of a webhook, its method and further headers."""

    data: JsonObject
    changes: tuple[Change, ...]
    method: str
    headers: Headers
    findings: tuple[Finding, ...]


def passed(message: Message, destination: Configured, setup: Setup) -> Passed | Skipped:
    """Return what comes to the triggers, or which stage before them dropped the message."""
    if not destination.file.enabled:
        return Skipped(
            "DESTINATION_DISABLED", "The destination is off in its file (enabled: false); turn it on there."
        )
    stopped = consent.blocked(
        message, setup.kind, destination.categories, setup.switches
    ) or webhooks.filtered(message, setup.kind, setup.switches)
    if stopped is not None:
        return stopped
    data, changes = message.data, list[Change]()
    filtered = destination.filters.applied(data, setup.switches)
    if isinstance(filtered, Dropped):
        return Skipped(filtered.code, filtered.reason)
    if filtered.changed_by:
        data = filtered.data
        changes.append(Change("filters", ", ".join(filtered.changed_by), data))
    return Passed(data, tuple(changes))


def unselected(data: JsonObject, destination: Configured) -> Skipped:
    """Say why no mapping selects a message."""
    clauses = [
        f"{_called(selector, destination)}: {selector.trigger.why(data)}"
        for selector in destination.selectors[:_MOST_SAID]
    ]
    more = len(destination.selectors) - len(clauses)
    if not clauses:
        reason = "The destination has no mapping that is on."
    else:
        reason = f"No trigger selects this call. {'; '.join(clauses)}"
        reason += f"; and {more} more." if more else "."
    return Skipped("NO_MATCHING_MAPPING", reason)


def made_by(selector: Selector, came: Passed, destination: Configured, *, ordinary: bool) -> Made | Skipped:
    """Return what a mapping that selects a message makes of it, or why nothing is sent."""
    mapped = selector.mapping.mapped(came.data, ordinary=ordinary)
    if isinstance(mapped, Unmapped):
        return Skipped(mapped.code, f"{_called(selector, destination)}: {mapped.reason}")
    changes = came.changes
    if not mapped.same:
        changes = (*changes, Change("mapping", selector.name, mapped.data))
    return Made(mapped.data, changes, mapped.method, mapped.headers, mapped.notes)


def _called(selector: Selector, destination: Configured) -> str:
    return "The trigger" if len(destination.selectors) == 1 else f'"{short(selector.name, 40)}"'

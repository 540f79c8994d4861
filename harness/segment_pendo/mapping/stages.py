"""What a configured destination does with a message, stage by stage, in Segment's order (D-1).

destination on? -> consent -> integrations object -> filters -> trigger -> mapping. The order of consent and
what comes before it is published nowhere: an assumption.
"""

from dataclasses import dataclass, replace
from typing import Final

from segment_pendo.base.prose import short
from segment_pendo.mapping.configured import Configured, Selector
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment import consent, webhooks
from segment_pendo.segment.filters.filters import Dropped
from segment_pendo.segment.mapping_kit.mapping import Unmapped
from segment_pendo.segment.mapping_kit.request import wire_headers
from segment_pendo.words import Change, Finding, Headers, JsonObject, Message, Skipped, Webhook

__all__ = ["Made", "Passed", "made_by", "passed", "unselected"]

_MOST_SAID: Final = 5  # triggers that are told one by one


@dataclass(frozen=True, slots=True)
class Passed:
    """A message that comes to the triggers: what it is now, what changed it, what to know about that."""

    data: JsonObject
    changes: tuple[Change, ...] = ()
    notes: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """What one mapping makes of a message: the content of a webhook, its method and further headers.

    `ordinary` is of the content.
    """

    data: JsonObject
    changes: tuple[Change, ...]
    ordinary: bool
    method: str = "POST"
    headers: Headers = ()
    findings: tuple[Finding, ...] = ()

    def requested(self, webhook: Webhook) -> Webhook:
        """Return a webhook with this method and these headers."""
        if not self.headers:
            return replace(webhook, method=self.method)
        headers = wire_headers(self.headers, webhooks.signature_of(webhook) or "")
        return replace(webhook, method=self.method, headers=headers)


def passed(message: Message, destination: Configured, setup: Setup) -> Passed | Skipped:
    """Return what comes to the triggers, or which stage before them dropped the message."""
    if not destination.file.enabled:
        return Skipped(
            "DESTINATION_DISABLED", "The destination is off in its file (enabled: false); turn it on there."
        )
    stopped = consent.blocked(message.data, destination.categories, setup.switches) or webhooks.filtered(
        message, setup.kind, setup.switches
    )
    if stopped is not None:
        return stopped
    data, changes = message.data, list[Change]()
    filtered = destination.filters.applied(data)
    if isinstance(filtered, Dropped):
        return Skipped(filtered.code, filtered.reason)
    if filtered.changed_by:
        data = filtered.data
        changes.append(Change("filters", ", ".join(filtered.changed_by), data))
    return Passed(data, tuple(changes), filtered.notes)


def unselected(data: JsonObject, destination: Configured) -> Skipped:
    """Say why no mapping selects a message."""
    clauses = [
        f"{_called(selector, destination)}: {selector.trigger.why(data).removesuffix('.')}"
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
        return Skipped(mapped.code, f"{_mapping_called(selector, destination)}: {mapped.reason}")
    if mapped.data is None:
        return Skipped(
            "MAPPING_WITHOUT_BODY",
            f"{_mapping_called(selector, destination)} gives no data for this call, so Segment sends a "
            "request without a body, and Pendo gets nothing of it.",
        )
    changes = came.changes
    if not mapped.same:
        changes = (*changes, Change("mapping", selector.name, mapped.data))
    notes = (*came.notes, *mapped.notes)
    return Made(mapped.data, changes, mapped.ordinary, mapped.method, mapped.headers, notes)


def _mapping_called(selector: Selector, destination: Configured) -> str:
    return "The mapping" if len(destination.selectors) == 1 else f'The mapping "{short(selector.name, 40)}"'


def _called(selector: Selector, destination: Configured) -> str:
    return "The trigger" if len(destination.selectors) == 1 else f'"{short(selector.name, 40)}"'

"""What a configured destination does with a message, stage by stage, in Segment's order (D-1).

tracking plan -> destination on? -> consent -> integrations object -> filters -> function -> trigger ->
mapping. Where consent stands is published nowhere: an assumption. Whether the trigger sees what the function
returned is a switch (trigger_sees).
"""

from dataclasses import dataclass, replace
from typing import Final

from segment_pendo.base.prose import short
from segment_pendo.mapping.assess import NO_TRIGGER
from segment_pendo.mapping.configured import Configured, Selector
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment import consent, functions, webhooks
from segment_pendo.segment.filters.filters import Dropped
from segment_pendo.segment.mapping_kit.mapping import Unmapped
from segment_pendo.segment.mapping_kit.request import wire_headers
from segment_pendo.segment.plan.plan import Blocked
from segment_pendo.words import Change, Finding, Headers, JsonObject, Message, Skipped, Webhook

__all__ = ["Made", "Passed", "made_by", "passed", "selected", "through_function", "unselected"]

_MOST_SAID: Final = 5  # triggers that are told one by one


@dataclass(frozen=True, slots=True)
class Passed:
    """How far a message came: what it is now, what changed it, what to know about that.

    `stopped`: why it goes no further. `function`: what the insert function made of it, as Judged has it.
    """

    data: JsonObject
    changes: tuple[Change, ...] = ()
    notes: tuple[Finding, ...] = ()
    stopped: Skipped | None = None
    function: JsonObject | None = None

    def changed(self, stage: str, by: str, data: JsonObject) -> "Passed":
        """Return the message as a stage left it."""
        return replace(self, data=data, changes=(*self.changes, Change(stage, by, data)))


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


def passed(message: Message, destination: Configured, setup: Setup) -> Passed:
    """Return what comes through the stages before function and trigger."""
    came = _planned(Passed(message.data), destination)
    if came.stopped is not None:
        return came
    if not destination.file.enabled:
        reason = "The destination is off in its file (enabled: false); turn it on there."
        return replace(came, stopped=Skipped("DESTINATION_DISABLED", reason))
    stopped = consent.blocked(came.data, destination.categories, setup.switches) or webhooks.filtered(
        replace(message, data=came.data), setup.kind, setup.switches
    )
    return replace(came, stopped=stopped) if stopped is not None else _filtered(came, destination)


def _planned(came: Passed, destination: Configured) -> Passed:
    if destination.plan is None:
        return came
    judged = destination.plan.judged(came.data)
    came = replace(came, notes=(*came.notes, *judged.violations))
    if isinstance(judged, Blocked):
        reason = judged.reason[:1].upper() + judged.reason[1:]
        return replace(came, stopped=Skipped(judged.code, reason))
    return came if judged.data is came.data else came.changed("plan", "the tracking plan", judged.data)


def _filtered(came: Passed, destination: Configured) -> Passed:
    filtered = destination.filters.applied(came.data)
    if isinstance(filtered, Dropped):
        return replace(came, stopped=Skipped(filtered.code, filtered.reason))
    came = replace(came, notes=(*came.notes, *filtered.notes))
    if not filtered.changed_by:
        return came
    return came.changed("filters", ", ".join(filtered.changed_by), filtered.data)


def through_function(came: Passed, index: int, destination: Configured, setup: Setup) -> Passed:
    """Return what comes back from the insert function (D-50), where the destination has one.

    `index`: of the call in its request.
    """
    if destination.file.function is None or setup.function is None:
        return came
    outcome = setup.function(came.data, index)
    came = replace(came, function=functions.kept(outcome, came.data))
    if isinstance(outcome, functions.Blocked):
        return replace(came, stopped=Skipped(outcome.code, outcome.reason))
    if came.function is None:
        return came
    return came.changed("function", destination.file.function, outcome.data)


def selected(came: Passed, destination: Configured) -> list[Selector]:
    """Return the mappings that select a message, in their order (D-14)."""
    return [selector for selector in destination.selectors if selector.trigger.selects(came.data)]


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
        reason = f"{NO_TRIGGER}. {'; '.join(clauses)}"
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
    return Made(mapped.data, changes, mapped.ordinary, mapped.method, mapped.headers, mapped.notes)


def _mapping_called(selector: Selector, destination: Configured) -> str:
    return "The mapping" if len(destination.selectors) == 1 else f'The mapping "{short(selector.name, 40)}"'


def _called(selector: Selector, destination: Configured) -> str:
    return "The trigger" if len(destination.selectors) == 1 else f'"{short(selector.name, 40)}"'

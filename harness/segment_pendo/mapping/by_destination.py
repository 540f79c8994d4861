"""Judge a message as the destination does that a file describes: through its stages, by each mapping."""

from dataclasses import replace

from segment_pendo.mapping import stages
from segment_pendo.mapping.configured import Configured, Selector
from segment_pendo.mapping.findings import bounded
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.findings import examine
from segment_pendo.segment import webhooks
from segment_pendo.segment.near_misses import near_misses
from segment_pendo.words import Finding, Judged, Message, Skipped

__all__ = ["judged_by"]


def judged_by(
    message: Message, destination: Configured, *, ordinary: bool, setup: Setup, filtered: bool = False
) -> Judged:
    """Return what a destination that a file describes makes of a message, by each mapping that selects it.

    `filtered`: the message has come through plan, consent, integrations and filters already.
    """
    came = stages.Passed(message.data) if filtered else stages.passed(message, destination, setup)
    if came.stopped is None and destination.is_classic:
        came = stages.through_function(came, message.call.index, destination, setup)
        if came.stopped is None:
            same = came.data is message.data
            return _sent(message, came, stages.Made(came.data, came.changes, ordinary and same), setup)
    chosen, came = _chosen(message, came, destination, setup)
    if came.stopped is not None:
        return _stopped(message, came)
    named = len(destination.file.mappings) > 1
    each: list[Judged] = []
    for selector in chosen:
        is_ordinary = ordinary and came.data is message.data
        made = stages.made_by(selector, came, destination, ordinary=is_ordinary)
        judged = _sent(message, came, made, setup)
        each.append(replace(judged, mapping=selector.name if named else None, copy=len(each) + 1))
    return replace(each[0], more=tuple(each[1:]))


def _chosen(
    message: Message, came: stages.Passed, destination: Configured, setup: Setup
) -> tuple[list[Selector], stages.Passed]:
    """Return the mappings that select a message, and how it comes to them: through the insert function."""
    if came.stopped is not None:
        return [], came
    asked_first = setup.switches.trigger_sees == "sent"
    chosen = stages.selected(came, destination) if asked_first else []
    if chosen or not asked_first:
        came = stages.through_function(came, message.call.index, destination, setup)
    if came.stopped is None and not asked_first:
        chosen = stages.selected(came, destination)
    if came.stopped is None and not chosen:
        came = replace(came, stopped=stages.unselected(came.data, destination))
    return chosen, came


def _stopped(message: Message, came: stages.Passed) -> Judged:
    assert came.stopped is not None
    findings = bounded((*_about(message), *came.notes))
    return Judged(message.call, came.stopped, findings, message, changes=came.changes, function=came.function)


def _sent(message: Message, came: stages.Passed, made: stages.Made | Skipped, setup: Setup) -> Judged:
    """Return what becomes of a message that a mapping selects."""
    if isinstance(made, Skipped):
        return _stopped(message, replace(came, stopped=made))
    content = replace(message, data=made.data)
    webhook, notes = webhooks.webhook(
        content,
        setup.kind,
        setup.switches,
        ordinary=made.ordinary,
        secret=setup.secret,
    )
    findings = (*_about(content), *came.notes, *made.findings, *notes, *examine(made.data, setup.pendo))
    return Judged(
        message.call,
        made.requested(webhook),
        bounded(findings),
        message,
        changes=made.changes,
        function=came.function,
    )


def _about(message: Message) -> tuple[Finding, ...]:
    """Return what to know about a message, whatever its destination makes of it."""
    return (*message.notes, *near_misses(replace(message.call, data=message.data)))

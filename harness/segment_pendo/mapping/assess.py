"""Which call becomes which webhook, and why not. The law of this house:

1. A call is Skipped exactly when Segment would not deliver it: dropped at ingest (segment/server.py), not
   routed (the integrations object, segment/webhooks.py), or of a type that the destination's trigger does not
   select (W-29); with a destination file also by each stage that it sets up (stages.py).
2. Everything else is a Webhook: the whole event as Segment delivers it, unchanged, whatever Pendo can make of
   it (S-20, pendo 1.13).
3. identify and group are selected; track only where it is turned on (pendo 1.60); page, screen and alias
   never (pendo 1.21).
4. userId is Pendo's visitor id and groupId its account id, byte for byte (pendo 1.30, 1.50). Nothing in
   traits replaces them.
5. One call, one outcome, and one for each further mapping that selects it (D-14); order is kept; nothing here
   raises, whatever the bytes.
"""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.steps import Steps, finished, made_waiting
from segment_pendo.mapping.findings import bounded
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.effect import Effect, effect
from segment_pendo.pendo.findings import examine
from segment_pendo.segment import consent, ingest, server, webhooks
from segment_pendo.segment.members import CHAIN
from segment_pendo.segment.near_misses import near_misses
from segment_pendo.words import (
    Batch,
    Call,
    Finding,
    Json,
    JsonObject,
    Judged,
    Message,
    Outcome,
    Receipt,
    Refusal,
    SdkRequest,
    Skipped,
)

__all__ = [
    "NO_TRIGGER",
    "TRACK_OFF",
    "assess",
    "assess_in_steps",
    "chain",
    "chain_of",
    "effect_of",
    "judge",
    "judge_message",
]


NO_TRIGGER: Final = "No trigger selects this call"  # the first words of a reason
TRACK_OFF: Final = (
    "Pendo takes track calls only if its subscription has the setting for them; track is off here."
)


def assess(request: SdkRequest, *, id: str, at: datetime, setup: Setup) -> Receipt:
    """Read, answer and map one SDK request. `at` is receivedAt, `id` seeds the ids that the server makes."""
    return finished(assess_in_steps(request, id=id, at=at, setup=setup))


def assess_in_steps(
    request: SdkRequest, *, id: str, at: datetime, setup: Setup, only: Collection[int] | None = None
) -> Steps[Receipt]:
    """Do the same as `assess`, a call a step. `only`: the indexes of the calls that are wanted."""
    batch = ingest.read(request, setup.switches)
    yield None
    if isinstance(batch, Refusal):
        return Receipt(id, at, request, ingest.refused(request, batch), (), batch)
    judged: list[Judged] = []
    for call in batch.calls if only is None else [call for call in batch.calls if call.index in only]:
        make_id = partial(server.message_id, f"{id}.{call.index}", call, batch)
        if setup.function is not None:  # which is another process
            make = partial(judge, call, batch, at=at, ip=request.ip, message_id=make_id, setup=setup)
            judged.append((yield from made_waiting(make)))
        else:
            judged.append(judge(call, batch, at=at, ip=request.ip, message_id=make_id, setup=setup))
            yield None
    return Receipt(id, at, request, ingest.accepted(request), tuple(judged))


def judge(
    call: Call, batch: Batch, *, at: datetime, ip: str, message_id: server.MakeId, setup: Setup
) -> Judged:
    """Return what becomes of one call. `message_id` makes a messageId for a call that has none."""
    message = server.deliver(call, batch, received=at, ip=ip, message_id=message_id, switches=setup.switches)
    if isinstance(message, Skipped):
        return Judged(call, message, near_misses(call), None)
    return judge_message(message, ordinary=batch.ordinary, setup=setup)


def judge_message(message: Message, *, ordinary: bool, setup: Setup, filtered: bool = False) -> Judged:
    """Return what becomes of a message as it left Segment's servers.

    `filtered`: as a destination's function or trigger first sees it; the stages before them are passed over
    where there is a destination file.
    """
    if setup.destination is not None:
        # What it needs takes a while to import, and most have no destination file.
        from segment_pendo.mapping.by_destination import judged_by  # noqa: PLC0415

        return judged_by(message, setup.destination, ordinary=ordinary, setup=setup, filtered=filtered)
    kind, data = setup.kind, message.data
    findings: tuple[Finding, ...] = message.notes + near_misses(message.call)
    outcome: Outcome | None = (
        webhooks.filtered(message, kind, setup.switches)
        or _unselected(message.call, setup)
        or _failing(data, kind)
    )
    if outcome is None:
        outcome, notes = webhooks.webhook(
            message, kind, setup.switches, ordinary=ordinary, secret=setup.secret
        )
        may_filter = consent.unjudged(data)
        if may_filter is not None:
            findings += (may_filter,)
        findings = bounded((*findings, *notes, *examine(data, setup.pendo)))
    return Judged(message.call, outcome, findings, message)


def _unselected(call: Call, setup: Setup) -> Skipped | None:
    if setup.selects(call.type):
        return None
    if call.type == "track":
        reason = TRACK_OFF
    else:
        reason = f"Pendo documents nothing for {call.type} calls from Segment, so none is sent."
    return Skipped("NO_MATCHING_MAPPING", reason)


def _failing(data: JsonObject, kind: webhooks.Kind) -> Skipped | None:
    """Return why Segment's code fails on an event whatever the mapping, or None (D-27)."""
    context = data.get("context")
    if kind is not webhooks.ACTIONS or (isinstance(context, dict) and "personas" not in context):
        return None
    from segment_pendo.segment.mapping_kit import audience  # noqa: PLC0415 - hardly an event has personas

    if not audience.fails_on_context(data):
        return None
    return Skipped("MAPPING_CONTEXT_NULL", f"The event's {audience.CONTEXT_NULL}")


def chain(judged: Judged) -> str:
    """Return the chain in which a webhook waits: that of its userId, else anonymousId, else groupId."""
    return chain_of(judged.call.data)


def chain_of(call: Json) -> str:
    """Return the chain of a call, or an empty text where it has no id."""
    if isinstance(call, dict):
        for key in CHAIN:
            value = call.get(key)
            if value is not None:
                text = js_json.quick(value) if isinstance(value, str) else None
                return f"{key}:{(text or js_json.write(value)).decode()}"
    return ""


def effect_of(judged: Judged, setup: Setup) -> Effect | None:
    """Return what Pendo is expected to make of a call's webhook, or None where the call was skipped."""
    content = judged.content
    if judged.webhook is None or content is None:
        return None
    return effect(content, setup.pendo, track=setup.pendo_track)

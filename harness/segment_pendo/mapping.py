"""Which call becomes which webhook, and why not. The law of this house:

1. A call is Skipped exactly when Segment would not deliver it: dropped at ingest (segment/server.py), not routed
   (the integrations object, segment/webhooks.py), or of a type that the destination's trigger does not select (W-29).
2. Everything else is a Webhook: the whole event as Segment delivers it, unchanged, whatever Pendo can make of it (pendo 1.13).
3. identify and group are selected; track only when asked (pendo 1.60); page, screen and alias never (pendo 1.21).
4. userId is Pendo's visitor id and groupId its account id, byte for byte (pendo 1.30, 1.50). Nothing in traits replaces them.
5. One call, one outcome; order is kept; nothing here raises, whatever the bytes.
"""

from dataclasses import dataclass
from datetime import datetime

from segment_pendo import js_json
from segment_pendo.pendo import findings
from segment_pendo.segment import ingest, server, webhooks
from segment_pendo.words import Batch, Call, Finding, Judged, Message, Outcome, Receipt, Refusal, SdkRequest, Skipped, Webhook

__all__ = ["Trigger", "assess", "chain", "judge", "judge_message", "webhook_of"]


@dataclass(frozen=True, slots=True)
class Trigger:
    """The types that the Webhooks destination selects."""

    track: bool = False

    def selects(self, kind: str | None) -> bool:
        return kind in {"identify", "group"} or (self.track and kind == "track")


def assess(request: SdkRequest, *, id: str, at: datetime, trigger: Trigger) -> Receipt:
    """One SDK request, read, answered and mapped. `at` is receivedAt, `id` seeds what the server makes up."""
    batch = ingest.read(request)
    if isinstance(batch, Refusal):
        return Receipt(id, at, request, ingest.refused(request, batch), (), batch)
    judged = tuple(judge(call, batch, at=at, ip=request.ip, seed=id, trigger=trigger) for call in batch.calls)
    return Receipt(id, at, request, ingest.accepted(request), judged)


def judge(call: Call, batch: Batch, *, at: datetime, ip: str, seed: str, trigger: Trigger) -> Judged:
    """What becomes of one call."""
    message = server.deliver(call, batch, received=at, ip=ip, seed=seed)
    if isinstance(message, Skipped):
        return Judged(call, message, (), None)
    return judge_message(message, ordinary=batch.ordinary, trigger=trigger)


def judge_message(message: Message, *, ordinary: bool, trigger: Trigger) -> Judged:
    """What becomes of a message that Segment's servers have done with."""
    found: tuple[Finding, ...] = message.notes
    outcome: Outcome | None = webhooks.filtered(message) or _unselected(message.call, trigger)
    if outcome is None:
        outcome = webhooks.webhook(message, ordinary=ordinary)
        found = (*found, *webhooks.notes(message), *findings.examine(message.data))
    return Judged(message.call, outcome, found, message)


def _unselected(call: Call, trigger: Trigger) -> Skipped | None:
    if trigger.selects(call.type):
        return None
    if call.type == "track":
        reason = "Pendo takes track calls only if its subscription has the setting; give --track to send them."
    else:
        reason = f"Pendo documents nothing for {call.type} calls from Segment, so none is sent."
    return Skipped("NO_MATCHING_MAPPING", reason)


def chain(judged: Judged) -> str:
    """What a webhook waits behind: its userId, else anonymousId, else groupId."""
    data = judged.call.data
    if isinstance(data, dict):
        for key in ("userId", "anonymousId", "groupId"):
            if data.get(key) is not None:
                return f"{key}:{js_json.write(data[key]).decode()}"
    return ""


def webhook_of(judged: Judged) -> Webhook | None:
    """The webhook, or None where the call was skipped."""
    return judged.outcome if isinstance(judged.outcome, Webhook) else None

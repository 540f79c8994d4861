"""Map recorded calls again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from segment_pendo.mapping.assess import judge
from segment_pendo.mapping.earlier import CODES, EarlierCalls, repeats
from segment_pendo.mapping.findings import MOST_FINDINGS
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import Entry, RecordedCall, RecordingError, _member, _sdk_request
from segment_pendo.segment import ingest, webhooks
from segment_pendo.segment.functions import remembered
from segment_pendo.words import Batch, Call, Json, JsonObject, Judged, Message, Refusal

__all__ = ["IP", "Judge", "batch_of", "with_sent_at"]

IP: Final = "127.0.0.1"  # from which each recorded call counts as sent
_FEW: Final = MOST_FINDINGS // 2  # findings; where there are more, some may have been left out


class Judge:
    """Maps recorded calls in the order of their file, always in the same way, so that they can be checked."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._earlier = EarlierCalls(setup)

    def judged(
        self, call: Call, batch: Batch, at: datetime, made_id: str, function: JsonObject | None = None
    ) -> Judged:
        """Return what becomes of a call of a batch that was received `at`.

        `function`: what the insert function made of it then; it counts where none is run now.
        """
        setup = self._setup
        if setup.function is None and function is not None:
            setup = replace(setup, function=remembered({call.index: function}))
        judged = judge(call, batch, at=at, ip=IP, message_id=lambda: made_id, setup=setup)
        return self._earlier.annotated_call(judged, at)

    def reused(self, call: Call, came: Judged, batch: Batch, at: datetime) -> Judged | None:
        """Return what `judged` would, made of what became of the call when it `came`; None where it must.

        The call was received `at` from IP and mapped with the same setup; only write keys may be others. The
        findings of `pendo.across` are left out, as recordings do not keep them.
        """
        setup, message, webhook = self._setup, came.message, came.webhook
        if setup.destination is not None or not batch.ordinary or len(came.findings) > _FEW:
            return None
        repeated = message is not None and self._earlier.is_repeated(call.data, at)
        if message is None or webhook is None:
            return Judged(call, came.outcome, came.findings, message)
        findings = [finding for finding in came.findings if finding.code not in CODES]
        if repeated:
            findings.append(repeats())
        key = batch.write_key if batch.write_key is not None else call.member("writeKey")
        if not batch.single and message.data.get("writeKey") != key:
            message = Message(call, message.data | {"writeKey": key}, message.notes)
            webhook, _ = webhooks.webhook(message, setup.kind, setup.switches, ordinary=True)
        return Judged(call, webhook, tuple(findings), message)

    def met(self, call: RecordedCall) -> None:
        """Remember a recorded call without mapping it again."""
        # Ingest's codes are in lower case; what it drops, no later call repeats.
        if call.code is None or call.code.isupper():
            self._earlier.remember(call.call, call.at)

    def entry(self, entry: Entry) -> Iterator[Judged]:
        """Yield what becomes now of each call of an entry. Raises RecordingError."""
        if not entry.calls:
            return
        try:
            batch = batch_of(entry.value, [call.call for call in entry.calls], self._setup)
        except ValueError:
            msg = (
                f"line {entry.number}: the calls after this request cannot have come with it. The line was "
                "edited, or Segment refuses it now."
            )
            raise RecordingError(msg) from None
        self._earlier.across.grouped(call.call for call in entry.calls if isinstance(call.call, dict))
        for call, recorded in zip(batch.calls, entry.calls, strict=True):
            sent = with_sent_at(batch, recorded.sent_at)
            yield self.judged(call, sent, recorded.at, recorded.made_id, recorded.function)


def batch_of(request: JsonObject, calls: list[Json], setup: Setup) -> Batch:
    """Return the batch of a recorded request. Raises ValueError if these calls cannot have come with it."""
    batch = ingest.read(_sdk_request(request, calls, ()), setup.switches, spelled=True)
    if isinstance(batch, Refusal) or len(batch.calls) != len(calls):
        msg = "these calls cannot have come with this request"
        raise ValueError(msg)
    return batch


def with_sent_at(batch: Batch, sent_at: tuple[Json, ...]) -> Batch:
    """Return the batch with another sentAt in its envelope."""
    rest = {key: value for key, value in batch.envelope.items() if key != "sentAt"}
    return batch if batch.single else replace(batch, envelope=rest | _member(sent_at))

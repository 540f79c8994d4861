"""Map recorded calls again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from segment_pendo.mapping.assess import judge
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import Entry, RecordedCall, RecordingError, _member, _sdk_request
from segment_pendo.segment import ingest
from segment_pendo.segment.functions import remembered
from segment_pendo.words import Batch, Call, Json, JsonObject, Judged, Refusal

__all__ = ["Judge", "batch_of", "with_sent_at"]


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
        judged = judge(call, batch, at=at, ip="127.0.0.1", message_id=lambda: made_id, setup=setup)
        return self._earlier.annotated_call(judged, at)

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

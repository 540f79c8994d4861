"""Maps recorded calls again."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from segment_pendo.mapping.assess import judge
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import Entry, RecordedCall, RecordingError, _member, _sdk_request
from segment_pendo.segment import ingest
from segment_pendo.words import Batch, Call, Json, JsonObject, Judged, Refusal

__all__ = ["Judge", "batch_of", "with_sent_at"]


class Judge:
    """Maps recorded calls in the order of their file: always the same, so that a recording can be checked."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._earlier = EarlierCalls(setup)

    def judged(self, call: Call, batch: Batch, at: datetime, made_id: str) -> Judged:
        """What becomes of a call of a batch that was received `at`."""
        judged = judge(call, batch, at=at, ip="127.0.0.1", message_id=lambda: made_id, setup=self._setup)
        return self._earlier.annotated_call(judged, at)

    def met(self, one: RecordedCall) -> None:
        """Know a recorded call without mapping it again."""
        if (
            one.code is None or one.code.isupper()
        ):  # ingest's codes are in lower case; what it drops, no later call repeats
            self._earlier.remember(one.call, one.at)

    def entry(self, entry: Entry) -> Iterator[Judged]:
        """What becomes of each call of an entry now."""
        if not entry.calls:
            return
        try:
            batch = batch_of(entry.value, [one.call for one in entry.calls], self._setup)
        except ValueError:
            msg = (
                f"line {entry.number}: a request like this brings no such calls. The line was edited, or "
                "Segment refuses it now."
            )
            raise RecordingError(msg) from None
        self._earlier.across.grouped(one.call for one in entry.calls if isinstance(one.call, dict))
        for index, one in enumerate(entry.calls):
            yield self.judged(batch.calls[index], with_sent_at(batch, one.sent_at), one.at, one.made_id)


def batch_of(request: JsonObject, calls: list[Json], setup: Setup) -> Batch:
    """The batch of a recorded request. Raises ValueError where these calls cannot have come by it."""
    batch = ingest.read(_sdk_request(request, calls, ()), setup.switches, spelled=True)
    if isinstance(batch, Refusal) or len(batch.calls) != len(calls):
        msg = "a request like this brings no such calls"
        raise ValueError(msg)
    return batch


def with_sent_at(batch: Batch, sent_at: tuple[Json, ...]) -> Batch:
    """The batch with another sentAt of its envelope."""
    rest = {key: value for key, value in batch.envelope.items() if key != "sentAt"}
    return batch if batch.single else replace(batch, envelope=rest | _member(sent_at))

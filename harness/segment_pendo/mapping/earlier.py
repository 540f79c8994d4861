"""Findings that need earlier calls of the same run or file, in bounded memory.

Those about Segment are made here, those about Pendo in pendo/across.py.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from segment_pendo.base.bounded import Bounded
from segment_pendo.base.steps import Steps, finished
from segment_pendo.mapping.findings import bounded
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import ACROSS, LIMIT, Across
from segment_pendo.segment.codes import note
from segment_pendo.words import Finding, Json, Judged, Receipt

__all__ = ["CODES", "EarlierCalls", "repeats"]

# The codes of the findings that are made here and nowhere else.
CODES: Final = frozenset({"DUPLICATE_MESSAGE_ID"}) | ACROSS
_WINDOW: Final = timedelta(hours=24)  # I-64: Segment drops repeats for at least as long


def repeats() -> Finding:
    """Return the finding about a call whose messageId came before."""
    text = (
        "This messageId came before. Segment drops most repeats within 24 hours; here the call is "
        "delivered. Give each call its own messageId."
    )
    return note("DUPLICATE_MESSAGE_ID", "$.messageId", text)


class EarlierCalls:
    """Remembers the last `limit` message ids, users and fields. Give it every call in order."""

    def __init__(self, setup: Setup | None = None, limit: int = LIMIT) -> None:
        setup = setup or Setup()
        self._seen = Bounded[str, datetime](limit, "setting")
        self.across = Across(setup.pendo, track=setup.pendo_track, limit=limit)

    def annotated(self, receipt: Receipt) -> Receipt:
        """Return the receipt with the findings that earlier calls bring."""
        return finished(self.annotated_in_steps(receipt))

    def annotated_in_steps(self, receipt: Receipt) -> Steps[Receipt]:
        """Do the same as `annotated`, a call a step."""
        if len(receipt.judged) > 1:
            self.across.grouped(
                [
                    content
                    for judged in receipt.each
                    if judged.webhook is not None and (content := judged.content) is not None
                ]
            )
        annotated: list[Judged] = []
        for judged in receipt.judged:
            annotated.append(self.annotated_call(judged, receipt.at))
            yield None
        return replace(receipt, judged=tuple(annotated))

    def annotated_call(self, judged: Judged, at: datetime) -> Judged:
        """Return one call, received `at`, with the findings that earlier calls bring."""
        if judged.message is None:  # ingest dropped it: no later call repeats it
            return judged
        repeated = self.is_repeated(judged.call.data, at)
        first = self._examined(judged, repeated=repeated)
        if not judged.more:
            return first
        more = tuple(self._examined(further, repeated=False) for further in judged.more)
        return replace(first, more=more)

    def is_repeated(self, call: Json, at: datetime) -> bool:
        """Whether the messageId of a call, received `at`, came a short time before; remember the call."""
        before = self.remember(call, at)
        return before is not None and at - before <= _WINDOW

    def _examined(self, judged: Judged, *, repeated: bool) -> Judged:
        """Return a webhook with the findings that earlier ones bring."""
        content = judged.content
        if judged.webhook is None or content is None:
            return judged
        findings = self.across.examine(content)
        if repeated:
            findings = (repeats(), *findings)
        return judged.also(bounded((*judged.findings, *findings))) if findings else judged

    def remember(self, call: Json, at: datetime | None) -> datetime | None:
        """Remember the call; return when its messageId was last seen, or None."""
        message_id = call.get("messageId") if isinstance(call, dict) else None
        if not isinstance(message_id, str) or at is None:
            return None
        before = self._seen.get(message_id)
        self._seen[message_id] = at
        return before

    def forget(self, receipt: Receipt) -> None:
        """Forget the message ids of a receipt that nobody took: the SDK will send its calls again."""
        for judged in receipt.judged:
            message_id = judged.call.member("messageId")
            if isinstance(message_id, str):
                self._seen.pop(message_id)

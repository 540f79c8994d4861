"""Findings that need to know earlier calls of the same run or file, in bounded memory."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from segment_pendo.words import Finding, Json, Judged, Receipt, Webhook

__all__ = ["CODES", "History"]

# The codes of what is found here and nowhere else.
CODES: Final = frozenset({"DUPLICATE_MESSAGE_ID"})
LIMIT: Final = 10_000
_WINDOW: Final = timedelta(hours=24)  # I-64: Segment drops repeats for at least as long


class History:
    """Remembers the last `limit` message ids; give it every call in order."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._seen: dict[str, datetime] = {}

    def told(self, receipt: Receipt) -> Receipt:
        """The receipt with what its calls' predecessors say about them."""
        return replace(receipt, judged=tuple(self.judged(one, receipt.at) for one in receipt.judged))

    def judged(self, judged: Judged, at: datetime) -> Judged:
        """One call received `at` with its findings."""
        if judged.message is None:  # ingest dropped it: no later call repeats it
            return judged
        before = self.remember(judged.call.data, at)
        if before is None or at - before > _WINDOW or not isinstance(judged.outcome, Webhook):
            return judged
        text = (
            "This messageId came before; Segment drops most repeats within 24 hours, here it is delivered. Give each call an id of its own."
        )
        finding = Finding("DUPLICATE_MESSAGE_ID", "warning", "$.messageId", text, "Segment's documentation of duplicate data")
        return replace(judged, findings=(*judged.findings, finding))

    def remember(self, call: Json, at: datetime | None) -> datetime | None:
        """Know a call from now on; when its messageId was seen before, or None."""
        message_id = call.get("messageId") if isinstance(call, dict) else None
        if not isinstance(message_id, str) or at is None:
            return None
        before = self._seen.pop(message_id, None)
        self._seen[message_id] = at
        if len(self._seen) > self._limit:
            del self._seen[next(iter(self._seen))]
        return before

    def forget(self, receipt: Receipt) -> None:
        """Know nothing of a receipt's calls: nobody took them, and the SDK will send them again."""
        for one in receipt.judged:
            message_id = one.call.data.get("messageId") if isinstance(one.call.data, dict) else None
            if isinstance(message_id, str):
                self._seen.pop(message_id, None)

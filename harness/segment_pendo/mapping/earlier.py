"""Findings that need to know earlier calls of the same run or file, in bounded memory: Segment's here, Pendo's in pendo/memory.py."""

from collections import OrderedDict
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from segment_pendo.mapping.assess import bounded
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import ACROSS, LIMIT, Memory
from segment_pendo.segment.codes import note
from segment_pendo.words import Finding, Json, Judged, Receipt, Webhook

__all__ = ["CODES", "History"]

# The codes of what is found here and nowhere else.
CODES: Final = frozenset({"DUPLICATE_MESSAGE_ID"}) | ACROSS
_WINDOW: Final = timedelta(hours=24)  # I-64: Segment drops repeats for at least as long


class History:
    """Remembers the last `limit` message ids, users, fields; give it every call in order."""

    def __init__(self, setup: Setup | None = None, limit: int = LIMIT) -> None:
        self._limit = limit
        self._seen: OrderedDict[str, datetime] = OrderedDict()
        self.memory = Memory(track=setup.pendo_track if setup else True, limit=limit)

    def told(self, receipt: Receipt) -> Receipt:
        """The receipt with what its calls' predecessors say about them."""
        if len(receipt.judged) > 1:
            self.memory.grouped(one.message.data for one in receipt.judged if one.message and isinstance(one.outcome, Webhook))
        return replace(receipt, judged=tuple(self.judged(one, receipt.at) for one in receipt.judged))

    def judged(self, judged: Judged, at: datetime) -> Judged:
        """One call received `at` with its findings."""
        if judged.message is None:  # ingest dropped it: no later call repeats it
            return judged
        before = self.remember(judged.call.data, at)
        if not isinstance(judged.outcome, Webhook):
            return judged
        found: list[Finding] = []
        if before is not None and at - before <= _WINDOW:
            text = "This messageId came before; Segment drops most repeats within 24 hours, here it is delivered. Give each call its own."
            found.append(note("DUPLICATE_MESSAGE_ID", "$.messageId", text))
        found += self.memory.examine(judged.message.data)
        return replace(judged, findings=bounded((*judged.findings, *found))) if found else judged

    def remember(self, call: Json, at: datetime | None) -> datetime | None:
        """Know a call from now on; when its messageId was seen before, or None."""
        message_id = call.get("messageId") if isinstance(call, dict) else None
        if not isinstance(message_id, str) or at is None:
            return None
        before = self._seen.pop(message_id, None)
        self._seen[message_id] = at
        if len(self._seen) > self._limit:
            self._seen.popitem(last=False)
        return before

    def forget(self, receipt: Receipt) -> None:
        """Know no message id of a receipt's calls: nobody took them, and the SDK will send them again."""
        for one in receipt.judged:
            message_id = one.call.data.get("messageId") if isinstance(one.call.data, dict) else None
            if isinstance(message_id, str):
                self._seen.pop(message_id, None)

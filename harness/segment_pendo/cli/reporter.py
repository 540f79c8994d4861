"""What `run` prints: a line or a JSON object for each call, and the sum at the end."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Final, Literal, TextIO

from segment_pendo import rows
from segment_pendo.lines import call_line, plain, refusal_line
from segment_pendo.words import Attempt, CallRef, JsonObject, Judged, Receipt, Webhook

__all__ = ["Reporter"]

# A row waits this long for its delivery to end before it is printed without.
PATIENCE: Final = 2.0
_CALL: Final[JsonObject] = {"event": "call"}
_LEVELS: Final = {"info": 0, "warning": 1, "error": 2}


class Reporter:
    """A sink. `out` is where calls are printed."""

    def __init__(self, out: TextIO, style: Literal["text", "ndjson"]) -> None:
        self._out = out
        self._style = style
        self._waiting: dict[CallRef, tuple[Receipt, Judged, asyncio.TimerHandle]] = {}
        self.outcomes: Counter[str] = Counter()
        self.worst: Counter[str] = Counter()
        self.calls = 0
        self.undelivered = 0

    def event(self, value: JsonObject) -> None:
        """Print an event of the NDJSON stream."""
        if self._style == "ndjson":
            self._print(rows.dumps(value))

    def _print(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()

    def take(self, receipt: Receipt) -> None:
        if receipt.refusal:
            self.worst["error"] += receipt.refusal.status != 404
            if self._style == "text":
                self._print(refusal_line(receipt))
            self.event(
                {
                    "event": "refused",
                    "status": receipt.refusal.status,
                    "code": receipt.refusal.code,
                    "reason": receipt.refusal.message,
                    "path": plain(receipt.request.path),
                }
            )
        for judged in receipt.judged:
            self._call(receipt, judged)

    def _call(self, receipt: Receipt, judged: Judged) -> None:
        self.calls += 1
        sends = isinstance(judged.outcome, Webhook)
        self.outcomes["webhook" if sends else "skipped"] += 1
        for finding in judged.findings:
            self.worst[finding.level] += 1
        if judged.message is None:  # lost at Segment's door, in silence there
            self.worst["error"] += 1
        delivery: JsonObject | None = {"state": "waiting", "status": None, "attempts": 0} if sends else None
        self.event(_CALL | rows.call_row(receipt, judged, delivery=delivery))
        if self._style == "ndjson":
            return
        if not sends:
            self._print(call_line(receipt, judged, None))
            return
        ref = CallRef(receipt.id, judged.call.index)
        timer = asyncio.get_running_loop().call_later(PATIENCE, self._give_up, ref)
        self._waiting[ref] = (receipt, judged, timer)

    def _give_up(self, ref: CallRef) -> None:
        receipt, judged, _ = self._waiting.pop(ref)
        self._print(call_line(receipt, judged, None))

    def heard(self, ref: CallRef, attempt: Attempt) -> None:
        """An attempt has ended."""
        name = rows.call_id(ref.receipt, ref.index)
        if attempt.state != "delivered":
            self.undelivered += 1
        self.event(
            {
                "event": "delivery",
                "id": name,
                "state": attempt.state,
                "status": attempt.status,
                "attempts": attempt.number,
                "detail": attempt.detail or None,
            }
        )
        if self._style == "ndjson":
            return
        held = self._waiting.pop(ref, None)
        if held is None:
            self._print(f"{attempt.at.isoformat()[11:23]}  call {name}: {attempt.state} {attempt.status or attempt.detail}")
            return
        receipt, judged, timer = held
        timer.cancel()
        self._print(call_line(receipt, judged, attempt))

    def finish(self) -> None:
        """Print what still waits."""
        for _, _, timer in self._waiting.values():
            timer.cancel()
        for receipt, judged, _ in self._waiting.values():
            self._print(call_line(receipt, judged, None))
        self._waiting.clear()

    def failed(self, fail_on: str | None) -> bool:
        """Whether something at least as bad as `fail_on` was seen."""
        return fail_on is not None and any(count and _LEVELS[level] >= _LEVELS[fail_on] for level, count in self.worst.items())

    def summary(self, say: Callable[[str], None]) -> None:
        ends = f"{self.outcomes['webhook']} webhooks, {self.outcomes['skipped']} skipped"
        found = ", ".join(f"{self.worst[level]} {level}" for level in ("error", "warning", "info") if self.worst[level])
        say(f"{self.calls} calls: {ends}" + (f"; findings: {found}" if found else ""))

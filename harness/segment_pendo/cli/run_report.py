"""Print what `run` reports: a line or a JSON object for each call, and a summary at the end."""

import asyncio
import os
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Literal, TextIO

from segment_pendo.base.prose import many
from segment_pendo.base.steps import Steps, finished
from segment_pendo.explain import events, rows
from segment_pendo.explain.teller import Teller, ended, refusal_line
from segment_pendo.recordings.pseudonyms import People
from segment_pendo.words import (
    LEVELS,
    Attempt,
    CallRef,
    Finding,
    JsonObject,
    Judged,
    Receipt,
    Refusal,
    Skipped,
    is_as_bad,
)

__all__ = ["Reporter"]

# How long (s) a call's line waits for the end of its delivery; then it is printed without it.
PATIENCE: Final = 2.0


@dataclass(slots=True)
class _Line:
    """A call whose line is not printed yet."""

    receipt: Receipt
    judged: Judged
    attempt: Attempt | None = None
    settled: bool = False


def _descriptor(out: TextIO) -> int | None:
    try:
        return out.fileno()
    except (OSError, ValueError):  # a text in memory
        return None


class Reporter:
    """A sink that prints calls and counts them.

    Calls are printed to `out` in the order in which they came. `caveat` is printed once, after the first
    delivery. With `people`, lines for people have pseudonyms, as the recording has; rows have not.
    """

    def __init__(
        self,
        out: TextIO,
        style: Literal["text", "ndjson"],
        caveat: Finding | None = None,
        people: People | None = None,
    ) -> None:
        self._people = people
        self._caveat = caveat
        self._out = out
        self._descriptor = _descriptor(out)
        self._gone = False
        self._teller = Teller()
        self._style = style
        self._lines: deque[_Line] = deque()
        self._waiting: dict[CallRef, _Line] = {}
        self.outcomes: Counter[str] = Counter()
        self.deliveries: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()
        self.refused = 0
        self.strangers = 0
        self.dropped = 0
        self.calls = 0

    def event(self, value: JsonObject) -> None:
        """Print an event of the NDJSON stream."""
        if self._style == "ndjson":
            self._print(rows.dumps(value))

    def _print(self, text: str) -> None:
        if self._gone:
            return
        try:
            self._block()
            self._out.write(text + "\n")
            self._out.flush()
        except (OSError, ValueError):  # whoever read it has gone; calls and deliveries go on
            self._gone = True

    def _block(self) -> None:
        """Let writing wait for a slow reader: a child that shares the pipe, as Node, may turn that off."""
        if self._descriptor is not None and not os.get_blocking(self._descriptor):
            os.set_blocking(self._descriptor, True)

    def take(self, receipt: Receipt) -> None:
        finished(self.take_in_steps(receipt))

    def take_in_steps(self, receipt: Receipt) -> Steps[None]:
        if receipt.refusal:
            self._refused(receipt, receipt.refusal)
        for judged in receipt.each:
            self._call(receipt, judged)
            yield None
        if self._waiting:
            asyncio.get_running_loop().call_later(
                PATIENCE, self._settle, [receipt.ref(judged) for judged in receipt.each]
            )
        self._flush()

    def _refused(self, receipt: Receipt, refusal: Refusal) -> None:
        self.refused += 1
        self.strangers += refusal.status == 404
        if self._style == "text":
            self._print(refusal_line(receipt))
        request = receipt.request
        self.event(events.refused_event(receipt.id, receipt.at, request.path, refusal, request.session))

    def _call(self, receipt: Receipt, judged: Judged) -> None:
        self.calls += judged.copy == 1
        sends = judged.webhook is not None
        self.outcomes["webhook" if sends else "skipped"] += 1
        for finding in judged.findings:
            self.findings[finding.level] += 1
        self.dropped += judged.message is None  # Segment accepts such a call and drops it without a word
        delivery: JsonObject | None = {"state": "waiting", "status": None, "attempts": 0} if sends else None
        self.event(events.call_event(rows.call_row(receipt, judged, delivery=delivery)))
        if self._style == "text":
            line = _Line(receipt, self._without_people(judged), settled=not sends)
            self._lines.append(line)
            if sends:
                self._waiting[receipt.ref(judged)] = line

    def _without_people(self, judged: Judged) -> Judged:
        if self._people is None:
            return judged
        inside, call, outcome = self._people.inside, judged.call, judged.outcome
        if isinstance(outcome, Skipped):
            outcome = replace(outcome, reason=inside(outcome.reason))
        kind = inside(call.type) if call.type else call.type
        return replace(
            judged,
            outcome=outcome,
            call=replace(call, type=kind, data=self._people.call(call.data)),
            findings=tuple(replace(finding, message=inside(finding.message)) for finding in judged.findings),
        )

    def _settle(self, refs: list[CallRef]) -> None:
        """Let the lines of these calls be printed: they have waited long enough."""
        for ref in refs:
            line = self._waiting.pop(ref, None)
            if line is not None:
                line.settled = True
        self._flush()

    def _flush(self) -> None:
        while self._lines and self._lines[0].settled:
            line = self._lines.popleft()
            self._print(self._teller.call(line.receipt, line.judged, line.attempt))

    def heard(self, ref: CallRef, attempt: Attempt) -> None:
        """Report an attempt that has ended."""
        name = str(ref)
        if attempt.state != "waiting":
            self.deliveries[attempt.state] += 1
        self.event(events.delivery_event(name, attempt))
        if self._style == "ndjson":
            return
        if attempt.state == "waiting":
            if attempt.number == 1:  # that it goes on failing is told at its end
                self._print(f"{attempt.at.isoformat()[11:23]}  call {name}: {attempt.detail}")
            return
        line = self._waiting.pop(ref, None)
        if line is None:
            self._print(f"{attempt.at.isoformat()[11:23]}  call {name}: {ended(attempt)}")
        else:
            line.attempt, line.settled = attempt, True
            self._flush()
        if self._caveat is not None and attempt.state == "delivered":
            self._print(f"    {self._caveat.level} {self._caveat.code}: {self._caveat.message}")
            self._caveat = None

    def finish(self) -> None:
        """Print the lines that still wait."""
        self._settle(list(self._waiting))

    def why(self, fail_on: str) -> str:
        """Return what `fail_on` objects to, in words.

        A request to a path that Segment does not have is not counted: a browser may have sent it by itself.
        """
        levels = [level for level in LEVELS if is_as_bad(level, fail_on)]
        words = [many(self.findings[level], level) for level in levels if self.findings[level]]
        if self.dropped:
            words.append(many(self.dropped, "call dropped by Segment", "calls dropped by Segment"))
        if self.refused > self.strangers:
            words.append(
                many(
                    self.refused - self.strangers, "request refused by Segment", "requests refused by Segment"
                )
            )
        return ", ".join(words)

    def summary(self, say: Callable[[str], None]) -> None:
        """Pass the summary, a single sentence, to `say`."""
        ends = ", ".join(f"{count} {state}" for state, count in sorted(self.deliveries.items()))
        webhooks = many(self.outcomes["webhook"], "webhook") + (f" ({ends})" if ends else "")
        skipped = f"{self.outcomes['skipped']} skipped" + (
            f" ({self.dropped} dropped by Segment)" if self.dropped else ""
        )
        refused = f"; {many(self.refused, 'refused request')}" if self.refused else ""
        findings = ", ".join(
            many(self.findings[level], level, "info" if level == "info" else "")
            for level in LEVELS
            if self.findings[level]
        )
        say(
            f"{many(self.calls, 'call')}: {webhooks}, {skipped}{refused}"
            + (f"; findings: {findings}" if findings else "")
        )

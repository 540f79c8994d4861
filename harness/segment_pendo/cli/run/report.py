"""Report a run: a line or a JSON object for each call as it comes, and a summary at the end."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Literal, TextIO

from segment_pendo.base.prose import many, plain
from segment_pendo.base.steps import Steps, finished
from segment_pendo.cli.terminal.call_lines import Lines
from segment_pendo.cli.terminal.call_summary import summary
from segment_pendo.cli.terminal.printer import Printer
from segment_pendo.cli.terminal.telling import Telling
from segment_pendo.explain import events, rows
from segment_pendo.explain.telling.call_line import WHO, CallLine, call_line, end_of, refusal
from segment_pendo.explain.telling.costs import Costs
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.redaction.pseudonyms import People
from segment_pendo.segment.ingest import masked
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


class Reporter:
    """A sink that prints calls and counts them.

    Calls are printed to `out` in the order in which they came, by a thread of their own: a reader that is
    slow slows nothing down. `setup`: with which they are mapped. `caveat` is printed once, after the first
    delivery. With `people`, lines for people have pseudonyms, as the recording has; rows have not.
    `who`: the columns for whom a line is about, where it goes into a pipe.
    """

    def __init__(
        self,
        out: TextIO,
        style: Literal["text", "ndjson"],
        caveat: Finding | None = None,
        people: People | None = None,
        setup: Setup | None = None,
        who: int = WHO,
    ) -> None:
        self._people = people
        self._caveat = caveat
        self._style = style
        self._setup = setup or Setup()
        self._lines = Lines(out, who)
        self._printer = Printer(out, self._missed)
        self._telling = Telling(self._show)
        self._costs = Costs()
        self.deliveries: Counter[str] = Counter()
        self.findings: Counter[str] = Counter()
        self.refused = 0
        self.strangers = 0
        self.dropped = 0
        self.calls = 0

    @property
    def ends(self) -> Counter[str]:
        """Return how far calls got whose delivery has ended, as Telling counts them."""
        return self._telling.ends

    def event(self, value: JsonObject) -> None:
        """Print an event of the NDJSON stream."""
        if self._style == "ndjson":
            self._printer.print(rows.dumps(value))

    def _show(self, line: CallLine) -> None:
        if self._style == "text":
            self._printer.print(self._lines.text(line))

    def _missed(self, count: int) -> str:
        if self._style == "ndjson":
            return rows.dumps(events.missed_event(count))
        return self._lines.missed(count)

    def take(self, receipt: Receipt) -> None:
        finished(self.take_in_steps(receipt))

    def take_in_steps(self, receipt: Receipt) -> Steps[None]:
        if receipt.refusal:
            self._refused(receipt, receipt.refusal)
        for judged in receipt.each:
            self._call(receipt, judged)
            yield None
        self._telling.settle_later([str(receipt.ref(judged)) for judged in receipt.each])

    def _refused(self, receipt: Receipt, refused: Refusal) -> None:
        self.refused += 1
        self.strangers += refused.status == 404
        request = receipt.request
        where = f"{plain(request.method)} {plain(masked(request.path))}"
        self._show(refusal(receipt.at, where, refused.status, refused.code, refused.message))
        self.event(events.refused_event(receipt.id, receipt.at, request.path, refused, request.session))

    def _call(self, receipt: Receipt, judged: Judged) -> None:
        self.calls += judged.copy == 1
        for finding in judged.findings:
            self.findings[finding.level] += 1
        self.dropped += judged.message is None  # Segment accepts such a call and drops it without a word
        name = str(receipt.ref(judged))
        shown = self._without_people(judged)
        self._costs.call(shown)
        if self._style == "text":
            line = call_line(receipt.at, shown, self._setup)
            self._telling.call(name, line._replace(source=receipt.request.source))
            return
        sends = judged.webhook is not None
        delivery: JsonObject | None = {"state": "waiting", "status": None, "attempts": 0} if sends else None
        self.event(events.call_event(rows.call_row(receipt, judged, delivery=delivery)))
        counted = CallLine(receipt.at, "", "", "", "idle", end=end_of(judged, self._setup))
        self._telling.call(name, counted)

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

    def heard(self, ref: CallRef, attempt: Attempt) -> None:
        """Report an attempt that has ended."""
        name = str(ref)
        if attempt.state != "waiting":
            self.deliveries[attempt.state] += 1
        if attempt.state == "dead":
            self._costs.given_up(attempt)
        if self._style == "ndjson":
            self.event(events.delivery_event(name, attempt))
        self._telling.delivery(name, attempt)
        if self._caveat is not None and attempt.state == "delivered" and self._style == "text":
            self._printer.print(f"    {self._caveat.level} {self._caveat.code}: {self._caveat.message}")
            self._caveat = None

    def finish(self) -> int:
        """Print the lines that still wait, and wait for who reads them; return how many nobody reads."""
        self._telling.finish()
        return self._printer.drain()

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

    def summary(self, say: Callable[[str], None], source: str) -> None:
        """Pass the summary to `say`, line by line.

        `source`: the options by which `why` finds the calls of this run later on, or an empty text.
        """
        for line in summary(self.calls, self.refused, self._telling, self._costs, source):
            say(line)

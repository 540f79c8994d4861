"""The harness of one test: an ingest address of its own, and what came there.

The address is served by the loop thread (`loop_thread.py`); the test calls everything here. It waits without
sleeping, and an AssertionError says what came instead of what was expected.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

from aiohttp import web
from msgspec import UNSET, UnsetType

from segment_pendo.base import js_json
from segment_pendo.base.prose import many
from segment_pendo.explain.telling.teller import refused
from segment_pendo.pendo.records import Records
from segment_pendo.recordings.files import load
from segment_pendo.serve.fault import Fault, Side
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.session import Plan, Session
from segment_pendo.testing.expectation import Expectation
from segment_pendo.testing.faults import asked_fault, asked_match, attempt_of, name_of
from segment_pendo.testing.options import Options
from segment_pendo.testing.recorded import Files, Recordings
from segment_pendo.testing.timeline import Arrival, Event, Note, called, problems, timeline
from segment_pendo.testing.waiting import Aio, Clock, Waiting
from segment_pendo.words import Attempt, Receipt, Webhook

__all__ = ["Harness"]


class Loop(Protocol):
    """Run something in the loop thread and wait for its result.

    `url` is the address of the whole session; `files` are the recordings that its tests used and wrote.
    """

    url: str
    files: Files

    def ask[T](self, what: Callable[[], T]) -> T: ...


class Harness(Waiting):
    """What a test gets from the fixture `segment_pendo`.

    `host` is the address to which its SDK sends; open it in a browser while a debugger holds the test, and it
    shows the calls. `prefix` is a path below the fixture segment_pendo_url that belongs to this test, too.
    """

    def __init__(self, name: str, options: Options, loop: Loop) -> None:
        super().__init__(options)
        self.name = name
        self.prefix = f"/t/{token_hex(4)}"
        self.late: list[str] = []
        self.ended = False
        self.aio = Aio(self)
        self._loop = loop
        # The same chances in each run of the test; time is that of the machine, even where a test stops it.
        self._faults = Faults(self._note, seed=name, clock=Clock.now, asked="as .fail() asked")
        self._recordings = Recordings(name, options, loop.files)
        # Webhooks go straight into the Pendo on loopback, so a test need not wait for another HTTP request.
        plan = Plan(port=0, setup=options.setup, deliver=False, with_proxy=False)
        self._session = Session(plan, self, before=[self._recordings], faults=self._faults)
        self._cleared: list[Event] = []
        self._reported = 0

    def __repr__(self) -> str:
        counts = self.counts()
        return (
            f"<Harness at {self.host}: {counts['calls']} calls, {counts['skipped']} skipped, findings: "
            f"{counts['findings'] or 'none'}>"
        )

    # --- in the loop thread ---

    async def open(self) -> None:
        """Open the address. Raises ListenerError."""
        await self._session.__aenter__()
        self.host = self._session.home.url

    async def close(self) -> None:
        """Close the address; from now on the system refuses what an SDK sends there."""
        await self._session.__aexit__()

    def take(self, receipt: Receipt) -> None:
        """Keep what came, as a sink, and give its webhooks to the Pendo on loopback."""
        seconds = Clock.now() - self._start
        with self._came:
            if receipt.refusal is not None:
                self._note(" ".join(refused(receipt)), wrong=receipt.refusal.status != 404)
            for judged in receipt.each:
                webhook = judged.webhook
                fault = None if webhook is None else self._faults.next("pendo", webhook.body)
                attempt = None if webhook is None else self._attempt(receipt, webhook, fault)
                self.events.append(Arrival(seconds, receipt, judged, attempt))
                if self.ended:
                    self.late.append(called(judged))
                if attempt is not None:
                    self._session.store.outbox.attempted(receipt.ref(judged), attempt)
                if fault is not None:
                    self._tell(fault, called(judged))
            self._last = Clock.now()
            self._came.notify_all()

    def _attempt(self, receipt: Receipt, webhook: Webhook, fault: Fault | None) -> Attempt:
        """Give a webhook to the Pendo on loopback, unless a fault says otherwise."""
        status = None
        if fault is None or fault.is_taken:
            status = self._session.home.loopback_pendo.take(js_json.read(webhook.body).value)
        if fault is None:
            return Attempt(1, receipt.at, status, "", "delivered" if status == 200 else "dead")
        return attempt_of(fault, receipt.at, status, self.options.setup.kind.timeout)

    def _tell(self, fault: Fault, name: str) -> None:
        what = f"the webhook of {name}"
        if fault.delay:
            self._faults.tell_delay(fault, what)
        if not fault.only_delays:
            self._faults.tell(fault, what)

    def _note(self, text: str, *, wrong: bool = False) -> None:
        with self._came:
            self._last = Clock.now()
            self.events.append(Note(self._last - self._start, text, wrong))
            if self.ended:
                self.late.append(text)
            self._came.notify_all()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request that came to another address than `host`."""
        return await self._session.home.ingest(request)

    def _hosts(self) -> tuple[str, ...]:
        return self.host, self._loop.url

    def _is_busy(self) -> bool:
        return self._session.home.live > 0

    # --- what Pendo would hold ---

    def _ask[T](self, what: Callable[[Records], T]) -> T:
        return self._loop.ask(lambda: what(self._session.home.loopback_pendo.pendo))

    # --- faults ---

    def fail(
        self,
        status: int | None = 503,
        *,
        times: int | None | UnsetType = UNSET,
        delay: float = 0,
        drop: bool = False,
        keep: bool = False,
        retry_after: int | None = None,
        on: Side = "segment",
        probability: float = 1,
        hang: bool = False,
        cut: bool = False,
        outage: float = 0,
        match: Expectation | Mapping[str, Any] | None = None,
    ) -> None:
        """Let Segment fail: answer the next `times` requests with `status`, or `drop` their connections.

        Each waits `delay` seconds first; `status` None only delays. Segment loses the calls unless it should
        `keep` them (then an SDK that tries again sends them twice). `hang` never answers, `cut` breaks the
        answer off within its body. `match` is what a call of the request must be, such as identify("u1").
        `probability`: of each request, for ever unless `times` says otherwise. `outage`: from the first one
        on, all requests for so many seconds. With `on="token"`, requests for OAuth tokens fail instead;
        with `on="pendo"`, webhooks do, and end with their first attempt. Raises ValueError for what HTTP does
        not have.
        """
        arguments = locals()
        del arguments["self"]
        fault, matches = asked_fault(arguments), asked_match(match)
        self._loop.ask(lambda: self._faults.add(fault, matches=matches, name=name_of(fault, match)))

    # --- recordings ---

    def _path(self, path: str | Path) -> Path:
        if not isinstance(path, str | Path):
            msg = f"the path of a recording is a text or a Path, not {path!r}"
            raise TypeError(msg)
        return self.options.directory / path

    def record(self, path: str | Path) -> None:
        """Record this test's calls into a file; the path is relative to the directory of the test.

        Write keys are replaced. An older file is replaced only if the test passes. Raises RecordingError if
        the file cannot be written, or holds something else.
        """

        def begin() -> None:
            self._recordings.begin(self._path(path), self._receipts())

        self._loop.ask(begin)

    def replay(self, path: str | Path) -> None:
        """Take the requests of a recording as if their SDK sent them again, at the recorded times.

        Raises RecordingError for a file that is not a recording.
        """
        where = self._path(path)
        entries = list(load(where))
        self._loop.files.used.add(where.resolve())
        self._loop.ask(
            lambda: [self._session.relay.receive(entry.sdk_request(), entry.at) for entry in entries]
        )

    def matches(self, path: str | Path, *, ordered: bool = True) -> None:
        """Wait until nothing more comes; the calls must mean the same as those recorded in a file.

        Ids and times of messages and the like do not count, nor does the order unless `ordered`. With
        --segment-pendo-update the file is rewritten instead. Raises AssertionError where calls differ, and
        RecordingError for a file that is not a recording.
        """
        __tracebackhide__ = True
        self.settle()
        where, receipts = self._path(path), self._receipts()
        if not self.options.update:
            lines = self._recordings.compared(where, receipts, ordered=ordered)
        elif receipts:
            lines = self._recordings.rewritten(where, receipts)
        else:
            lines = [f"nothing came, so there is nothing to write into {where}"]
        if lines:
            self._raise(lines[0], lines[1:])

    def _receipts(self) -> list[Receipt]:
        return list({arrival.receipt.id: arrival.receipt for arrival in self._arrivals()}.values())

    # --- the end ---

    def timeline(self) -> list[str]:
        """Return a line for each thing that came until now."""
        return timeline(tuple(self.events)) or [f"    nothing came to {self.host}"]

    def counts(self) -> dict[str, str]:
        """Return how many calls came, were delivered and were skipped, and the findings by code.

        Calls before a `clear` count, too.
        """
        arrivals = [event for event in (*self._cleared, *self.events) if isinstance(event, Arrival)]
        delivered = sum(arrival.judged.webhook is not None for arrival in arrivals)
        codes = Counter(
            finding.code
            for arrival in arrivals
            for finding in arrival.judged.findings
            if finding.level != "info"
        )
        findings = ", ".join(
            code + (f" x{count}" if count > 1 else "") for code, count in sorted(codes.items())
        )
        return {
            "calls": str(len(arrivals)),
            "webhooks": str(delivered),
            "skipped": str(len(arrivals) - delivered),
            "findings": findings,
        }

    def enough(self) -> None:
        """Raise AssertionError if fewer calls came than the option `expect` asks for; those cleared count."""
        __tracebackhide__ = True
        expected, came = self.options.expect, int(self.counts()["calls"])
        if came < expected:
            said = f"expect={expected} asks for {many(expected, 'call')}; {came or 'none'} came"
            self._raise(said, ["what came:", *self.timeline()])

    def objections(self) -> list[str]:
        """Return the problems for the option fail_on that were not reported before.

        Calls before a `clear` count, too.
        """
        level = self.options.fail_on
        if level is None:
            return []
        new = problems((*self._cleared, *self.events), level)[self._reported :]
        self._reported += len(new)
        return new

    def clear(self) -> None:
        """Forget all that came until now, and faults: call it before each example of a property test.

        SDKs are flushed first, so that no call of the example before counts for the next one. Raises
        AssertionError if a flush fails.
        """
        __tracebackhide__ = True
        self._flush(self.options.timeout)

        def forget() -> None:
            self._session.store.clear()
            self._session.relay.reset()
            self._session.home.loopback_pendo.reset()
            self._faults.clear()
            with self._came:
                self._cleared += self.events
                self.events.clear()
                self.misses.clear()

        self._loop.ask(forget)

    def unused_faults(self) -> list[str]:
        """Return a name for each `fail` that no request has met yet."""
        return self._loop.ask(self._faults.unused)

    def finish(self) -> None:
        """Let SDKs send the calls that they still hold, so that these count for this test.

        An error in a flush is not reported here any more.
        """
        self._flushes.run(self._hosts(), self.options.timeout)

    def end(self, *, passed: bool) -> None:
        """End the test: what comes from now on is late.

        Raises RecordingError if a recording cannot be replaced.
        """

        def close() -> None:
            self.ended = True
            self._faults.clear()
            self._recordings.end(passed=passed)

        self._loop.ask(close)

"""The harness of one test: an ingest address of its own, and what came there.

The address lives in the bench's thread (`bench.py`); everything here is called by the test, waits without
sleeping, and says in an AssertionError what came instead of what was expected.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from typing import Protocol

from aiohttp import web

from segment_pendo.base import js_json
from segment_pendo.explain.teller import refused
from segment_pendo.pendo.records import Records
from segment_pendo.recordings.files import load
from segment_pendo.serve.session import Plan, Session
from segment_pendo.testing.faults import Fault, Faults
from segment_pendo.testing.options import Options
from segment_pendo.testing.recorded import Recordings
from segment_pendo.testing.timeline import Arrival, Event, Note, called, problems, timeline
from segment_pendo.testing.waiting import Aio, Clock, Waiting
from segment_pendo.words import Attempt, Receipt

__all__ = ["Harness"]


class Loop(Protocol):
    """Runs something in the bench's thread and waits for what it gives.

    `written`: which test wrote which recording.
    """

    url: str
    written: dict[Path, str]

    def ask[T](self, what: Callable[[], T]) -> T: ...


class Harness(Waiting):
    """What a test sees.

    `host` is what its SDK sends to; open it in a browser while a debugger holds the test, and it shows the
    calls.

    `prefix`: below the fixture segment_pendo_url it stands for this test as well.
    """

    def __init__(self, name: str, options: Options, loop: Loop) -> None:
        super().__init__(options)
        self.name = name
        self.prefix = f"/t/{token_hex(4)}"
        self.late: list[str] = []
        self.ended = False
        self.aio = Aio(self)
        self._loop = loop
        self._faults = Faults(self._note)
        self._recordings = Recordings(name, options.setup, loop.written)
        # The webhooks go straight into the Pendo on loopback: a test need not wait for another exchange on
        # the wire.
        plan = Plan(port=0, setup=options.setup, deliver=False, with_proxy=False)
        self._session = Session(plan, self, before=[self._recordings])
        self._session.home.fault = self._faults.answer
        self._cleared: list[Event] = []
        self._told = 0

    def __repr__(self) -> str:
        counts = self.counts()
        return (
            f"<Harness at {self.host}: {counts['calls']} calls, {counts['skipped']} skipped, findings: "
            f"{counts['findings'] or 'none'}>"
        )

    # --- in the bench's thread ---

    async def open(self) -> None:
        """Open the address. Raises ListenerError."""
        await self._session.__aenter__()
        self.host = self._session.home.url

    async def close(self) -> None:
        """Close the address; what an SDK sends now is refused by the system."""
        await self._session.__aexit__()

    def take(self, receipt: Receipt) -> None:
        """A sink: keep what came, and give its webhooks to the Pendo on loopback."""
        seconds = Clock.now() - self._start
        with self._came:
            if receipt.refusal is not None:
                self._note(" ".join(refused(receipt)), wrong=receipt.refusal.status != 404)
            for judged in receipt.judged:
                self.events.append(Arrival(seconds, receipt, judged))
                if self.ended:
                    self.late.append(called(judged))
                webhook = judged.webhook
                if webhook is not None:
                    status = self._session.home.loopback_pendo.take(js_json.read(webhook.body).value)
                    ref = receipt.ref(judged)
                    self._session.store.attempted(
                        ref, Attempt(1, receipt.at, status, "", "delivered" if status == 200 else "dead")
                    )
            self._last = Clock.now()
            self._came.notify_all()

    def _note(self, text: str, *, wrong: bool = False) -> None:
        with self._came:
            self._last = Clock.now()
            self.events.append(Note(self._last - self._start, text, wrong))
            if self.ended:
                self.late.append(text)
            self._came.notify_all()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Take a request that came to another address than `host`."""
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
        times: int = 1,
        delay: float = 0,
        drop: bool = False,
        keep: bool = False,
        retry_after: int | None = None,
    ) -> None:
        """Have Segment fail: answer the next `times` requests with `status`, after `delay` seconds; or `drop`
        the connection.

        Their calls are lost to Segment unless it `keep`s them (then an SDK that tries again sends them
        twice). `status` None only delays. Raises ValueError for a status that is none.
        """
        self._faults.add(Fault(status, times, delay, drop, keep, retry_after))

    # --- recordings ---

    def _path(self, path: str | Path) -> Path:
        return self.options.directory / path

    def record(self, path: str | Path) -> None:
        """Record this test's calls into a file (relative to the test's own), keys replaced; an old one is
        replaced if the test passes.

        Raises RecordingError where it cannot be written, or was made otherwise.
        """

        def begin() -> None:
            self._recordings.begin(self._path(path), self._receipts())

        self._loop.ask(begin)

    def replay(self, path: str | Path) -> None:
        """Take the requests of a recording as if its SDK sent them again, at the times at which they were
        received.

        Raises RecordingError for a file that is none.
        """
        entries = list(load(self._path(path)))
        self._loop.ask(
            lambda: [self._session.relay.receive(entry.sdk_request(), entry.at) for entry in entries]
        )

    def matches(self, path: str | Path, *, ordered: bool = True) -> None:
        """AssertionError unless, once nothing more comes, the calls mean the same as those recorded in a
        file.

        Ids and times of messages and the like do not count; nor does order, unless `ordered`. With
        --segment-pendo-update the file is rewritten instead. Raises RecordingError for a file that is no
        recording.
        """
        __tracebackhide__ = True
        self.settle()
        where, receipts = self._path(path), self._receipts()
        if not self.options.update:
            said = self._recordings.compared(where, receipts, ordered=ordered)
        elif receipts:
            said = self._recordings.rewritten(where, receipts)
        else:
            said = [f"nothing came, so there is nothing to write into {where}"]
        if said:
            self._raise(said[0], said[1:])

    def _receipts(self) -> list[Receipt]:
        return list({one.receipt.id: one.receipt for one in self._arrivals()}.values())

    # --- the end ---

    def timeline(self) -> list[str]:
        """A line for all that came until now."""
        return timeline(tuple(self.events)) or [f"    nothing came to {self.host}"]

    def counts(self) -> dict[str, str]:
        """How many calls came, how many were delivered or skipped, and the findings by code; `clear` changes
        none of it.
        """
        every = [event for event in (*self._cleared, *self.events) if isinstance(event, Arrival)]
        delivered = sum(one.judged.webhook is not None for one in every)
        codes = Counter(found.code for one in every for found in one.judged.findings if found.level != "info")
        told = ", ".join(code + (f" x{count}" if count > 1 else "") for code, count in sorted(codes.items()))
        return {
            "calls": str(len(every)),
            "webhooks": str(delivered),
            "skipped": str(len(every) - delivered),
            "findings": told,
        }

    def objections(self) -> list[str]:
        """What the option fail_on objects to and was not told before, of all that came; `clear` changes none
        of it.
        """
        level = self.options.fail_on
        found = problems((*self._cleared, *self.events), level)[self._told :] if level is not None else []
        self._told += len(found)
        return found

    def clear(self) -> None:
        """Forget what came until now, faults too: for the next example of a property test."""

        def forget() -> None:
            self._session.store.clear()
            self._session.relay.reset()
            self._session.home.loopback_pendo.reset()
            self._faults.clear()
            with self._came:
                self._cleared += self.events
                self.events.clear()

        self._loop.ask(forget)

    def finish(self) -> None:
        """Have SDKs send what they still hold, so that it comes while this is its test; what goes wrong is
        not told any more.
        """
        self._flushes.run(self._hosts(), self.options.timeout)

    def end(self, *, passed: bool) -> None:
        """The test has ended: what comes now is late.

        Raises RecordingError where a recording could not be replaced.
        """

        def close() -> None:
            self.ended = True
            self._faults.clear()
            # an SDK that keeps its connections would cost two descriptors for each test
            self._recordings.end(passed=passed)

        self._loop.ask(close)

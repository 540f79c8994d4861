"""The harness of one test: an ingest address of its own, and what came there.

The address lives in the bench's thread (`bench.py`); everything here is called by the test, waits without sleeping, and says in an
AssertionError what came instead of what was expected.
"""

import asyncio
import importlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any, Concatenate, Final, Protocol

from aiohttp import web

from segment_pendo.base import js_json
from segment_pendo.explain.teller import many, refused
from segment_pendo.mapping.assess import webhook_of
from segment_pendo.pendo.records import Pendo
from segment_pendo.recordings import recorder
from segment_pendo.serve.home import Home
from segment_pendo.serve.relay import Relay, Sink
from segment_pendo.serve.store import Store
from segment_pendo.testing.expectation import Expectation, any_call, checked
from segment_pendo.testing.faults import Fault, Faults
from segment_pendo.testing.flushing import Flushes
from segment_pendo.testing.options import Options
from segment_pendo.testing.recorded import Recordings
from segment_pendo.testing.results import CallRow, Results, row_of
from segment_pendo.testing.timeline import Arrival, Event, Note, called, missed, problems, timeline, uncalled
from segment_pendo.words import Attempt, CallRef, Receipt

__all__ = ["Aio", "Clock", "Harness"]

_ANY_CALL: Final = any_call()
# Set where nobody waits any more: the task that awaited was cancelled.
_ABORT: Final = ContextVar("abort", default=threading.Event())  # noqa: B039 - the default is never set


class Loop(Protocol):
    """Runs something in the bench's thread and waits for what it gives. `written`: which test wrote which recording."""

    url: str
    written: dict[Path, str]

    def ask[T](self, what: Callable[[], T]) -> T: ...


class Clock:
    """The machine's own clock, kept where libraries that stop time for a test do not find it: waiting has to end."""

    now = staticmethod(time.monotonic)


class Harness(Results):
    """What a test sees. `host` is what its SDK sends to; open it in a browser while a debugger holds the test, and it shows the calls.

    `prefix`: below the fixture segment_pendo_url it stands for this test as well.
    """

    def __init__(self, name: str, options: Options, loop: Loop) -> None:
        super().__init__()
        self.name = name
        self.options = options
        self.host = ""
        self.prefix = f"/t/{token_hex(4)}"
        self.late: list[str] = []
        self.ended = False
        self.aio = Aio(self)
        self._loop = loop
        self._flushes = Flushes()
        self._faults = Faults(self._note)
        self._came = threading.Condition()
        self._start = self._last = Clock.now()
        self._store = Store(None, setup=options.setup)
        self._sinks: list[Sink] = [self._store]
        self._relay = Relay(self._sinks, setup=options.setup)
        self._home = Home(self._relay, self._store)
        self._home.fault = self._faults.answer
        self._sinks += [self._home, self]
        self._recordings = Recordings(name, options.setup, loop.written)
        self._cleared: list[Event] = []
        self._told = 0

    def __repr__(self) -> str:
        counts = self.counts()
        return f"<Harness at {self.host}: {counts['calls']} calls, {counts['skipped']} skipped, findings: {counts['findings'] or 'none'}>"

    # --- in the bench's thread ------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Open the address. Raises DoorError."""
        await self._home.start(0)
        self.host = self._home.url

    async def close(self) -> None:
        """Close the address; what an SDK sends now is refused by the system."""
        await self._home.stop()
        self._store.close()

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
                webhook = webhook_of(judged)
                if webhook is not None:
                    status = self._home.loopback_pendo.take(js_json.read(webhook.body).value)
                    ref = CallRef(receipt.id, judged.call.index)
                    self._store.attempted(ref, Attempt(1, receipt.at, status, "", "delivered" if status == 200 else "dead"))
            self._last = Clock.now()
            self._came.notify_all()

    def wake(self) -> None:
        """Have whoever waits look again."""
        with self._came:
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
        return await self._home.ingest(request)

    # --- what Pendo would hold ------------------------------------------------------------------------------------------

    def _ask[T](self, what: Callable[[Pendo], T]) -> T:
        return self._loop.ask(lambda: what(self._home.loopback_pendo.pendo))

    # --- waiting --------------------------------------------------------------------------------------------------------

    def wait(self, expected: Expectation = _ANY_CALL, count: int = 1, timeout: float | None = None) -> list[CallRow]:
        """Wait until `count` calls are as expected; their rows. AssertionError after `timeout` seconds (else the option's)."""
        __tracebackhide__ = True
        checked(expected, count=count)
        seconds = self.options.timeout if timeout is None else timeout
        found: list[Arrival] = []
        seen = 0

        def there() -> bool:  # each call is looked at once, however many come
            nonlocal seen
            new = self.events[seen:]
            seen += len(new)
            found.extend(one for one in new if isinstance(one, Arrival) and expected.matches(one.judged))
            return len(found) >= count

        if not self._until(there, seconds):
            those = f"{many(len(found), 'call')} matching {expected} came within {seconds:g} s; {count} were expected" if found else ""
            self._raise(those or f"no call matching {expected} came within {seconds:g} s", missed(expected, self.events, but=found))
        return list(map(row_of, found))

    def exactly(self, count: int, expected: Expectation = _ANY_CALL, timeout: float | None = None) -> list[CallRow]:
        """Wait until `count` calls are as expected and nothing more comes; their rows. AssertionError where there are fewer or more."""
        __tracebackhide__ = True
        checked(expected, count=count)
        if count:
            self.wait(expected, count, timeout)
        self.settle(timeout)
        found = self._found(expected)
        if len(found) > count:
            said = "no call was expected" if not count else f"{many(count, 'call')} were expected" if count > 1 else "1 call was expected"
            more = uncalled(self.events, found[count:])
            self._raise(f"{said} to match {expected}; {len(found)} came", more)
        return list(map(row_of, found))

    def none(self, expected: Expectation = _ANY_CALL, timeout: float | None = None) -> None:
        """Wait until nothing more comes. AssertionError if a call is as expected."""
        __tracebackhide__ = True
        self.exactly(0, expected, timeout)

    def in_order(self, *expected: Expectation, timeout: float | None = None) -> list[CallRow]:
        """Wait until calls came as expected in this order, others between them or not; their rows. AssertionError after the time."""
        __tracebackhide__ = True
        checked(*expected)
        seconds = self.options.timeout if timeout is None else timeout
        if not self._until(lambda: len(self._run(expected)) == len(expected), seconds):
            run = self._run(expected)
            asked = expected[len(run)]
            after = f" after {called(run[-1].judged)}" if run else ""
            earlier = [one for one in self._found(asked) if one not in run]
            if earlier:
                said = f"wrong order: {called(earlier[-1].judged)} came before {called(run[-1].judged)}, and should have come after it"
                self._raise(said, ["what came:", *timeline(self.events, earlier[-1])])
            self._raise(f"no call matching {asked} came{after} within {seconds:g} s", missed(asked, self.events, but=run))
        return list(map(row_of, self._run(expected)))

    def settle(self, timeout: float | None = None) -> None:
        """Wait until nothing more comes: SDKs are flushed, no request is being read, and for `quiet` seconds none came.

        Clients of segment-analytics-python that send here are flushed by themselves, others by what `flush_with` was given.
        AssertionError if calls still come after `timeout` seconds, or a flush goes wrong.
        """
        __tracebackhide__ = True
        seconds = self.options.timeout if timeout is None else timeout
        left = self.options.quiet + seconds  # of waiting for quiet; what a flush takes does not count
        while True:
            self._flush(seconds)
            start = Clock.now()
            if not self._until_quiet(start + left):
                what = "a request was still being answered" if self._home.live else "calls still came"
                self._raise(f"{what} after {seconds:g} s", ["what came:", *self.timeline()])
            left -= Clock.now() - start
            before = len(self.events)
            self._flush(seconds)  # what was handed to an SDK meanwhile
            if len(self.events) == before:
                return

    def _until_quiet(self, deadline: float) -> bool:
        start, abort = Clock.now(), _ABORT.get()
        with self._came:
            while (now := Clock.now()) <= deadline:
                due = max(self._last, start) + self.options.quiet
                if (now >= due and not self._home.live) or abort.is_set():
                    return True
                # A request that ends without a call tells nobody, so look again soon while there is one.
                self._came.wait(0.005 if self._home.live else due - now)
        return False

    def flush_with(self, *flushes: Callable[[], object]) -> None:
        """Call these before looking whether anything more comes: the flush of each client that is not segment-analytics-python's."""
        for flush in flushes:
            self._flushes.add(flush)

    def _flush(self, seconds: float) -> None:
        __tracebackhide__ = True
        wrong = self._flushes.run((self.host, self._loop.url), seconds)
        if wrong:
            self._raise(wrong, ["what came:", *self.timeline()])

    def _found(self, expected: Expectation) -> list[Arrival]:
        return [one for one in self._arrivals() if expected.matches(one.judged)]

    def _run(self, expected: Sequence[Expectation]) -> list[Arrival]:
        """The calls that are as expected, one after the other, as far as it goes."""
        run: list[Arrival] = []
        for one in self._arrivals():
            if len(run) < len(expected) and expected[len(run)].matches(one.judged):
                run.append(one)
        return run

    def _until(self, there: Callable[[], bool], seconds: float) -> bool:
        deadline, abort = Clock.now() + seconds, _ABORT.get()
        while True:
            count = len(self.events)
            if there():  # not under the lock: equality is the test's own code
                return True
            with self._came:
                left = deadline - Clock.now()
                if left <= 0 or abort.is_set():
                    return False
                self._came.wait_for(lambda: len(self.events) > count or abort.is_set(), left)  # noqa: B023 - called before the next round

    def _raise(self, said: str, lines: Any) -> None:
        __tracebackhide__ = True
        text = "\n".join([said, *lines, *self._doubts()])
        raise AssertionError(text)

    def _doubts(self) -> list[str]:
        """What may be wrong with the test rather than with the app."""
        found = []
        if not any(isinstance(event, Arrival) for event in self.events):
            found.append(f"No call came to {self.host}. Is that the host of the SDK (segment_pendo.host), and was it flushed?")
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return found
        return [*found, "The event loop of this test stood still meanwhile; if it has to send: await segment_pendo.aio.wait(...)."]

    # --- faults ---------------------------------------------------------------------------------------------------------

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
        """Have Segment fail: answer the next `times` requests with `status`, after `delay` seconds; or `drop` the connection.

        Their calls are lost to Segment unless it `keep`s them (then an SDK that tries again sends them twice). `status` None only delays.
        Raises ValueError for a status that is none.
        """
        self._faults.add(Fault(status, times, delay, drop, keep, retry_after))

    # --- recordings -----------------------------------------------------------------------------------------------------

    def _path(self, path: str | Path) -> Path:
        return self.options.directory / path

    def record(self, path: str | Path) -> None:
        """Record this test's calls into a file (relative to the test's own), keys replaced; an old one is replaced if the test passes.

        Raises RecordingError where it cannot be written, or was made otherwise.
        """

        def begin() -> None:
            self._sinks.insert(0, self._recordings.begin(self._path(path), self._receipts()))

        self._loop.ask(begin)

    def replay(self, path: str | Path) -> None:
        """Take the requests of a recording as if its SDK sent them again, at the times at which they were received.

        Raises RecordingError for a file that is none.
        """
        entries = list(recorder.load(self._path(path)))
        self._loop.ask(lambda: [self._relay.receive(entry.sdk_request(), entry.at) for entry in entries])

    def matches(self, path: str | Path, *, ordered: bool = True) -> None:
        """AssertionError unless, once nothing more comes, the calls mean the same as those recorded in a file.

        Ids and times of messages and the like do not count; nor does order, unless `ordered`. With --segment-pendo-update the file is
        rewritten instead. Raises RecordingError for a file that is no recording.
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

    # --- the end --------------------------------------------------------------------------------------------------------

    def timeline(self) -> list[str]:
        """A line for all that came until now."""
        return timeline(tuple(self.events)) or [f"    nothing came to {self.host}"]

    def counts(self) -> dict[str, str]:
        """How many calls came, how many were delivered or skipped, and the findings by code; `clear` changes none of it."""
        every = [event for event in (*self._cleared, *self.events) if isinstance(event, Arrival)]
        delivered = sum(webhook_of(one.judged) is not None for one in every)
        codes = Counter(found.code for one in every for found in one.judged.findings if found.level != "info")
        told = ", ".join(code + (f" x{count}" if count > 1 else "") for code, count in sorted(codes.items()))
        return {"calls": str(len(every)), "webhooks": str(delivered), "skipped": str(len(every) - delivered), "findings": told}

    def objections(self) -> list[str]:
        """What the option fail_on objects to and was not told before, of all that came; `clear` changes none of it."""
        level = self.options.fail_on
        found = problems((*self._cleared, *self.events), level)[self._told :] if level is not None else []
        self._told += len(found)
        return found

    def clear(self) -> None:
        """Forget what came until now, faults too: for the next example of a property test."""

        def forget() -> None:
            self._store.clear()
            self._relay.reset()
            self._home.loopback_pendo.reset()
            self._faults.clear()
            with self._came:
                self._cleared += self.events
                self.events.clear()

        self._loop.ask(forget)

    def finish(self) -> None:
        """Have SDKs send what they still hold, so that it comes while this is its test; what goes wrong is not told any more."""
        self._flushes.run((self.host, self._loop.url), self.options.timeout)

    def end(self, *, passed: bool) -> None:
        """The test has ended: what comes now is late. Raises RecordingError where a recording could not be replaced."""

        def close() -> None:
            self.ended = True
            self._faults.clear()
            self._home.close_idle()  # an SDK that keeps its connections would cost two descriptors for each test
            for one in self._recordings.begun:
                self._sinks.remove(one)
            self._recordings.end(passed=passed)

        self._loop.ask(close)


async def _in_thread[T](work: Callable[[], T]) -> T:
    __tracebackhide__ = True
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # the test's loop is trio's
        trio: Any = importlib.import_module("trio")
        done: T = await trio.to_thread.run_sync(work, abandon_on_cancel=True)
        return done
    return await asyncio.to_thread(work)


def _awaited[**P, T](verb: Callable[Concatenate[Harness, P], T]) -> Callable[Concatenate["Aio", P], Coroutine[Any, Any, T]]:
    def begin(aio: "Aio", /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        async def waits() -> T:
            __tracebackhide__ = True
            aio.forgotten.remove(verb.__name__)
            abort = threading.Event()
            before = _ABORT.set(abort)
            try:
                return await _in_thread(partial(verb, aio.harness, *args, **kwargs))
            finally:
                _ABORT.reset(before)
                abort.set()  # if the task was cancelled, the thread has nobody to wait for
                aio.harness.wake()

        aio.forgotten.append(verb.__name__)
        coroutine: Any = waits()
        coroutine.__qualname__ = f"segment_pendo.aio.{verb.__name__}"
        made: Coroutine[Any, Any, T] = coroutine
        return made

    begin.__name__, begin.__doc__ = verb.__name__, verb.__doc__
    return begin


class Aio:
    """The verbs of a harness that wait, for async tests (asyncio or trio): the test's event loop goes on meanwhile.

    `forgotten` are those that were called, but not awaited.
    """

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.forgotten: list[str] = []

    wait = _awaited(Harness.wait)
    exactly = _awaited(Harness.exactly)
    none = _awaited(Harness.none)
    in_order = _awaited(Harness.in_order)
    settle = _awaited(Harness.settle)
    matches = _awaited(Harness.matches)

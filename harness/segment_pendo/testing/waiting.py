"""Waiting for calls without sleeping.

Each verb ends as soon as it can; its AssertionError says what came instead.
"""

import asyncio
import importlib
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Coroutine, Sequence
from contextvars import ContextVar
from functools import partial
from math import inf
from pathlib import Path
from typing import Any, Concatenate, Final

from segment_pendo.base.prose import many
from segment_pendo.explain.rows import CallRow
from segment_pendo.testing.expectation import Expectation, any_call, checked
from segment_pendo.testing.flushing import Flushes, clients_elsewhere
from segment_pendo.testing.http_fakes import active
from segment_pendo.testing.options import Options
from segment_pendo.testing.results import Results, row_of
from segment_pendo.testing.timeline import Arrival, called, missed, timeline, uncalled

__all__ = ["Aio", "Clock", "Waiting"]

_ANY_CALL: Final = any_call()
# Set when the task that awaited was cancelled, so that its thread stops waiting.
_ABORT: Final = ContextVar("abort", default=threading.Event())  # noqa: B039 - the default is never set


class Clock:
    """The real clock of the machine.

    Libraries that stop time for a test do not replace this name, so waiting still ends.
    """

    now = staticmethod(time.monotonic)


class Waiting(Results):
    """Results that may still grow; SDKs send to `host`, and `options` say how long to wait."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.host = ""
        self.options = options
        self._flushes = Flushes()
        self._came = threading.Condition()
        self._start = self._last = Clock.now()

    @abstractmethod
    def _hosts(self) -> tuple[str, ...]:
        """Return every address to which clients that must be flushed may send."""

    @abstractmethod
    def _is_busy(self) -> bool:
        """Whether a request is being answered now."""

    @abstractmethod
    def timeline(self) -> list[str]:
        """Return a line for each thing that came until now."""

    @abstractmethod
    def matches(self, path: str | Path, *, ordered: bool = True) -> None:
        """Wait until nothing more comes; the calls must mean the same as those recorded in a file."""

    def wake(self) -> None:
        """Let all threads that wait look again."""
        with self._came:
            self._came.notify_all()

    def wait(
        self, expected: Expectation = _ANY_CALL, count: int = 1, timeout: float | None = None
    ) -> list[CallRow]:
        """Wait until `count` calls are as expected; return their rows.

        Raises AssertionError after `timeout` seconds (default: the option `timeout`).
        """
        __tracebackhide__ = True
        checked(expected, count=count)
        seconds = self._seconds(timeout)
        matching: list[Arrival] = []
        seen = 0

        def enough() -> bool:  # looks at each call only once, however many come
            nonlocal seen
            new = self.events[seen:]
            seen += len(new)
            matching.extend(
                event for event in new if isinstance(event, Arrival) and expected.matches(event.judged)
            )
            return len(matching) >= count

        if not self._until_flushed(enough, seconds):
            came = (
                f"{many(len(matching), 'call')} matching {expected} came within {seconds:g} s; {count} "
                "were expected"
                if matching
                else f"no call matching {expected} came within {seconds:g} s"
            )
            self._raise(came, missed(expected, self.events, but=matching))
        return list(map(row_of, matching))

    def exactly(
        self, count: int, expected: Expectation = _ANY_CALL, timeout: float | None = None
    ) -> list[CallRow]:
        """Wait until `count` calls are as expected and nothing more comes; return their rows.

        Raises AssertionError if there are fewer or more.
        """
        __tracebackhide__ = True
        checked(expected, count=count)
        if count:
            self.wait(expected, count, timeout)
        self.settle(timeout)
        matching = self._matching(expected)
        if len(matching) > count:
            wanted = (
                "no call was expected"
                if not count
                else f"{many(count, 'call')} were expected"
                if count > 1
                else "1 call was expected"
            )
            self._raise(
                f"{wanted} to match {expected}; {len(matching)} came",
                uncalled(self.events, matching[count:]),
            )
        return list(map(row_of, matching))

    def none(self, expected: Expectation = _ANY_CALL, timeout: float | None = None) -> None:
        """Wait until nothing more comes. Raises AssertionError if a call matches the expectation."""
        __tracebackhide__ = True
        self.exactly(0, expected, timeout)

    def in_order(self, *expected: Expectation, timeout: float | None = None) -> list[CallRow]:
        """Wait until calls came as expected, in this order; return their rows.

        Other calls may come between them. Raises AssertionError after `timeout` seconds.
        """
        __tracebackhide__ = True
        checked(*expected)
        seconds = self._seconds(timeout)
        if not self._until_flushed(lambda: len(self._run(expected)) == len(expected), seconds):
            run = self._run(expected)
            asked = expected[len(run)]
            after = f" after {called(run[-1].judged)}" if run else ""
            earlier = [arrival for arrival in self._matching(asked) if arrival not in run]
            if earlier:
                said = (
                    f"wrong order: {called(earlier[-1].judged)} came before {called(run[-1].judged)}, and "
                    "should have come after it"
                )
                self._raise(said, ["what came:", *timeline(self.events, earlier[-1])])
            self._raise(
                f"no call matching {asked} came{after} within {seconds:g} s",
                missed(asked, self.events, but=run),
            )
        return list(map(row_of, self._run(expected)))

    def settle(self, timeout: float | None = None) -> None:
        """Wait until nothing more comes: SDKs are flushed, then no request comes for `quiet` seconds.

        Clients of segment-analytics-python that send here are flushed automatically, others by the functions
        given to `flush_with`. Raises AssertionError if calls still come after `timeout` seconds, or if a
        flush fails.
        """
        __tracebackhide__ = True
        seconds = self._seconds(timeout)
        left = self.options.quiet + seconds  # to wait for quiet; the time of a flush does not count
        while True:
            self._flush(seconds)
            start = Clock.now()
            if not self._until_quiet(start + left):
                what = "a request was still being answered" if self._is_busy() else "calls still came"
                self._raise(f"{what} after {seconds:g} s", ["what came:", *self.timeline()])
            left -= Clock.now() - start
            before = len(self.events)
            self._flush(seconds)  # for calls that the app made meanwhile
            if len(self.events) == before:
                return

    def _until_quiet(self, deadline: float) -> bool:
        start, abort = Clock.now(), _ABORT.get()
        with self._came:
            while (now := Clock.now()) <= deadline:
                due = max(self._last, start) + self.options.quiet
                if (now >= due and not self._is_busy()) or abort.is_set():
                    return True
                # A request may end without a call and wake nobody, so look again soon while there is one.
                self._came.wait(0.005 if self._is_busy() else due - now)
        return False

    def flush_with(self, *flushes: Callable[[], object]) -> None:
        """Give functions that flush the clients of SDKs other than segment-analytics-python.

        They are called before a test checks whether more calls come.
        """
        for flush in flushes:
            self._flushes.add(flush)

    def _flush(self, seconds: float) -> None:
        __tracebackhide__ = True
        wrong = self._flushes.run(self._hosts(), seconds)
        if wrong:
            self._raise(wrong, ["what came:", *self.timeline()])

    def _matching(self, expected: Expectation) -> list[Arrival]:
        return [arrival for arrival in self._arrivals() if expected.matches(arrival.judged)]

    def _run(self, expected: Sequence[Expectation]) -> list[Arrival]:
        """Return the calls that match these expectations in order, up to the first one that is missing."""
        run: list[Arrival] = []
        for arrival in self._arrivals():
            if len(run) < len(expected) and expected[len(run)].matches(arrival.judged):
                run.append(arrival)
        return run

    def _seconds(self, timeout: float | None) -> float:
        if timeout is None:
            return self.options.timeout
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 <= timeout < inf:
            msg = f"timeout is a number of seconds, such as 5, not {timeout!r}"
            raise TypeError(msg)
        return timeout

    def _until_flushed(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until a condition holds; if it does not yet, flush the clients given to `flush_with`."""
        if condition():
            return True
        self._flushes.begin()
        return self._until(condition, seconds)

    def _until(self, enough: Callable[[], bool], seconds: float) -> bool:
        deadline, abort = Clock.now() + seconds, _ABORT.get()
        while True:
            count = len(self.events)
            if enough():  # outside the lock: it may call code of the test (`==`)
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
        """Say what may be wrong with the test rather than with the app."""
        doubts = []
        if not any(isinstance(event, Arrival) for event in self.events):
            doubts.append(
                f"No call came to {self.host}. Is that the host of the SDK (segment_pendo.host), and "
                "was it flushed?"
            )
            doubts += [
                f"{fake.name} is active, and may answer the SDK in our place. Let it through: {fake.remedy}"
                for fake in active()
            ]
            doubts += [
                f"A client of this process sends to {host}. If that is the app's client, it was made for "
                "another test: make a new client in each test, or give a shared client segment_pendo_url."
                for host in clients_elsewhere(self._hosts())
            ]
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return doubts
        return [
            *doubts,
            (
                "The event loop of this test was blocked meanwhile; if it has to send the calls, use: await "
                "segment_pendo.aio.wait(...)."
            ),
        ]


async def _in_thread[T](work: Callable[[], T]) -> T:
    __tracebackhide__ = True
    try:
        asyncio.get_running_loop()
    except RuntimeError:  # the test runs in trio
        trio: Any = importlib.import_module("trio")
        done: T = await trio.to_thread.run_sync(work, abandon_on_cancel=True)
        return done
    return await asyncio.to_thread(work)


def _awaited[**P, T](
    verb: Callable[Concatenate[Waiting, P], T],
) -> Callable[Concatenate["Aio", P], Coroutine[Any, Any, T]]:
    def begin(aio: "Aio", /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, T]:
        async def waits() -> T:
            __tracebackhide__ = True
            aio.forgotten.remove(verb.__name__)
            abort = threading.Event()
            before = _ABORT.set(abort)
            try:
                return await _in_thread(partial(getattr(aio.harness, verb.__name__), *args, **kwargs))
            finally:
                _ABORT.reset(before)
                abort.set()  # if the task was cancelled, the thread must not go on waiting
                aio.harness.wake()

        aio.forgotten.append(verb.__name__)
        coroutine: Any = waits()
        coroutine.__qualname__ = f"segment_pendo.aio.{verb.__name__}"
        typed: Coroutine[Any, Any, T] = coroutine
        return typed

    begin.__name__, begin.__doc__ = verb.__name__, verb.__doc__
    return begin


class Aio:
    """The verbs of a harness that wait, for async tests (asyncio or trio).

    The test's event loop runs on meanwhile. `forgotten` names the verbs that were called, but not awaited.
    """

    def __init__(self, harness: Waiting) -> None:
        self.harness = harness
        self.forgotten: list[str] = []

    wait = _awaited(Waiting.wait)
    exactly = _awaited(Waiting.exactly)
    none = _awaited(Waiting.none)
    in_order = _awaited(Waiting.in_order)
    settle = _awaited(Waiting.settle)
    matches = _awaited(Waiting.matches)

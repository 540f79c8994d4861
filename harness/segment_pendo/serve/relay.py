"""The flow: an SDK request comes in, its receipt goes to the sinks, its reply goes back."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from secrets import token_hex
from time import perf_counter
from typing import Final, NoReturn, Protocol, TypeGuard, runtime_checkable

from segment_pendo.base.bounded import Bounded
from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.prose import many, tell_nobody
from segment_pendo.base.steps import NOTHING, Prepared, Steps, finished, prepared_together
from segment_pendo.base.times import milliseconds
from segment_pendo.mapping.assess import assess_in_steps
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import LIMIT
from segment_pendo.segment.ingest import route, settings_reply
from segment_pendo.segment.oauth import without_credentials
from segment_pendo.serve.cdn_settings import Source
from segment_pendo.serve.scripts import Scripts
from segment_pendo.words import Receipt, SdkRequest

__all__ = ["Keeper", "NotKept", "Relay", "Sink", "SinkInSteps", "Writer", "in_turns"]

_TURN: Final = 0.01
_SESSIONS: Final = 200  # whose earlier calls are remembered
_LIMIT: Final = 1000  # of each of them; a run by itself has more


class Sink(Protocol):
    """Takes receipts. `take` returns only when it has kept what it must keep: then the SDK is answered."""

    def take(self, receipt: Receipt) -> None: ...


@runtime_checkable
class SinkInSteps(Sink, Protocol):
    """A sink that takes long for a receipt of many calls."""

    def take_in_steps(self, receipt: Receipt) -> Steps[None]: ...


@runtime_checkable
class Keeper(Sink, Protocol):
    """A sink that an SDK's 200 stands for: either all keepers keep a receipt, or none does."""

    def prepared(self, receipt: Receipt) -> Steps[Prepared]: ...


@cache
def _has(kind: type[Sink], protocol: type[Sink]) -> bool:
    """Whether sinks of a class have what a protocol asks for: to look takes as long as to map a call."""
    return issubclass(kind, protocol)


def _is_keeper(sink: Sink) -> TypeGuard[Keeper]:
    return _has(type(sink), Keeper)


def _is_in_steps(sink: Sink) -> TypeGuard[SinkInSteps]:
    return _has(type(sink), SinkInSteps)


class Writer(Protocol):
    """Does what was prepared: `keep` at once, `soon` together with what others have prepared.

    Both raise OSError where it could not be written; then nothing of it is kept.
    """

    def keep(self, work: Prepared) -> None: ...

    def soon(self, work: Prepared) -> "asyncio.Future[None]": ...

    def flush(self) -> None: ...


class AtOnce:
    """The writer of a flow without a store."""

    @staticmethod
    def keep(work: Prepared) -> None:
        work.keep()

    @staticmethod
    def soon(work: Prepared) -> "asyncio.Future[None]":
        done = asyncio.get_running_loop().create_future()
        try:
            work.keep()
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            done.set_exception(error)
        else:
            done.set_result(None)
        return done

    @staticmethod
    def flush() -> None:
        """Do nothing: nothing waits."""


class NotKept(SegmentPendoError):
    """A keeper could not keep a request (a full disk); the text says which file and why."""


def _nothing(_result: object) -> None:
    """Do nothing."""


async def in_turns[T](steps: Steps[T], turn: float, cancelled: Callable[[T], None] = _nothing) -> T:
    """Do all steps, and let the event loop do something else whenever `turn` seconds have passed.

    Whoever is cancelled has done all of them, too; `cancelled` is called with the result.
    """
    until = perf_counter() + turn
    while True:
        try:
            waiting = next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        if waiting is not None:
            doing = asyncio.ensure_future(asyncio.to_thread(waiting))
            try:
                await asyncio.shield(doing)
            except asyncio.CancelledError:
                await _done(doing)
                cancelled(finished(steps))  # as below
                raise
            until = perf_counter() + turn
        elif perf_counter() >= until:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                cancelled(finished(steps))  # what one sink has taken, the others must take too
                raise
            until = perf_counter() + turn


async def _done(doing: "asyncio.Future[None]") -> None:
    """Wait until work in a thread is done, which nobody can cancel."""
    while not doing.done():
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError:
            continue
    doing.result()


def _now() -> datetime:
    return datetime.now(UTC)


class Relay:
    """Gives each request its id and its receivedAt, maps it, and hands the receipt to every sink in order.

    `writer` commits what the keepers among the sinks have prepared; only then the others take the receipt.
    `turn`: how many seconds a request may hold the event loop at a time. `tell` is called with a sentence
    when a keeper begins to fail, and when it has recovered. `settings`: where browsers' settings come from;
    `scripts`: where Analytics.js does.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        setup: Setup,
        writer: Writer | None = None,
        clock: Callable[[], datetime] = _now,
        turn: float = _TURN,
        tell: Callable[[str], None] = tell_nobody,
        settings: Source | None = None,
        scripts: Scripts | None = None,
    ) -> None:
        self.setup = setup
        self._sinks = sinks  # the caller may still add to it before the first request
        self._writer = writer or AtOnce()
        self._clock = clock
        self._turn = turn
        self._tell = tell
        self._settings = settings
        self._scripts = scripts
        self._failing = 0  # requests in a row that a keeper could not keep
        # Each session has its own: what a test is told does not depend on the tests beside it.
        self._earlier = Bounded[str, EarlierCalls](_SESSIONS, "use")
        self._device = False
        self._run = token_hex(3)
        self._count = 0
        self.settings_asked = 0  # requests of SDKs for their settings, the first that a browser makes
        self.lost = 0  # requests that a sink could not take: their SDKs were not answered 200

    def reset(self, session: str | None = None) -> None:
        """Forget earlier calls: all, or those of a session."""
        if session is None:
            self._earlier.clear()
        else:
            self._earlier.pop(session)

    def met_device_mode(self) -> None:
        """Remember that a browser seems to load Pendo's own agent: findings mention it."""
        self._device = True
        for session in [*self._earlier]:
            self._earlier_in(session).across.met_device_mode()

    def _earlier_in(self, session: str) -> EarlierCalls:
        return self._earlier.first_made(session, partial(self._no_calls, session))

    def _no_calls(self, session: str) -> EarlierCalls:
        earlier = EarlierCalls(self.setup, _LIMIT if session else LIMIT)
        if self._device:
            earlier.across.met_device_mode()
        return earlier

    def receive(self, request: SdkRequest, at: datetime | None = None) -> Receipt:
        """Return the receipt of one request, received now or at `at`, when every sink has taken it.

        Raises NotKept where a keeper could not keep it: then the SDK must not be answered 200.
        """
        receipt, ready = finished(self._prepared(request, at))
        try:
            self._writer.keep(ready)
        except BaseException as error:  # noqa: BLE001 - it is raised again, or as NotKept
            self._not_kept(receipt, error)
        self._kept()
        finished(self._told(receipt))
        return receipt

    async def receive_in_turns(self, request: SdkRequest) -> Receipt:
        """Do the same as `receive`, but let the event loop do something else in between.

        What other requests have prepared meanwhile is committed with it.
        """
        script = self._scripts.reply(request) if self._scripts is not None else None
        if script is not None:
            return Receipt("", self._clock(), request, script, ())
        receipt, ready = await in_turns(
            self._prepared(request, None), self._turn, lambda prepared: self._forget(prepared[0])
        )
        keeping = self._writer.soon(ready)
        try:
            await asyncio.shield(keeping)
        except asyncio.CancelledError:
            self._writer.flush()
            if keeping.exception() is None:  # what the keepers have kept, the others must take
                finished(self._told(receipt))
            raise
        except Exception as error:  # noqa: BLE001 - as above
            self._not_kept(receipt, error)
        self._kept()
        await in_turns(self._told(receipt), self._turn)
        return await self._with_settings(receipt)

    async def _with_settings(self, receipt: Receipt) -> Receipt:
        """Return the receipt; if an SDK asked for settings, with production's in the reply (D-70)."""
        where = route(receipt.request) if self._settings is not None else None
        if self._settings is None or where is None or where.kind != "settings":
            return receipt
        settings = await self._settings.of(where.name)
        return replace(receipt, reply=settings_reply(receipt.request, where.name, settings))

    def _prepared(self, request: SdkRequest, at: datetime | None) -> Steps[tuple[Receipt, Prepared]]:
        at = milliseconds(at or self._clock())
        self._count += 1
        name = f"{self._run}-{self._count}"
        receipt = yield from assess_in_steps(request, id=name, at=at, setup=self.setup)
        if receipt.refusal is not None:
            receipt = replace(receipt, request=without_credentials(receipt.request))
        earlier = self._earlier_in(request.session)
        receipt = yield from earlier.annotated_in_steps(receipt)
        if not (receipt.judged or receipt.refusal):
            return receipt, NOTHING
        try:
            ready = yield from prepared_together(
                sink.prepared(receipt) for sink in self._sinks if _is_keeper(sink)
            )
        except BaseException:
            earlier.forget(receipt)
            raise
        return receipt, ready

    def _told(self, receipt: Receipt) -> Steps[None]:
        """Give a receipt that is kept to the sinks that are no keepers."""
        if not (receipt.judged or receipt.refusal):
            asked = route(receipt.request)
            self.settings_asked += asked is not None and asked.kind == "settings"
        else:
            for sink in self._sinks:
                if _is_in_steps(sink):
                    yield from sink.take_in_steps(receipt)
                elif not _is_keeper(sink):
                    sink.take(receipt)
                yield None

    def _kept(self) -> None:
        if self._failing:
            self._tell(f"It can be written again; {many(self._failing, 'request')} got the answer 500.")
            self._failing = 0

    def _forget(self, receipt: Receipt) -> None:
        """Forget the calls of a receipt that nobody took."""
        self._earlier_in(receipt.request.session).forget(receipt)

    def _not_kept(self, receipt: Receipt, error: BaseException) -> NoReturn:
        self._forget(receipt)
        if not isinstance(error, OSError):
            raise error
        self.lost += 1
        self._failing += 1
        message = f"{error.strerror}: {error.filename}"
        if self._failing == 1:
            self._tell(
                f"{message}. Until it can be written, requests get the answer 500; SDKs send them again."
            )
        raise NotKept(message) from None

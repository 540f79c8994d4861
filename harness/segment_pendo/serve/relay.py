"""The flow: an SDK request comes in, its receipt goes to the sinks, its reply goes back."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from secrets import token_hex
from time import perf_counter
from typing import Final, Protocol, runtime_checkable

from segment_pendo.base.steps import Steps, finished
from segment_pendo.base.times import milliseconds
from segment_pendo.mapping.assess import assess_in_steps
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Receipt, SdkRequest

__all__ = ["Relay", "Sink", "SinkInSteps", "in_turns"]

_TURN: Final = 0.01


class Sink(Protocol):
    """Takes receipts. `take` returns only when it has kept what it must keep: then the SDK is answered."""

    def take(self, receipt: Receipt) -> None: ...


@runtime_checkable
class SinkInSteps(Sink, Protocol):
    """A sink that takes long for a receipt of many calls; it has kept what it must when the steps end."""

    def take_in_steps(self, receipt: Receipt) -> Steps[None]: ...


async def in_turns[T](steps: Steps[T], turn: float) -> T:
    """Do all steps, and let the event loop do something else whenever `turn` seconds have passed."""
    until = perf_counter() + turn
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result
        if perf_counter() >= until:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                finished(steps)  # what one sink has kept, the others must keep too
                raise
            until = perf_counter() + turn


def _now() -> datetime:
    return datetime.now(UTC)


class Relay:
    """Gives each request its id and its receivedAt, maps it, and hands the receipt to every sink in order.

    `turn`: how many seconds a request may hold the event loop at a time.
    """

    def __init__(
        self,
        sinks: Sequence[Sink],
        *,
        setup: Setup,
        clock: Callable[[], datetime] = _now,
        turn: float = _TURN,
    ) -> None:
        self.setup = setup
        self._sinks = sinks  # the caller may still add to it before the first request
        self._clock = clock
        self._turn = turn
        self._earlier = EarlierCalls(setup)
        self._run = token_hex(3)
        self._count = 0
        self.lost = 0  # requests that a sink could not take: their SDKs were not answered 200

    def reset(self) -> None:
        """Forget all earlier calls."""
        self._earlier = EarlierCalls(self.setup)

    def met_device_mode(self) -> None:
        """Remember that a browser seems to load Pendo's own agent: findings mention it."""
        self._earlier.across.met_device_mode()

    def receive(self, request: SdkRequest, at: datetime | None = None) -> Receipt:
        """Return the receipt of one request, received now or at `at`, when every sink has taken it.

        Raises only what a sink raises (a full disk): then the SDK must not be answered 200.
        """
        return finished(self._received(request, at))

    async def receive_in_turns(self, request: SdkRequest) -> Receipt:
        """Do the same as `receive`, but let the event loop do something else in between."""
        return await in_turns(self._received(request, None), self._turn)

    def _received(self, request: SdkRequest, at: datetime | None) -> Steps[Receipt]:
        at = milliseconds(at or self._clock())
        self._count += 1
        name = f"{self._run}-{self._count}"
        receipt = yield from assess_in_steps(request, id=name, at=at, setup=self.setup)
        earlier = self._earlier
        receipt = yield from earlier.annotated_in_steps(receipt)
        if receipt.judged or receipt.refusal:
            try:
                for sink in self._sinks:
                    if isinstance(sink, SinkInSteps):
                        yield from sink.take_in_steps(receipt)
                    else:
                        sink.take(receipt)
                    yield
            except BaseException:
                earlier.forget(receipt)
                self.lost += 1
                raise
        return receipt

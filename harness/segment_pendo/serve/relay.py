"""The flow: an SDK request comes in, its receipt goes to the sinks, its reply goes back."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from secrets import token_hex
from typing import Protocol

from segment_pendo.base.times import milliseconds
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Receipt, SdkRequest

__all__ = ["Relay", "Sink"]


class Sink(Protocol):
    """Takes receipts. `take` returns only when it has kept what it must keep: then the SDK is answered."""

    def take(self, receipt: Receipt) -> None: ...


def _now() -> datetime:
    return datetime.now(UTC)


class Relay:
    """Gives each request its id and its receivedAt, maps it, and hands the receipt to every sink in order."""

    def __init__(self, sinks: Sequence[Sink], *, setup: Setup, clock: Callable[[], datetime] = _now) -> None:
        self.setup = setup
        self._sinks = sinks  # the caller may still add to it before the first request
        self._clock = clock
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
        at = milliseconds(at or self._clock())
        self._count += 1
        receipt = self._earlier.annotated(
            assess(request, id=f"{self._run}-{self._count}", at=at, setup=self.setup)
        )
        if receipt.judged or receipt.refusal:
            try:
                for sink in self._sinks:
                    sink.take(receipt)
            except BaseException:
                self._earlier.forget(receipt)
                self.lost += 1
                raise
        return receipt

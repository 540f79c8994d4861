"""Faults: decide which requests of SDKs, and which webhooks at the loopback Pendo, go wrong.

`Faults.next` only decides, without any I/O; serve/failing carries a fault out. What chance decides is drawn
from one seed, so that a run can be repeated.
"""

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.prose import tell_nobody
from segment_pendo.segment import ingest
from segment_pendo.segment.oauth import is_token_request
from segment_pendo.serve.fault import Fault, FaultError, Side
from segment_pendo.words import Batch, Call, Json, SdkRequest

__all__ = ["Faults", "Matches"]

type Matches = Callable[[Call], bool]

_MOST: Final = 1000  # that wait at a time
_MOST_OVER: Final = 100  # that are over, and still listed
# Pendo's track API has names of its own for what Segment's calls have.
_TRACK_API: Final = {"visitorId": "userId", "accountId": "groupId"}
_TAKEN: Final[dict[Side, tuple[str, str]]] = {
    "segment": ("its calls were taken", "its calls were not taken"),
    "token": ("a token was given", "no token was given"),
    "pendo": ("Pendo took it", "Pendo did not take it"),
}


def _calls(facts: SdkRequest | bytes) -> Sequence[Call]:
    """Return the calls of an SDK's request, or the events in the body of a webhook or track event."""
    if isinstance(facts, SdkRequest):
        batch = ingest.read(facts)
        return batch.calls if isinstance(batch, Batch) else ()
    try:
        body = js_json.read(facts, depth=js_json.MAX_DEPTH + 1).value
    except (ValueError, RecursionError):
        return ()
    return [_event(index, event) for index, event in enumerate(body if isinstance(body, list) else [body])]


def _event(index: int, event: Json) -> Call:
    if not isinstance(event, dict):
        return Call(index, None, event)
    kind = event.get("type")
    event = {_TRACK_API.get(name, name): value for name, value in event.items()} | event
    return Call(index, kind if isinstance(kind, str) else None, event)


# --- deciding ---


@dataclass(slots=True)
class _Standing:
    """A fault that waits for requests; `left`: how often it may still happen; `until`: when its outage ends.

    `came`: how many requests it could have happened to; `met`: to how many it did.
    """

    number: int
    fault: Fault
    name: str
    matches: Matches | None
    chance: Random
    left: int | None
    until: float | None = None
    came: int = 0
    met: int = 0

    def is_over(self, now: float) -> bool:
        return self.left == 0 or (self.until is not None and now >= self.until)

    def happens(self, calls: Callable[[], Sequence[Call]], now: float) -> bool:
        """Whether it happens to the next request, at this time; an outage then begins."""
        fault = self.fault
        if self.until is None:
            if self.matches is not None and not any(map(self.matches, calls())):
                return False
            self.came += 1
            if fault.probability < 1 and self.chance.random() >= fault.probability:
                return False
            if fault.outage:
                self.until = now + fault.outage
        self.met += 1
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """Holds faults and decides which request meets which; the first one that can happen does.

    `note` gets a sentence about each that happens; `asked` says in it who wanted that. `seed`: of all
    chances, by default another one each time. `clock` gives seconds; only outages go by it. `released` counts
    how often the requests that hang were let go; `happened`, how many requests met a fault, at each side.
    """

    def __init__(
        self,
        note: Callable[[str], None] = tell_nobody,
        *,
        seed: int | str | None = None,
        clock: Callable[[], float] = time.monotonic,
        asked: str = "as a fault asked",
    ) -> None:
        self.note = note
        self.asked = asked
        self.seed = secrets.randbelow(10**6) if seed is None else seed
        self.released = 0
        self.happened: Counter[Side] = Counter()
        self._clock = clock
        self._count = 0
        self._standing: list[_Standing] = []
        self._over = deque[_Standing](maxlen=_MOST_OVER)

    def add(self, *faults: Fault, matches: Matches | None = None, name: str = "") -> None:
        """Let faults wait behind the others: all of them, or none.

        `matches` says of a call what a `match` cannot say; `name` is what `unused` calls them. Raises
        FaultError where too many wait.
        """
        if len(self._standing) + len(faults) > _MOST:
            msg = f"more than {_MOST:,} faults cannot wait at a time; clear them first"
            raise FaultError(msg)
        for fault in faults:
            own = fault.is_for if fault.match is not None else None
            # Each has its own chance, so that requests which do not concern it change nothing for it.
            chance = Random(f"{self.seed}/{self._count}")  # noqa: S311 - no secret: it must be repeatable
            self._standing.append(
                _Standing(self._count, fault, name or str(fault), matches or own, chance, fault.times)
            )
            self._count += 1

    def clear(self) -> None:
        """Forget all faults, and begin again with the seed; let go what hangs."""
        self._standing.clear()
        self._over.clear()
        self._count = 0
        self.release()

    def release(self) -> None:
        """Let go the requests that hang: whoever lets them hang looks at `released`."""
        self.released += 1

    def concern(self, on: Side) -> bool:
        """Whether any fault waits for requests of this side."""
        return any(standing.fault.on == on for standing in self._standing)

    def of_sdk(self, request: SdkRequest) -> Fault | None:
        """Return the fault that happens to a request of an SDK, or None."""
        if request.method != "POST":
            return None
        return self.next("token" if is_token_request(request) else "segment", request)

    def next(self, on: Side, facts: SdkRequest | bytes) -> Fault | None:
        """Return the fault that happens to the next request, or None.

        `facts`: the request of an SDK, or the body of a webhook.
        """
        read: list[Sequence[Call]] = []

        def calls() -> Sequence[Call]:  # read once, and only if a fault asks for it
            if not read:
                read.append(_calls(facts))
            return read[0]

        now = self._clock()
        self._sort_out(now)
        for standing in self._standing:
            if standing.fault.on == on and standing.happens(calls, now):
                self.happened[on] += 1
                self._sort_out(now)
                return standing.fault
        return None

    def _sort_out(self, now: float) -> None:
        over = [standing for standing in self._standing if standing.is_over(now)]
        if over:
            self._over.extend(over)
            self._standing = [standing for standing in self._standing if not standing.is_over(now)]

    def tell(self, fault: Fault, what: str) -> None:
        """Note that a fault happens to a request; `what` names it, such as "POST /v1/batch"."""
        taken, not_taken = _TAKEN[fault.on]
        self.note(f"{what} {fault.answer}, {self.asked}; {taken if fault.is_taken else not_taken}")

    def tell_delay(self, fault: Fault, what: str) -> None:
        """Note that a fault lets a request wait."""
        self.note(f"{what} held back for {fault.delay:g} s, {self.asked}")

    def rows(self) -> list[Json]:
        """Return each fault in its plain form, how often it was `met`, and whether it is `over`."""
        self._sort_out(self._clock())
        both = sorted([*self._over, *self._standing], key=lambda standing: standing.number)
        waiting = {standing.number for standing in self._standing}
        return [
            {**standing.fault.plain(), "met": standing.met, "over": standing.number not in waiting}
            for standing in both
        ]

    def unused(self) -> list[str]:
        """Return the names of the faults for which no request has come yet."""
        return [standing.name for standing in self._standing if not standing.came]

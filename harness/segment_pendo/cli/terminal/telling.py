"""Tell what becomes of calls while they come: a line each, in their order; failures that come later; counts.

A call's line waits for the end of its delivery, but not for long. What a delivery does later is told only if
it fails, or after it has failed; more than one of these in a second become one line.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from segment_pendo.base.bounded import Bounded
from segment_pendo.base.prose import many
from segment_pendo.explain.telling.call_line import CallLine, End, Word, with_attempt
from segment_pendo.words import Attempt

__all__ = ["Telling"]

# How long (s) a call's line waits for the end of its delivery; then it is printed without it.
PATIENCE: Final = 2.0
_A_TURN: Final = 200  # lines that are printed in one turn of the event loop: a few milliseconds
_SILENCE: Final = 1.0  # seconds between two lines about later deliveries
_SOON: Final = 1.0  # seconds that a call may come after its delivery
_MOST_WAYS: Final = 10_000
_AFTER_ALL: Final = "delivered after all"


@dataclass(slots=True)
class _Waiting:
    """A call whose line is not printed yet."""

    line: CallLine
    settled: bool


class _OnWay(NamedTuple):
    """A webhook that is not delivered yet: whose it is, how far it gets."""

    who: str
    end: End


class Telling:
    """Prints lines with `show`, and counts.

    `ends`: how far the calls got whose delivery has ended: an End, or "refused" by Pendo, "unanswered",
    "held". `earlier`: how many webhooks of earlier runs were delivered.
    """

    def __init__(self, show: Callable[[CallLine], None]) -> None:
        self._show = show
        self._lines: deque[_Waiting] = deque()
        self._waiting: dict[str, _Waiting] = {}
        # Very many wait where Pendo is down: those of one user that get as far share what is known of them.
        self._on_way: dict[str, _OnWay] = {}
        self._ways = Bounded[_OnWay, _OnWay](_MOST_WAYS)
        self._failing: set[str] = set()  # of which a failure was told
        self._early: dict[str, Attempt] = {}
        self._later: Counter[str] = Counter()
        self._later_told = False
        self._goes_on = False
        self.ends: Counter[str] = Counter()
        self.earlier = 0

    @property
    def on_way(self) -> int:
        """Return how many webhooks are not delivered yet."""
        return len(self._on_way)

    def awaits(self, name: str) -> bool:
        """Whether a webhook of this name is not delivered yet."""
        return name in self._on_way

    def call(self, name: str, line: CallLine) -> None:
        """Take a call; one whose `line` is of a webhook waits for `delivery` or `settle`."""
        assert line.end is not None
        sends = line.end not in {"lost", "skipped"}
        waiting = _Waiting(line, not sends)
        self._lines.append(waiting)
        if sends:
            self._waiting[name] = waiting
            way = _OnWay(line.who, line.end)
            self._on_way[name] = self._ways.first(way, way)
            early = self._early.pop(name, None)
            if early is not None:
                self.delivery(name, early)
        else:
            self.ends[line.end] += 1

    def flush(self) -> None:
        """Print the lines that wait for nothing, in their order; where they are many, a few in each turn."""
        for _ in range(_A_TURN):
            if not self._can_print:
                return
            self._show(self._lines.popleft().line)
        if self._can_print and not self._goes_on:
            self._goes_on = True
            asyncio.get_running_loop().call_soon(self._go_on)

    @property
    def _can_print(self) -> bool:
        return bool(self._lines) and self._lines[0].settled

    def _go_on(self) -> None:
        self._goes_on = False
        self.flush()

    def settle_later(self, names: list[str]) -> None:
        """Print what can be printed now, and the lines of these calls when they have waited long enough."""
        if self._waiting:
            asyncio.get_running_loop().call_later(PATIENCE, self.settle, names)
        self.flush()

    def settle(self, names: Iterable[str] | None = None) -> None:
        """Let the lines of these calls, or all, be printed without the end of their delivery."""
        self._settle([*self._waiting] if names is None else names)
        self.flush()

    def _settle(self, names: Iterable[str]) -> None:
        for name in names:
            waiting = self._waiting.pop(name, None)
            if waiting is not None:
                waiting.settled = True

    def delivery(self, name: str, attempt: Attempt) -> None:
        """Take an attempt that has ended; its call may come a little later, as a report takes its time."""
        if name in self._on_way:
            self._take(name, attempt)
            return
        if name not in self._early:
            asyncio.get_running_loop().call_later(_SOON, self._take_early, name)
        self._early[name] = attempt

    def _take_early(self, name: str) -> None:
        """Take an attempt whose call did not come: it is of an earlier one."""
        attempt = self._early.pop(name, None)
        if attempt is not None:
            self._take(name, attempt)

    def _take(self, name: str, attempt: Attempt) -> None:
        way, was_failing = self._on_way.get(name), name in self._failing
        if attempt.state != "waiting":
            self._ended(self._on_way.pop(name, None), attempt)
            self._failing.discard(name)
        waiting = self._waiting.pop(name, None)
        if waiting is not None:
            waiting.line, waiting.settled = with_attempt(waiting.line, attempt), True
            if attempt.state == "waiting":
                self._failing.add(name)
            self.flush()
        elif attempt.state == "delivered":
            if was_failing:
                self._tell_later(_AFTER_ALL, None)
        elif attempt.state != "waiting" or not was_failing:
            if way is not None and attempt.state == "waiting":
                self._failing.add(name)
            what = {"waiting": "to be tried again", "held": "held back"}.get(attempt.state, "given up")
            self._tell_later(what, _line(way.who if way is not None else f"call {name}", attempt))

    def _ended(self, way: _OnWay | None, attempt: Attempt) -> None:
        if way is None:
            self.earlier += attempt.state == "delivered"
            return
        failed = "unanswered" if attempt.status is None else "refused"
        self.ends[{"delivered": way.end, "held": "held"}.get(attempt.state, failed)] += 1

    def _tell_later(self, what: str, line: CallLine | None) -> None:
        """Tell of a later delivery: the first in a second by its own line, those after it by their number."""
        if line is not None and not self._later_told:
            self._show(line)
        else:
            self._later[what] += 1
        if not self._later_told:
            self._later_told = True
            asyncio.get_running_loop().call_later(_SILENCE, self._tell_numbers)

    def _tell_numbers(self) -> None:
        self._later_told = bool(self._later)
        if self._later:
            self._show_numbers()
            asyncio.get_running_loop().call_later(_SILENCE, self._tell_numbers)

    def _show_numbers(self) -> None:
        said = ", ".join(f"{count} {what}" for what, count in self._later.items())
        count, is_good = self._later.total(), set(self._later) == {_AFTER_ALL}
        words = (Word(said, "good" if is_good else "warn"),)
        self._later.clear()
        self._show(CallLine(datetime.now(UTC), "delivery", many(count, "webhook"), "", "warn", words))

    def finish(self) -> None:
        """Print all that still waits."""
        for name in [*self._early]:
            self._take_early(name)
        self._settle([*self._waiting])
        while self._can_print:
            self._show(self._lines.popleft().line)
        if self._later:
            self._show_numbers()


def _line(who: str, attempt: Attempt) -> CallLine:
    return with_attempt(CallLine(attempt.at, "delivery", who, "", "bad"), attempt)

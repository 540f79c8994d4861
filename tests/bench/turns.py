"""Rounds in turn: every contender once in each, so that what else the machine does meets all of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

__all__ = ["Effort", "Figure", "interleaved", "micro", "milli", "ratio", "table"]


class Effort(NamedTuple):
    """How much is measured: `seconds` for each contender in each round."""

    seconds: float = 1.0
    rounds: int = 5

    @property
    def is_brief(self) -> bool:
        """Whether it is only to be seen that it runs."""
        return self.seconds < 0.5


class Figure(NamedTuple):
    """What one contender needed in one round: seconds of CPU (None: unknown) and of time for one piece."""

    cpu: float | None
    wall: float

    @property
    def cost(self) -> float:
        """CPU where it is known: other processes of the machine hardly touch it."""
        return self.wall if self.cpu is None else self.cpu

    def each(self, pieces: int) -> "Figure":
        """Return what one of several equal pieces needed."""
        return Figure(None if self.cpu is None else self.cpu / pieces, self.wall / pieces)


def interleaved[T](contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Return what each contender gave, round by round; each round begins with another one."""
    found: dict[str, list[T]] = {name: [] for name in contenders}
    names = [*contenders]
    for number in range(rounds):
        start = number % len(names)
        for name in names[start:] + names[:start]:
            found[name].append(contenders[name]())
    return found


def ratio(ours: Sequence[float], reference: Sequence[float]) -> str:
    """Return the median of the rounds' ratios with their spread; both were measured in the same rounds."""
    each = sorted(one / other for one, other in zip(ours, reference, strict=True))
    return f"{_short(median(each))} ({_short(each[0])}-{_short(each[-1])})"


def micro(values: Iterable[float | None]) -> str:
    """Return the median in microseconds, or a dash where it is not known."""
    return _median(values, 1e6)


def milli(values: Iterable[float | None]) -> str:
    """Return the median in milliseconds, or a dash where it is not known."""
    return _median(values, 1e3)


def _median(values: Iterable[float | None], scale: float) -> str:
    known = [value for value in values if value is not None]
    return f"{median(known) * scale:,.0f}" if known else "-"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table."""
    yield f"| {' | '.join(titles)} |"
    yield f"| {' | '.join('---' for _ in titles)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _short(value: float) -> str:
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"

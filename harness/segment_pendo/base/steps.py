"""Long work in steps: a generator that yields where it may be interrupted, and returns its result."""

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass

__all__ = ["NOTHING", "Prepared", "Steps", "Waiting", "finished", "made_waiting", "prepared_together"]

# What a step may yield: work that waits for something else, and so is done in a thread where there is a loop.
type Waiting = Callable[[], None]
type Steps[T] = Generator[Waiting | None, None, T]


def finished[T](steps: Steps[T]) -> T:
    """Do all steps at once; return the result."""
    while True:
        try:
            waiting = next(steps)
            if waiting is not None:
                waiting()
        except StopIteration as end:
            result: T = end.value
            return result


def made_waiting[T](make: Callable[[], T]) -> Steps[T]:
    """Make something that waits for something else, as a step of its own."""
    made: list[T] = []
    yield lambda: made.append(make())
    return made[0]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Work of which only the last step is left: `keep` does it whole, or does nothing and raises OSError.

    `undo` takes it back; it must be called before anything else is kept.
    """

    keep: Callable[[], None]
    undo: Callable[[], None]


def _nothing() -> None:
    """Do nothing."""


NOTHING = Prepared(_nothing, _nothing)


def prepared_together(several: Iterable[Steps[Prepared]]) -> Steps[Prepared]:
    """Prepare the work of all of them, one after another: it is kept by all, or by none."""
    ready: list[Prepared] = []
    for steps in several:
        ready.append((yield from steps))  # noqa: PERF401 - a comprehension cannot yield

    def keep() -> None:
        kept: list[Prepared] = []
        try:
            for prepared in ready:
                prepared.keep()
                kept.append(prepared)
        except BaseException:
            for prepared in reversed(kept):
                prepared.undo()
            raise

    def undo() -> None:
        for prepared in reversed(ready):
            prepared.undo()

    return Prepared(keep, undo)

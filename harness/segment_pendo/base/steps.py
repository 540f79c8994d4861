"""Long work in steps: a generator that yields where it may be interrupted, and returns its result."""

from collections.abc import Generator

__all__ = ["Steps", "finished"]

type Steps[T] = Generator[None, None, T]


def finished[T](steps: Steps[T]) -> T:
    """Do all steps at once; return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result

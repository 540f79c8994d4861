"""An event loop whose clock moves only when nothing else is left to do: hours of waiting end at once."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

__all__ = ["BEGAN", "clock", "run"]

BEGAN = 1_715_248_801.0  # seconds since 1970


class _Selector(selectors.SelectSelector):
    """Waits for nothing; passes on to the loop how long it would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "everybody waits for somebody else"
            self.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.selector = _Selector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.now


def clock() -> float:
    """Seconds since 1970 in the loop that runs."""
    return BEGAN + asyncio.get_running_loop().time()


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run to the end; no real second passes."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)

"""A progress bar for long input: on stderr, where that is a terminal and the output is none."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Final

from segment_pendo.recordings.reading.parts import Watch, parts

__all__ = ["watched"]

_QUIET: Final = 1.0  # seconds
_PAUSE: Final = 0.1  # seconds between two pictures


@contextmanager
def watched(names: Sequence[str]) -> Iterator[Watch]:
    """Give what is called before more of an input is read: rows go out, and the bar moves on."""
    with ExitStack() as stack:
        bar = _Bar(names, stack) if sys.stderr.isatty() and not sys.stdout.isatty() else None

        def watch(count: int) -> None:
            sys.stdout.flush()
            if bar is not None:
                bar.move(count)

        yield watch


class _Bar:
    """The bar: it is drawn when an input has taken a second."""

    def __init__(self, names: Sequence[str], stack: ExitStack) -> None:
        self._names, self._stack = names, stack
        self._read = 0
        self._next = time.monotonic() + _QUIET
        self._draw: Watch | None = None

    def move(self, count: int) -> None:
        """Count bytes that were read, and draw the bar if it is time to."""
        self._read += count
        now = time.monotonic()
        if now >= self._next:
            self._next = now + _PAUSE
            self._draw = self._draw or self._drawn()
            self._draw(self._read)

    def _drawn(self) -> Watch:
        # It takes a while to import, and most input is short.
        from rich.console import Console  # noqa: PLC0415 - as above
        from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn  # noqa: PLC0415

        progress = Progress(
            BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True),
            auto_refresh=False, transient=True,
            redirect_stdout=False,  # it is rows
        )  # fmt: skip
        self._stack.enter_context(progress)
        task = progress.add_task("", total=_total(self._names))

        def draw(count: int) -> None:
            progress.update(task, completed=count, refresh=True)

        return draw


def _total(names: Sequence[str]) -> int | None:
    """Return how many bytes the files have, or None where one of them does not say, as a pipe."""
    sizes = 0
    for part in parts(names):
        if part.path is None or not part.path.is_file():
            return None
        sizes += part.path.stat().st_size
    return sizes

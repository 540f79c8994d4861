"""What `run` says on stderr besides its calls."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import click

from segment_pendo.base.prose import many
from segment_pendo.cli.terminal.tables import wrapped

__all__ = ["Draining", "Quietly", "Seldom", "say"]

_SILENCE: Final = 1.0  # seconds between two notes of the same words


def say(text: str) -> None:
    """Print to stderr; on a terminal, lines are broken between words, and what follows is indented."""
    click.echo(wrapped(text, sys.stderr), err=True)


class Draining:
    """Shows on a terminal how many webhooks the end still waits for; elsewhere, says it once."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self, left: int) -> None:
        if left and (not self._last or (sys.stderr.isatty() and left != self._last)):
            say(f"Still to deliver: {many(left, 'webhook')}. Ctrl-C ends at once.")
        self._last = left or self._last


class Quietly:
    """Print a line, and only once, for an error outside a request, such as too many open files."""

    def __init__(self) -> None:
        self._count = Counter[str]()

    def __call__(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        text = f"segment-pendo: {context.get('message', 'something failed')} ({why})"
        self._count[text] += 1
        if self._count[text] == 1:
            say(text)

    def summary(self) -> None:
        for text, count in self._count.items():
            if count > 1:
                say(f"{text}: {count} times.")


class Seldom:
    """Passes a note on; the same one again is counted, and its number told once a second."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._again: dict[str, int] = {}

    def __call__(self, text: str) -> None:
        if text in self._again:
            self._again[text] += 1
            return
        self._tell(text)
        self._wait(text)

    def _wait(self, text: str) -> None:
        self._again[text] = 0
        asyncio.get_running_loop().call_later(_SILENCE, self._over, text)

    def _over(self, text: str) -> None:
        count = self._again.pop(text, 0)
        if count:
            self._tell(f"{text} ({many(count, 'time')} more)")
            self._wait(text)

    def finish(self) -> None:
        """Tell what was counted and is not told yet."""
        for text, count in self._again.items():
            if count:
                self._tell(f"{text} ({many(count, 'time')} more)")
        self._again.clear()

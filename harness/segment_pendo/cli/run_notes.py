"""What `run` says on stderr besides its calls."""

import asyncio
import sys
from collections import Counter
from typing import Any

import click

from segment_pendo.base.prose import many
from segment_pendo.cli.tables import wrapped

__all__ = ["Draining", "Quietly", "say"]


def say(text: str) -> None:
    """Print to stderr; on a terminal, lines are broken between words, and what follows is indented."""
    click.echo(wrapped(text, sys.stderr), err=True)


class Draining:
    """Shows on a terminal how many webhooks the end still waits for; elsewhere, says it once."""

    def __init__(self) -> None:
        self._last = 0

    def __call__(self, left: int) -> None:
        if left and (not self._last or (sys.stderr.isatty() and left != self._last)):
            say(f"Delivering {many(left, 'webhook')} that still wait; Ctrl-C ends at once.")
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

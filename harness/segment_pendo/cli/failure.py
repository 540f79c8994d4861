"""How the command line fails: a sentence on stderr and an exit code (docs: Exit codes)."""

from typing import Final

import click

from segment_pendo.explain.teller import printable

__all__ = ["CANNOT_START", "CONFIGURATION", "FOUND", "NOT_DELIVERED", "NOT_STARTED", "REFUSED", "Failure"]

FOUND: Final = 1
CONFIGURATION: Final = 3
CANNOT_START: Final = 4
NOT_DELIVERED: Final = 5
REFUSED: Final = 7
NOT_STARTED: Final = 8


class Failure(click.ClickException):
    """Ends a verb with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__("\n".join(map(printable, message.split("\n"))))
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it from the instance
        return self.code

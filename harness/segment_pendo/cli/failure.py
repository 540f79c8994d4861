"""End the command line with a sentence on stderr and an exit code (docs: Exit codes)."""

import click

from segment_pendo.base.errors import (
    CANNOT_START,
    CONFIGURATION,
    FOUND,
    NOT_DELIVERED,
    NOT_STARTED,
    REFUSED,
    SegmentPendoError,
)
from segment_pendo.base.prose import printable

__all__ = [
    "CANNOT_START",
    "CONFIGURATION",
    "FOUND",
    "NOT_DELIVERED",
    "NOT_STARTED",
    "REFUSED",
    "Failure",
    "translated",
]


class Failure(click.ClickException):
    """An error that ends a verb with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__("\n".join(map(printable, message.split("\n"))))
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it from the instance
        return self.code


def translated(error: SegmentPendoError) -> Failure:
    """Return the failure that ends the command line for this error; it names the option to change, if any."""
    option = (
        f" Give another --{error.setting.replace('_', '-')}, or 0 for a free port." if error.setting else ""
    )
    return Failure(str(error) + option, error.exit_code)

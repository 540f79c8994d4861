"""How the command line fails: a sentence on stderr and an exit code (docs: Exit codes)."""

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
    """Ends a verb with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__("\n".join(map(printable, message.split("\n"))))
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it from the instance
        return self.code


def translated(error: SegmentPendoError) -> Failure:
    """Return one of our errors as the command line ends with it, the next step in the
    words of its options.
    """
    option = (
        f" Give another --{error.setting.replace('_', '-')}, or 0 for a free one." if error.setting else ""
    )
    return Failure(str(error) + option, error.exit_code)

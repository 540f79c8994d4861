"""Errors that a user can fix: one base class, and the exit codes of the command line (docs: Exit codes)."""

from typing import ClassVar, Final

__all__ = [
    "CANNOT_START",
    "CONFIGURATION",
    "FOUND",
    "NOT_DELIVERED",
    "NOT_STARTED",
    "REFUSED",
    "TIMED_OUT",
    "USAGE",
    "SegmentPendoError",
]

FOUND: Final = 1
USAGE: Final = 2
CONFIGURATION: Final = 3
CANNOT_START: Final = 4
NOT_DELIVERED: Final = 5
TIMED_OUT: Final = 6
REFUSED: Final = 7
NOT_STARTED: Final = 8


class SegmentPendoError(Exception):
    """The base of our errors. The text says what, where, why and what to do next.

    `exit_code` is what a command line ends with. `setting` names the port for which another value would help,
    in the words of Plan; only a door knows how to set it there. `taken`: the number of that port, or 0.
    """

    exit_code: ClassVar[int] = CONFIGURATION
    setting: str = ""
    taken: int = 0

"""End the command line with a sentence on stderr and an exit code (docs: Exit codes)."""

import errno
import os
from pathlib import Path
from typing import Final

import click

from segment_pendo import __version__
from segment_pendo.base.errors import (
    CANNOT_START,
    CONFIGURATION,
    FOUND,
    NOT_DELIVERED,
    NOT_STARTED,
    REFUSED,
    TIMED_OUT,
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
    "TIMED_OUT",
    "TRACEBACK",
    "Failure",
    "translated",
    "unexpected",
]


TRACEBACK: Final = "SEGMENT_PENDO_TRACEBACK"

# Of a file, or of stdout, that takes no more: nobody's fault here.
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class Failure(click.ClickException):
    """An error that ends a verb with a message and an exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__("\n".join(map(printable, message.split("\n"))))
        self.code = code

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # click reads it from the instance
        return self.code


def unexpected(error: Exception) -> Failure:
    """Return the failure for an error that nobody foresaw: where it happened, and how to report it.

    Its text is left out: it may hold data of an app, or a key.
    """
    if isinstance(error, OSError) and error.errno in _FULL:
        message = f"{error.filename or 'the output'} cannot be written: {os.strerror(error.errno)}."
        return Failure(message, CANNOT_START)
    import traceback  # noqa: PLC0415 - only for what nobody foresaw

    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    place = f"{Path(frame.f_code.co_filename).name}:{line}"
    message = (
        f"segment-pendo {__version__} failed where it should not: {type(error).__name__} at {place}. Please "
        f"report this line. With {TRACEBACK}=1, the same command shows more; look for data of your app in it "
        "before you pass it on."
    )
    return Failure(message, CANNOT_START)


def translated(error: SegmentPendoError) -> Failure:
    """Return the failure that ends the command line for this error.

    It names the option to change, if any, and the run that has the port.
    """
    option = (
        f" Give another --{error.setting.replace('_', '-')}, or 0 for a free port." if error.setting else ""
    )
    return Failure(f"{error}{_holder(error.taken)}{option}", error.exit_code)


def _holder(port: int) -> str:
    """Return which run on this machine has a port, '' where it is none of ours."""
    from urllib.parse import urlsplit  # noqa: PLC0415 - only for a port that is taken

    from segment_pendo.serve.environment import StateError  # noqa: PLC0415 - as above
    from segment_pendo.serve.launching.instances import running  # noqa: PLC0415 - as above

    try:
        there = running() if port else []
    except StateError:
        return ""
    for run in there:
        if any(urlsplit(url).port == port for url in (run.home, run.proxy, run.tls) if url):
            return (
                f" The segment-pendo at {run.home} has it (process {run.pid}, started in {run.directory}): "
                f"`segment-pendo stop --url {run.home}` ends it."
            )
    return ""

"""What a finding's code stands for.

Each world has a table of its own; a finding takes level and source from there.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from segment_pendo.words import Finding, Level

__all__ = ["Code", "maker"]


class Code(NamedTuple):
    """`means` explains it, `do` says what to do; `example` is calls, a line each, the last of which brings it
    ('' where no call does).
    """

    level: Level
    means: str
    do: str
    source: str
    example: str = ""


def maker(codes: Mapping[str, Code]) -> Callable[[str, str, str], Finding]:
    """A function of code, JSON path and sentence that makes a finding of the table."""

    def note(code: str, path: str, message: str) -> Finding:
        known = codes[code]
        return Finding(code, known.level, path, message, known.source)

    return note

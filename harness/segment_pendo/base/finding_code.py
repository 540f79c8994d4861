"""What the code of a finding stands for.

Each world has a table of its own; a finding takes its level and source from there.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from segment_pendo.words import Finding, Level

__all__ = ["Code", "maker"]


class Code(NamedTuple):
    """One code: `means` explains it, `do` says what to do.

    `example` is calls, one on each line; the last of them brings the finding ('' where no call does), and
    the verb `shown_by` shows it.
    """

    level: Level
    means: str
    do: str
    source: str
    example: str = ""
    shown_by: str = "explain"


def maker(codes: Mapping[str, Code]) -> Callable[[str, str, str], Finding]:
    """Return a function that makes a finding of the table from a code, a JSON path and a sentence."""

    def note(code: str, path: str, message: str) -> Finding:
        known = codes[code]
        return Finding(code, known.level, path, message, known.source)

    return note

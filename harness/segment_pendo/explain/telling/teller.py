"""One line for each call, for people. No control character of an app's data reaches a terminal."""

from typing import Final

from segment_pendo.base.prose import plain, printable
from segment_pendo.base.times import text
from segment_pendo.explain.doors import Door, advice
from segment_pendo.explain.telling.call_line import call_line
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.ingest import masked
from segment_pendo.segment.members import WORD_OF
from segment_pendo.words import LEVELS, Json, Judged, Receipt, Skipped

__all__ = ["WHO", "Teller", "finding_line", "named", "refusal_line", "refused"]

WHO: Final = ("userId", "groupId")  # for `named`
_MOST_SAID: Final = 1000


def named(kind: Json, call: Json, *members: str) -> str:
    """Return a call in words: its type, and each of `members` that it has, with its short word."""
    data = call if isinstance(call, dict) else {}
    given = [name for name in members if data.get(name) is not None]
    return " ".join([plain(kind), *(f"{WORD_OF[name]} {plain(data[name])}" for name in given)])


def finding_line(level: str, code: str, path: str, message: str) -> str:
    """Return a finding as one line."""
    return f"{level} {code} at {printable(path)}: {printable(message)}"


class Teller:
    """Makes the lines about calls; a finding, and why a call was skipped, is written out where it is new.

    What to do is said in the words of a door.
    """

    def __init__(self, setup: Setup, door: Door = "cli") -> None:
        self._setup = setup
        self._door = door
        self._said: set[tuple[str, str]] = set()

    def _is_new(self, code: str, path: str) -> bool:
        if (code, path) in self._said or len(self._said) >= _MOST_SAID:
            return False
        self._said.add((code, path))
        return True

    def call(self, receipt: Receipt, judged: Judged) -> str:
        """Return the line of a call, then what is new of it, indented."""
        line = call_line(receipt.at, judged, self._setup, door=self._door)
        if judged.webhook is not None:
            line = line._replace(outcome="webhook")  # whether it is delivered is told by others
        return "\n".join([line.text(text(receipt.at)[11:23]), *self._news(judged)])

    def _news(self, judged: Judged) -> list[str]:
        skipped = judged.skipped
        reasons = (
            [f"    skipped {skipped.code}: {_reason(skipped, self._door)}"]
            if skipped is not None and self._is_new(skipped.code, skipped.reason)
            else []
        )
        # A finding of level info is shown once for all paths.
        return reasons + [
            f"    {finding_line(finding.level, finding.code, finding.path, finding.message)}"
            for finding in sorted(judged.findings, key=lambda finding: LEVELS.index(finding.level))
            if self._is_new(finding.code, finding.path if finding.level != "info" else "")
        ]


def _reason(skipped: Skipped, door: Door) -> str:
    return " ".join(filter(None, [printable(skipped.reason), advice(skipped.reason, door)]))


def refusal_line(receipt: Receipt) -> str:
    """Return the line of a request that brought no call."""
    return f"{text(receipt.at)[11:23]}  refused   {'  '.join(refused(receipt))}"


def refused(receipt: Receipt) -> tuple[str, str]:
    """Return which request brought no call, and how it was answered."""
    assert receipt.refusal is not None
    refusal = receipt.refusal
    where = f"{plain(receipt.request.method)} {plain(masked(receipt.request.path))}"
    return where, f"answered {refusal.status} {refusal.code}: {printable(refusal.message)}"

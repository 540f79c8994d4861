"""One line for each call, for people. No control character of an app's data reaches a terminal."""

from collections import Counter
from typing import Final

from segment_pendo.base.prose import plain, printable, short
from segment_pendo.base.times import text
from segment_pendo.explain.doors import Door, advice
from segment_pendo.segment.ingest import masked
from segment_pendo.segment.members import WORD_OF
from segment_pendo.words import LEVELS, Attempt, Json, Judged, Receipt, Skipped

__all__ = ["WHO", "Teller", "ended", "finding_line", "named", "refusal_line", "refused"]

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
    """Makes the lines about calls; a reason or finding is written out only where it is new.

    What to do is said in the words of a door.
    """

    def __init__(self, door: Door = "cli") -> None:
        self._door = door
        self._said: set[tuple[str, str]] = set()

    def _is_new(self, code: str, path: str) -> bool:
        if (code, path) in self._said or len(self._said) >= _MOST_SAID:
            return False
        self._said.add((code, path))
        return True

    def call(
        self, receipt: Receipt, judged: Judged, attempt: Attempt | None = None, *, delivers: bool = True
    ) -> str:
        """Return the line of a call, then the findings that are new, indented.

        The line has time, type, user -> visitor, group -> account, outcome, Pendo's status and findings.
        """
        skipped = judged.skipped
        user, group = judged.call.member("userId"), judged.call.member("groupId")
        parts = [text(receipt.at)[11:23], f"{plain(judged.call.type):<8}"]
        if skipped is not None:
            parts += [f"user {plain(user)}" if user is not None else "no user"]
            parts += [f"group {plain(group)}"] if group is not None else []
            is_new = self._is_new(skipped.code, skipped.reason)
            reason = _reason(skipped, self._door) if is_new else ""
            parts += [f"skipped {skipped.code}{reason}", _findings(judged)]
            return "\n".join(["  ".join(part for part in parts if part), *self._news(judged)])
        parts.append(f"user {plain(user)} -> visitor" if user is not None else "no user -> no visitor")
        parts += [f"group {plain(group)} -> account"] if group is not None else []
        webhook = "webhook" if judged.mapping is None else f"webhook {short(judged.mapping, 40)}"
        parts += [webhook, ended(attempt) if delivers else "", _findings(judged)]
        return "\n".join(["  ".join(part for part in parts if part), *self._news(judged)])

    def _news(self, judged: Judged) -> list[str]:
        # A finding of level info is shown once for all paths.
        return [
            f"    {finding_line(finding.level, finding.code, finding.path, finding.message)}"
            for finding in sorted(judged.findings, key=lambda finding: LEVELS.index(finding.level))
            if self._is_new(finding.code, finding.path if finding.level != "info" else "")
        ]


def _reason(skipped: Skipped, door: Door) -> str:
    return " ".join(filter(None, [f": {printable(skipped.reason)}", advice(skipped.reason, door)]))


def ended(attempt: Attempt | None) -> str:
    """Return what an attempt to deliver a webhook came to, in words."""
    if attempt is None:
        return "waiting"
    if attempt.state == "delivered":
        return f"delivered {attempt.status}"
    return f"not delivered: {printable(attempt.detail)}"


def _findings(judged: Judged) -> str:
    counted = Counter((finding.level, finding.code) for finding in judged.findings)
    words = []
    for (level, code), count in sorted(counted.items(), key=lambda item: LEVELS.index(item[0][0])):
        words.append((f"{level} " if level != "info" else "") + code + (f" x{count}" if count > 1 else ""))
    return f"[{', '.join(words)}]" if words else ""


def refusal_line(receipt: Receipt) -> str:
    """Return the line of a request that brought no call."""
    return f"{text(receipt.at)[11:23]}  refused   {'  '.join(refused(receipt))}"


def refused(receipt: Receipt) -> tuple[str, str]:
    """Return which request brought no call, and how it was answered."""
    assert receipt.refusal is not None
    refusal = receipt.refusal
    where = f"{plain(receipt.request.method)} {plain(masked(receipt.request.path))}"
    return where, f"answered {refusal.status} {refusal.code}: {printable(refusal.message)}"

"""One line for one call, for people. No control character of an app's data reaches a terminal."""

from collections import Counter
from typing import Final

from segment_pendo.rows import sent
from segment_pendo.segment.times import text
from segment_pendo.words import Attempt, Json, Judged, Receipt, Skipped

__all__ = ["call_line", "plain", "refusal_line"]

_WIDEST: Final = 60


def plain(value: Json) -> str:
    """A value as one short printable word."""
    if value is None:
        return "-"
    word = value if isinstance(value, str) else type(value).__name__ if isinstance(value, dict | list) else str(value)
    word = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in word[: _WIDEST + 1])
    return word if len(word) <= _WIDEST else word[: _WIDEST - 1] + "…"


def call_line(receipt: Receipt, judged: Judged, attempt: Attempt | None) -> str:
    """Time, type, user -> visitor, group -> account, outcome, Pendo's status, findings."""
    user, group = sent(judged.call, "userId"), sent(judged.call, "groupId")
    parts = [text(receipt.at)[11:23], f"{plain(judged.call.type):<8}"]
    if isinstance(judged.outcome, Skipped):
        parts += [f"user {plain(user)}", *([f"group {plain(group)}"] if group is not None else [])]
        return "  ".join([*parts, f"skipped {judged.outcome.code}: {judged.outcome.reason}"])
    if user is None:
        parts.append("no user -> no visitor")
    else:
        parts.append(f"user {plain(user)} -> visitor")
    if group is not None:
        parts.append(f"group {plain(group)} -> account")
    parts += ["webhook", _status(attempt), _findings(judged)]
    return "  ".join(part for part in parts if part)


def _status(attempt: Attempt | None) -> str:
    if attempt is None:
        return "waiting"
    return f"{attempt.state} {attempt.status}" if attempt.status else f"{attempt.state}: {attempt.detail}"


def _findings(judged: Judged) -> str:
    counted = Counter((finding.level, finding.code) for finding in judged.findings)
    order = {"error": 0, "warning": 1, "info": 2}
    words = []
    for (level, code), count in sorted(counted.items(), key=lambda item: order[item[0][0]]):
        words.append((f"{level} " if level != "info" else "") + code + (f" x{count}" if count > 1 else ""))
    return f"[{', '.join(words)}]" if words else ""


def refusal_line(receipt: Receipt) -> str:
    """A request that brought no call."""
    assert receipt.refusal is not None
    refusal = receipt.refusal
    where = f"{receipt.request.method} {plain(receipt.request.path)}"
    return f"{text(receipt.at)[11:23]}  refused   {where}  answered {refusal.status} {refusal.code}: {refusal.message}"

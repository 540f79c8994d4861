"""The outcome of a request as the comment and the marker of its flow; files of flows keep both."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from weakref import WeakKeyDictionary, WeakValueDictionary

from mitmproxy import http

from segment_pendo.base.prose import many, printable, short
from segment_pendo.explain.fate import subject
from segment_pendo.explain.telling.call_line import CHOSEN
from segment_pendo.explain.telling.teller import refused
from segment_pendo.words import LEVELS, Attempt, CallRef, Judged, Receipt

__all__ = ["Marks", "mark_refused"]

_OURS: Final = "segment-pendo: "
_LONGEST: Final = 500
_GOOD: Final = ":heavy_check_mark:"
_WARNING: Final = ":warning:"
_BAD: Final = ":heavy_multiplication_x:"
_PASSED_OVER: Final = ":black_small_square:"


@dataclass(slots=True)
class _Marked:
    """What a flow says of its calls, how many webhooks they became, and how many of those were given up."""

    comment: str
    webhooks: int
    given_up: int = 0


class Marks:
    """Writes on flows what became of their calls; later, which webhooks were given up.

    No flow is kept for that: what mitmproxy has let go of, nobody can look at any more.
    """

    def __init__(self) -> None:
        self._flows = WeakValueDictionary[str, http.HTTPFlow]()  # by the ids of receipts
        self._marked = WeakKeyDictionary[http.HTTPFlow, _Marked]()

    def mark(self, flow: http.HTTPFlow, receipt: Receipt) -> None:
        """Write on a flow what became of its calls; one without calls stays as it is."""
        if receipt.refusal is not None:
            mark_refused(flow, " ".join(refused(receipt)))
        elif receipt.judged:
            comment, webhooks = _comment(receipt), sum(judged.webhook is not None for judged in receipt.each)
            _write(flow, comment, _marker(receipt))
            self._flows[receipt.id] = flow
            self._marked[flow] = _Marked(comment, webhooks)

    def heard(self, ref: CallRef, attempt: Attempt) -> http.HTTPFlow | None:
        """Write on its flow that a webhook was given up; return the flow, or None where nothing changed."""
        flow = self._flows.get(ref.receipt)
        if flow is None or attempt.state != "dead":
            return None
        marked = self._marked[flow]
        marked.given_up += 1
        some = f"{marked.given_up} of {marked.webhooks} " if marked.webhooks > 1 else ""
        _write(flow, f"{some}not delivered ({attempt.detail}); {marked.comment}", _BAD)
        return flow


def mark_refused(flow: http.HTTPFlow, why: str) -> None:
    """Write on a flow that its request was not taken."""
    _write(flow, f"refused: {why}", _BAD)


def _write(flow: http.HTTPFlow, comment: str, marker: str) -> None:
    if flow.comment and not flow.comment.startswith(_OURS):
        return  # a person wrote something there
    flow.comment = _OURS + short(comment, _LONGEST)
    flow.marked = marker


def _comment(receipt: Receipt) -> str:
    each = list(receipt.each)
    calls = len(receipt.judged)
    what = subject(each[0].call) if calls == 1 else many(calls, "call")
    return f"{what}: {', '.join(_ended(each))}{_findings(each)}"


def _ended(each: list[Judged]) -> Iterator[str]:
    """Yield how many became webhooks, and how many were skipped by each code; one alone has no number."""
    counted: Counter[str] = Counter()
    for judged in each:
        skipped = judged.skipped
        counted["webhook" if skipped is None else f"{_verb(skipped.code)} ({printable(skipped.code)})"] += 1
    for words, count in counted.items():
        shown = f"{words}s" if words == "webhook" and count > 1 else words
        yield shown if len(each) == 1 else f"{count} {shown}"


def _verb(code: str) -> str:
    return "not selected" if code in CHOSEN else "lost at Segment"


def _findings(each: list[Judged]) -> str:
    counted = Counter(
        (finding.level, finding.code)
        for judged in each
        for finding in judged.findings
        if finding.level != "info"
    )
    ordered = sorted(counted.items(), key=lambda item: LEVELS.index(item[0][0]))
    words = [f"{level} {code}{f' x{count}' if count > 1 else ''}" for (level, code), count in ordered]
    return f"; {', '.join(words)}" if words else ""


def _marker(receipt: Receipt) -> str:
    """Return the marker of the worst that became of a call."""
    skipped = [judged.skipped.code for judged in receipt.judged if judged.skipped]
    levels = {finding.level for judged in receipt.each for finding in judged.findings}
    if "error" in levels or not CHOSEN.issuperset(skipped):
        return _BAD
    if "warning" in levels:
        return _WARNING
    return _PASSED_OVER if len(skipped) == len(receipt.judged) else _GOOD

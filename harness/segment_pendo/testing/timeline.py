"""What came to a test, in order, and why it does not match what the test expected, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from segment_pendo.base.prose import many, printable, short
from segment_pendo.explain.doors import advice
from segment_pendo.explain.telling.teller import finding_line, named
from segment_pendo.testing.expectation import Expectation, Mismatch, distance, mismatches
from segment_pendo.words import LEVELS, Attempt, Json, Judged, Receipt, is_as_bad

__all__ = ["Arrival", "Note", "called", "missed", "problems", "timeline", "uncalled"]

_MOST_LINES: Final = 30
_WIDEST: Final = 100
_NAMED: Final = ("userId", "anonymousId", "groupId", "event", "name")


@dataclass(frozen=True, slots=True)
class Arrival:
    """A call that came, and how many seconds after the test began.

    `attempt`: how its webhook ended, None for the usual: Pendo took it.
    """

    seconds: float
    receipt: Receipt
    judged: Judged
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """Another event: a refused request, or a fault that the test asked for.

    With `wrong`, it counts as a problem.
    """

    seconds: float
    text: str
    wrong: bool = False


type Event = Arrival | Note


def called(judged: Judged) -> str:
    """Name a call in a few words."""
    anonymous = isinstance(judged.call.data, dict) and judged.call.data.get("userId") is None
    members = [name for name in _NAMED if name != "anonymousId" or anonymous]
    return named(judged.call.type, judged.call.data, *members)


def _line(event: Event) -> str:
    if isinstance(event, Note):
        return f"{event.seconds:9.3f} s  {event.text}"
    skipped = event.judged.skipped
    became = f"skipped {skipped.code}" if skipped else "webhook"
    findings = sorted(
        {
            (LEVELS.index(finding.level), f"{finding.level} {finding.code}")
            for finding in event.judged.findings
            if finding.level != "info"
        }
    )
    codes = f"  [{', '.join(text for _, text in findings)}]" if findings else ""
    return f"{event.seconds:9.3f} s  {called(event.judged)}  {became}{codes}"


def timeline(events: Sequence[Event], nearest: Event | None = None) -> list[str]:
    """Return a line for each of the last 30 events; the nearest call is marked and always shown."""
    shown = [
        event for index, event in enumerate(events) if index >= len(events) - _MOST_LINES or event is nearest
    ]
    left = len(events) - len(shown)
    marks = [("  > " if event is nearest else "    ") + _line(event) for event in shown]
    return [f"    ({many(left, 'earlier one')} not shown)", *marks] if left else marks


def missed(expected: Expectation, events: Sequence[Event], *, but: Sequence[Arrival] = ()) -> Iterator[str]:
    """Say why no call is as expected: the timeline, the nearest call, and how it differs.

    Calls in `but` matched already, so they are not the nearest.
    """
    calls = [
        event for event in events if isinstance(event, Arrival) and not any(event is call for call in but)
    ]
    by_distance = [
        (distance(mismatches(expected, call.judged)), -index, call) for index, call in enumerate(calls)
    ]
    nearest = min(by_distance, key=lambda entry: entry[:2])[2] if by_distance else None
    if events:
        yield "what came:"
        yield from timeline(events, nearest)
    if nearest is not None:
        yield f"nearest: {called(nearest.judged)}"
        yield from (f"    {differing(mismatch)}" for mismatch in mismatches(expected, nearest.judged))
        yield from _about(nearest.judged)


def uncalled(events: Sequence[Event], wrong: Sequence[Arrival]) -> Iterator[str]:
    """Say which call came although it should not have: the timeline, and what it holds."""
    yield "what came:"
    yield from timeline(events, wrong[0])
    yield f"too many: {called(wrong[0].judged)}"
    for key in ("traits", "properties"):
        data = wrong[0].judged.call.data
        if isinstance(data, dict) and data.get(key):
            yield f"    its {key}: {_shown(data[key])}"
    yield from _about(wrong[0].judged)


def _shown(value: Json) -> str:
    return short(repr(value), _WIDEST)


def differing(mismatch: Mismatch) -> str:
    """Describe a difference in words."""
    hint = f" ({printable(mismatch.hint)})" if mismatch.hint else ""
    return (
        f"{printable(mismatch.path)}: expected {short(mismatch.expected, _WIDEST)}, it is "
        f"{short(mismatch.actual, _WIDEST)}{hint}"
    )


def _about(judged: Judged) -> Iterator[str]:
    skipped = judged.skipped
    if skipped is not None:
        how = advice(skipped.reason, "marker")
        yield " ".join(filter(None, [f"    skipped {skipped.code}: {printable(skipped.reason)}", how]))
    for finding in sorted(judged.findings, key=lambda finding: LEVELS.index(finding.level)):
        if finding.level != "info":
            yield f"    {finding_line(finding.level, finding.code, finding.path, finding.message)}"


def problems(events: Sequence[Event], level: str) -> list[str]:
    """Return findings of this level or worse, calls that Segment would drop, requests it would refuse."""
    sentences: list[str] = []
    for event in events:
        if isinstance(event, Note):
            sentences += [event.text] if event.wrong else []
            continue
        judged = event.judged
        skipped = judged.skipped
        if judged.message is None and skipped is not None:
            sentences.append(
                f"{called(judged)}: Segment drops it, {skipped.code}: {printable(skipped.reason)}"
            )
        for finding in judged.findings:
            if is_as_bad(finding.level, level):
                line = finding_line(finding.level, finding.code, finding.path, finding.message)
                sentences.append(f"{called(judged)}: {line}")
    return sentences

"""What came to a test, in order, and why it is not what the test expected: in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from segment_pendo.base.prose import many, printable, short
from segment_pendo.explain.doors import advice
from segment_pendo.explain.teller import finding_line, named
from segment_pendo.testing.expectation import Expectation, Mismatch, distance, mismatches
from segment_pendo.words import LEVELS, Json, Judged, Receipt, is_as_bad

__all__ = ["Arrival", "Note", "called", "missed", "problems", "timeline", "uncalled"]

_MOST_LINES: Final = 30
_WIDEST: Final = 100
_NAMED: Final = ("userId", "anonymousId", "groupId", "event", "name")


@dataclass(frozen=True, slots=True)
class Arrival:
    """One call that came, so many seconds after the test began."""

    seconds: float
    receipt: Receipt
    judged: Judged


@dataclass(frozen=True, slots=True)
class Note:
    """Something else that happened: a refused request, a fault that the test asked for.

    `wrong`: it counts as a problem.
    """

    seconds: float
    text: str
    wrong: bool = False


type Event = Arrival | Note


def called(judged: Judged) -> str:
    """A call in a few words."""
    anonymous = isinstance(judged.call.data, dict) and judged.call.data.get("userId") is None
    members = [name for name in _NAMED if name != "anonymousId" or anonymous]
    return named(judged.call.type, judged.call.data, *members)


def _line(event: Event) -> str:
    if isinstance(event, Note):
        return f"{event.seconds:9.3f} s  {event.text}"
    skipped = event.judged.skipped
    became = f"skipped {skipped.code}" if skipped else "webhook"
    found = sorted(
        {
            (LEVELS.index(one.level), f"{one.level} {one.code}")
            for one in event.judged.findings
            if one.level != "info"
        }
    )
    codes = f"  [{', '.join(text for _, text in found)}]" if found else ""
    return f"{event.seconds:9.3f} s  {called(event.judged)}  {became}{codes}"


def timeline(events: Sequence[Event], nearest: Event | None = None) -> list[str]:
    """A line for each event, at most 30 of them; the nearest call is marked and always there."""
    shown = [
        event for index, event in enumerate(events) if index >= len(events) - _MOST_LINES or event is nearest
    ]
    left = len(events) - len(shown)
    marks = [("  > " if event is nearest else "    ") + _line(event) for event in shown]
    return [f"    ({many(left, 'earlier one')} not shown)", *marks] if left else marks


def missed(expected: Expectation, events: Sequence[Event], *, but: Sequence[Arrival] = ()) -> Iterator[str]:
    """Why no call is as expected: the timeline, the nearest call, each field in which it differs, and what is
    known about it.

    `but` are calls that the expectation has had already.
    """
    calls = [event for event in events if isinstance(event, Arrival) and not any(event is one for one in but)]
    by_distance = [
        (distance(mismatches(expected, one.judged)), -index, one) for index, one in enumerate(calls)
    ]
    nearest = min(by_distance, key=lambda one: one[:2])[2] if by_distance else None
    if events:
        yield "what came:"
        yield from timeline(events, nearest)
    if nearest is not None:
        yield f"nearest: {called(nearest.judged)}"
        yield from (f"    {differing(one)}" for one in mismatches(expected, nearest.judged))
        yield from _about(nearest.judged)


def uncalled(events: Sequence[Event], wrong: Sequence[Arrival]) -> Iterator[str]:
    """What came although it should not have."""
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


def differing(one: Mismatch) -> str:
    """One difference, in words."""
    hint = f" ({printable(one.hint)})" if one.hint else ""
    return (
        f"{printable(one.path)}: expected {short(one.expected, _WIDEST)}, it is "
        f"{short(one.actual, _WIDEST)}{hint}"
    )


def _about(judged: Judged) -> Iterator[str]:
    skipped = judged.skipped
    if skipped is not None:
        how = advice(skipped.code, judged.call.type, "marker")
        yield " ".join(filter(None, [f"    skipped {skipped.code}: {printable(skipped.reason)}", how]))
    for one in sorted(judged.findings, key=lambda one: LEVELS.index(one.level)):
        if one.level != "info":
            yield f"    {finding_line(one.level, one.code, one.path, one.message)}"


def problems(events: Sequence[Event], level: str) -> list[str]:
    """Findings of this level or worse, calls that Segment would drop, requests that it would refuse."""
    found: list[str] = []
    for event in events:
        if isinstance(event, Note):
            found += [event.text] if event.wrong else []
            continue
        judged = event.judged
        skipped = judged.skipped
        if judged.message is None and skipped is not None:
            found.append(f"{called(judged)}: Segment drops it, {skipped.code}: {printable(skipped.reason)}")
        for one in judged.findings:
            if is_as_bad(one.level, level):
                found.append(f"{called(judged)}: {finding_line(one.level, one.code, one.path, one.message)}")
    return found

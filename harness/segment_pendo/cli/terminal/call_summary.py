"""Sum up calls for people: how far they got, and what to put right first."""

from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Final

from segment_pendo.base.prose import many, printable
from segment_pendo.cli.terminal.telling import Telling
from segment_pendo.explain.doors import advice
from segment_pendo.explain.telling.costs import Cost, Costs
from segment_pendo.pendo.across import ONCE

__all__ = ["summary"]

_MOST: Final = 5  # codes that are written out
# What is said of calls that ended so, in this order.
_ENDS: Final = {
    "whole": "whole",
    "part": "in part",
    "nothing": "without effect in Pendo",
    "lost": "LOST at Segment",
    "skipped": "not selected",
    "refused": "refused by Pendo",
    "unanswered": "without an answer of Pendo",
    "held": "held back",
}


def summary(calls: int, refused: int, telling: Telling, costs: Costs, source: str) -> Iterator[str]:
    """Yield a sentence, then what to put right first: each code once, with the command that says more.

    `source`: the options by which `why` finds these calls, or an empty text where nothing keeps them.
    """
    parts = [f"{telling.ends[end]} {words}" for end, words in _ENDS.items() if telling.ends[end]]
    for end in ("whole", "part"):  # the first of them has the verb
        if telling.ends[end]:
            verb = "arrives" if telling.ends[end] == 1 else "arrive"
            parts[0] = f"{telling.ends[end]} {verb} {_ENDS[end]}"
            break
    if telling.on_way:
        parts.append(f"{telling.on_way} not delivered")
    if refused:
        parts.append(many(refused, "refused request"))
    if telling.earlier:
        parts.append(f"{many(telling.earlier, 'webhook')} of earlier calls delivered")
    yield many(calls, "call") + (f": {', '.join(parts)}" if parts else "")
    yield from _first(costs, source)


def _first(costs: Costs, source: str) -> Iterator[str]:
    costs_of, infos = costs.first(), dict(costs.infos())
    harmless = {cost.code: infos.pop(cost.code, 0) for cost in costs_of}  # a code is told once
    losses, chosen = ([cost for cost in costs_of if cost.is_loss is is_loss] for is_loss in (True, False))
    yield from _listed("fix first:", losses, harmless, source)
    yield from _listed("left out, as it is set up:", chosen, harmless, source)
    if infos:
        counted = [f"{code} ({_calls(count, once=code in ONCE)})" for code, count in infos.items()]
        yield f"to know: {', '.join(counted)}  -> segment-pendo finding CODE"


def _listed(title: str, costs: Sequence[Cost], harmless: Mapping[str, int], source: str) -> Iterator[str]:
    if costs:
        yield title
    for cost in costs[:_MOST]:
        count = harmless[cost.code]
        also = f" Also in {many(count, 'call')} for which nothing need be done." if count else ""
        yield f"{_said(cost)}{also}"
        command = _command(cost, source)
        if command:
            yield f"      -> {command}"
    more = [cost.code for cost in costs[_MOST:]]
    if more:
        yield f"  and {', '.join(more)}  -> segment-pendo finding CODE"


def _said(cost: Cost) -> str:
    names = ", ".join(map(printable, cost.names)) + (", ..." if cost.others else "")
    how = advice(cost.reason or None, "cli")
    about = f" ({names})" if names else ""
    return f"  {_calls(cost.calls, once=cost.once)}  {cost.code}{about}: {cost.text}{how and f' {how}'}"


def _calls(count: int, *, once: bool) -> str:
    """Return how many calls have a code; where only the first one tells it, say that there may be more."""
    return f"{'first seen in ' if once else ''}{many(count, 'call')}"


def _command(cost: Cost, source: str) -> str:
    """Return the command that says more about a code."""
    if cost.is_answer:
        return ""
    if not source or cost.subject is None or not cost.told_by_why:
        return f"segment-pendo finding {cost.code}"
    name, trait, is_group = cost.subject
    words = [*(["--group"] if is_group else []), name, *([trait] if trait is not None else [])]
    return f"segment-pendo why {' '.join(map(quote, words))} {source}"

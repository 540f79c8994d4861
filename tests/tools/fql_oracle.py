"""Segment's published trigger language (npm, tests/oracles) as something to ask."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from node_process import NodeProcess

from segment_pendo.base import js_json
from segment_pendo.segment.fql.trigger import compiled
from segment_pendo.words import JsonObject

KEPT = Path(__file__).parents[2] / "fixtures" / "oracles" / "fql.jsonl"
PROGRAM = "fql.cjs"


class Case(NamedTuple):
    """What to ask: a trigger, and the JSON text of an event."""

    trigger: str
    event: str


class Verdict(NamedTuple):
    """What Segment's code says: true, false or error."""

    case: Case
    outcome: str


type Rule = Callable[[Case], str]


def kept() -> list[Verdict]:
    """The verdicts of fixtures/oracles, made by tests/tools/make_oracles.py."""
    rows = (json.loads(line) for line in KEPT.read_text("ascii").splitlines())
    return [Verdict(Case(row["trigger"], row["event"]), row["outcome"]) for row in rows]


def differing(rule: Rule) -> list[Verdict]:
    """The kept verdicts that a rule does not give."""
    return [verdict for verdict in kept() if rule(verdict.case) != verdict.outcome]


def event(case: Case) -> JsonObject:
    data = js_json.read(case.event.encode()).value
    assert isinstance(data, dict)
    return data


def ours(case: Case) -> str:
    """What our code says of a case."""
    return compiled(case.trigger).outcome(event(case))


class FqlOracle(NodeProcess):
    """Segment's code; a context manager."""

    def __init__(self) -> None:
        super().__init__(PROGRAM)

    def ask(self, cases: Sequence[Case]) -> list[str]:
        """What Segment's code says of each case."""
        return [answer["outcome"] for answer in self.answers(cases)]

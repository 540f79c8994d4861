"""Why: a rule in words with its grade, or the switch that was set instead.

The grade is Segment's or Pendo's code, a document, or our assumption.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from segment_pendo.base.bounded import Made
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import rules as pendo_rules
from segment_pendo.pendo.switches import PendoSwitches, spoken
from segment_pendo.segment import rules as segment_rules

__all__ = ["because", "clause", "sayings", "why"]

_GRADES: Final = {
    "code": "Segment's code",
    "payloads": "payloads of Segment's service",
    "documentation": "Segment's documents",
    "SDKs": "Segment's SDKs",
    "public threads": "public threads",
    "assumption": "our assumption",
}
_SEGMENT: Final = {rule.id: rule for rule in segment_rules.RULES}


def why(rule: str, setup: Setup) -> tuple[str, str]:
    """Return a rule in words, and its grade; where a switch was set, its words come instead of the rule's."""
    return sayings(setup)[rule]


def sayings(setup: Setup) -> Mapping[str, tuple[str, str]]:
    """Return what `why` returns, by the rule: for who asks often, as each line of a call names one."""
    return _sayings(setup.pendo)


@lru_cache(maxsize=16)
def _sayings(switches: PendoSwitches) -> Made[str, tuple[str, str]]:
    return Made(lambda rule: _said(rule, switches))


def _said(rule: str, switches: PendoSwitches) -> tuple[str, str]:
    if rule in _SEGMENT:
        known = _SEGMENT[rule]
        return f"{rule}: {known.says}", _GRADES[known.grade]
    chosen = spoken(rule, switches)
    if chosen is not None:
        return chosen, "assumed"
    return f"pendo {rule}: {pendo_rules.RULES[rule].says}", pendo_rules.RULES[rule].grade


def because(rule: str, setup: Setup) -> str:
    """Return a rule as a clause that can follow "because"."""
    return clause(why(rule, setup)[0])


def clause(words: str) -> str:
    """Return the words that `why` gives for a rule as a clause that can follow "because"."""
    name, _, says = words.partition(": ")
    return f"{name.removeprefix('assumed ')} is assumed" if name.startswith("assumed ") else says

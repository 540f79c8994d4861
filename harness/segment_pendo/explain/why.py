"""Why: a rule in words, with its grade (Segment's or Pendo's code, a document, our assumption), or the switch
that was set instead.
"""

from typing import Final

from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import rules as pendo_rules
from segment_pendo.pendo.switches import spoken
from segment_pendo.segment import rules as segment_rules

__all__ = ["because", "why"]

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
    """A rule in words, and its grade; a switch that was set speaks instead of the rule."""
    if rule in _SEGMENT:
        known = _SEGMENT[rule]
        return f"{rule}: {known.says}", _GRADES[known.grade]
    chosen = spoken(rule, setup.pendo)
    if chosen is not None:
        return chosen, "assumed"
    return f"pendo {rule}: {pendo_rules.RULES[rule].says}", pendo_rules.RULES[rule].grade


def because(rule: str, setup: Setup) -> str:
    name, _, says = why(rule, setup)[0].partition(": ")
    return f"{name.removeprefix('assumed ')} is assumed" if name.startswith("assumed ") else says

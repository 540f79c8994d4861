"""A mapping's trigger: whether it selects an event, why not, and the traps in its text (D-10 to D-14)."""

from dataclasses import dataclass, field
from typing import Literal

from segment_pendo.base.javascript.texts import units
from segment_pendo.base.javascript.values import Thrown
from segment_pendo.segment.fql import refusal, traps
from segment_pendo.segment.fql.condition import Group, holds
from segment_pendo.segment.fql.lexer import lexed
from segment_pendo.segment.fql.parser import parsed
from segment_pendo.segment.fql.unreadable import Unreadable
from segment_pendo.words import Finding, JsonObject

__all__ = ["Outcome", "Trigger", "compiled"]

# What Segment's evaluation gives for one event; where it is an error, the mapping sends nothing, either.
type Outcome = Literal["true", "false", "error"]


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger, read once. One destination may have several mappings, each with its own (D-14).

    `error` says why Segment cannot evaluate it at all, so that its mapping sends nothing.
    """

    text: str
    error: str | None
    findings: tuple[Finding, ...]
    _root: Group | None = field(repr=False)

    def outcome(self, data: JsonObject) -> Outcome:
        """Return what Segment's evaluation gives for an event."""
        if self._root is None:
            return "error"
        try:
            return "true" if holds(self._root, data) else "false"
        except Thrown:
            return "error"

    def selects(self, data: JsonObject) -> bool:
        """Whether Segment's mapping takes an event."""
        return self.outcome(data) == "true"

    def why(self, data: JsonObject) -> str:
        """Return why an event is not selected: the conditions that fail, what stands there; '' if it is."""
        if self._root is None:
            return self.error or ""
        return refusal.sentence(self._root, units(self.text), data)


def compiled(text: str) -> Trigger:
    """Return a trigger, read as Segment reads it. It never raises: `error` says what is wrong."""
    spelled = units(text)
    lost: list[Finding] = []
    try:
        tokens = lexed(spelled)
        lost += traps.lost_end(tokens, spelled)
        found = parsed(tokens)
    except Unreadable as error:
        return Trigger(text, error.finding.message, (error.finding, *lost), None)
    return Trigger(text, None, (*lost, *traps.traps(found, spelled)), found.root)

"""What a probe tells: of each switch, the values with which our model sees what was seen.

A value is ruled out where, with no value of the switches that matter beside it, the model would have answered
as Pendo did. So what is left has not been proved, but all else has been excluded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any, Final, NamedTuple

from segment_pendo.base.switch import table
from segment_pendo.pendo.answers import is_too_large, is_without_effect, methods
from segment_pendo.pendo.probe.looks import ABSENT, HIDDEN_FROM_IT, TRACK, Look, looks
from segment_pendo.pendo.probe.plan import EXPECTED, Post, Probe, Seen
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Json

__all__ = ["Evidence", "Reading", "infer", "predicted"]

_NO_READING: Final = "what came back fits none of the readings that we know; the evidence says what it was"
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    **{switch.name: tuple(switch.values) for switch in table(DEFAULT)},
    TRACK: ("on", "off"),
}


class Evidence(NamedTuple):
    """One look: at what, after which events, what was seen, and with which values of the switch."""

    says: str
    events: tuple[int, ...]
    saw: Json
    fits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of one switch: `possible` values, in the order of the switch; `why` not only one."""

    name: str
    possible: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    why: str

    @property
    def found(self) -> str | None:
        """Return the value, if there is only one left and nothing speaks against it."""
        return self.possible[0] if len(self.possible) == 1 else None


@lru_cache(maxsize=512)  # a look asks for the same few again and again
def predicted(probe: Probe, switches: PendoSwitches, *, track: bool) -> Seen:
    """Return what comes back of a probe from a Pendo that reads webhooks so; `track` as for Records."""
    pendo, taken = Records(switches, track=track), dict[int, bool | None]()
    for post in probe.posts:
        taken.update(dict.fromkeys(post.numbers, _is_taken(pendo, post)))
    look = {"visitor": pendo.visitor, "account": pendo.account}
    return Seen(taken, {(kind, id): look[kind](id) for kind, id in probe.wanted})


def _is_taken(pendo: Records, post: Post) -> bool:
    switches = pendo.switches
    if post.method not in methods(switches) or is_too_large(len(post.bytes), switches):
        return False
    return not is_without_effect(pendo.apply(post.body, 1), switches)


def infer(probe: Probe, seen: Seen) -> list[Reading]:
    """Return what is known of each switch, in the order of the switches; the setting for track is last."""
    return _Inference(probe, seen).readings()


class _Inference:
    def __init__(self, probe: Probe, seen: Seen) -> None:
        self._probe, self._seen = probe, seen
        self._left = dict(_VALUES)
        self._evidence: dict[str, list[Evidence]] = {name: [] for name in _VALUES}
        self._missing: dict[str, int] = {}  # switch -> the first event that says nothing about it

    def readings(self) -> list[Reading]:
        odd = set()
        for look in looks(self._probe.ids):
            missing = next((number for number in look.events if self._is_missing(number)), None)
            if missing is not None:
                self._missing.setdefault(look.about, missing)
                continue
            evidence = self._at(look)
            self._evidence[look.about].append(evidence)
            left = tuple(value for value in self._left[look.about] if value in evidence.fits)
            if not left or look.about in odd:  # of what contradicts itself, the others take nothing
                odd.add(look.about)
                left = _VALUES[look.about]
            self._left[look.about] = left
        return [self._reading(name, is_odd=name in odd) for name in _VALUES]

    def _is_missing(self, event: int) -> bool:
        """Whether an event did not come to Pendo, or was refused, which no reading explains."""
        taken = self._seen.taken.get(event)
        return taken is None or (not taken and event in EXPECTED)

    def _at(self, look: Look) -> Evidence:
        saw = look.see(self._seen)
        others = [*product(*(self._left[name] for name in look.also))]
        fits = tuple(
            value
            for value in _VALUES[look.about]
            if any(
                look.see(self._with({look.about: value, **dict(zip(look.also, values, strict=True))})) == saw
                for values in others
            )
        )
        return Evidence(look.says, look.events, saw, fits)

    def _with(self, values: dict[str, str]) -> Seen:
        """Return what would be seen with these values; nothing else changes what is looked at."""
        track = values.get(TRACK) != "off"
        chosen: dict[str, Any] = {name: value for name, value in values.items() if name != TRACK}
        return predicted(self._probe, replace(DEFAULT, **chosen), track=track)

    def _reading(self, name: str, *, is_odd: bool) -> Reading:
        left, evidence = self._left[name], tuple(self._evidence[name])
        why = ""
        if is_odd:
            left, why = (), _NO_READING
        elif name in HIDDEN_FROM_IT:
            why = HIDDEN_FROM_IT[name]
        elif len(left) > 1 and name in self._missing:
            why = f"event {self._missing[name]} was not taken; read its status in the result"
        elif len(left) > 1:
            why = self._why(name, left, evidence)
        return Reading(name, left, evidence, why)

    def _why(self, name: str, left: Sequence[str], evidence: Sequence[Evidence]) -> str:
        reasons = [*self._reasons(name, evidence)]
        rest = f": {'; '.join(reasons)}" if reasons else ""
        return f"what came back is the same with {' and '.join(left)}{rest}"

    def _reasons(self, name: str, evidence: Sequence[Evidence]) -> Iterator[str]:
        if name in {"null", "empty"} and self._left["absent_traits"] == ("removed",):
            yield "a field that a call leaves out is removed, too (absent_traits=removed)"
        if name == "same_key":
            yield "no two keys became the same"
        if name == "other_types":
            yield "a visitor without an event is not shown, and an event makes the visitor by itself"
        elif any(look.saw == ABSENT for look in evidence) and self._left[TRACK] == ("off",):
            yield "a visitor without an event is not shown, and Pendo takes no track calls here"

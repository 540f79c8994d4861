"""What to put right first: each code with its text, by the number of calls that it costs."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from segment_pendo.base.json_path import json_path, lies_in
from segment_pendo.base.prose import printable
from segment_pendo.explain.telling.call_line import CHOSEN
from segment_pendo.pendo.across import ONCE
from segment_pendo.words import Attempt, Finding, Judged

__all__ = ["Cost", "Costs", "Subject"]

_MOST_NAMES: Final = 3  # of a code
# Pendo documents nothing for them, so nobody has anything to put right (README: what is mapped).
_BY_DESIGN: Final = frozenset({"page", "screen", "alias"})
# Of all others `why` says Yes: what they are about is in Pendo, only not as somebody meant it.
_TOLD_BY_WHY: Final = frozenset(
    {"ID_INVALID", "ID_PLACEHOLDER", "KEY_LOST", "NESTED_IGNORED", "TRACK_TOO_OLD"}
)
_LONGEST: Final = 60  # of an id or a name that a command can have


class Subject(NamedTuple):
    """Whom to ask about: a user or, as `is_group`, an account; and the trait, if it is about one."""

    id: str
    trait: str | None
    is_group: bool


@dataclass(slots=True)
class Cost:
    """A code: how many calls have it, what it means, and the first that it is about.

    `is_loss`: the calls, or some of their traits, do not get to Pendo against somebody's will. `names`: the
    first traits; `others`: whether there are more. `reason`: why a call was skipped, or ''. `is_answer`: it
    is no code but what became of a delivery. `once`: later calls have it too, but only the first one tells.
    `is_error`: it is no mere warning; `told_by_why`: `why` of its subject says it.
    """

    code: str
    text: str
    is_loss: bool
    calls: int = 0
    names: list[str] = field(default_factory=list)
    others: bool = False
    subject: Subject | None = None
    reason: str = ""
    is_answer: bool = False
    once: bool = False
    is_error: bool = True
    told_by_why: bool = False


class Costs:
    """Counts the codes of calls."""

    def __init__(self) -> None:
        self._costs: dict[str, Cost] = {}
        self._infos: dict[str, int] = {}

    def call(self, judged: Judged) -> None:
        """Count the codes of a call; each of them once."""
        skipped = judged.skipped
        if skipped is not None and _is_by_design(judged):
            self._infos[skipped.code] = self._infos.get(skipped.code, 0) + 1
        elif skipped is not None:
            cost = self._cost(skipped.code, printable(skipped.reason), is_loss=skipped.code not in CHOSEN)
            cost.reason = skipped.reason
            cost.told_by_why = cost.is_loss
            cost.calls += 1
            cost.subject = cost.subject or _subject(judged, None)
        counted: set[str] = set()
        for finding in judged.findings:
            is_new = finding.code not in counted
            counted.add(finding.code)
            if finding.level == "info":
                self._infos[finding.code] = self._infos.get(finding.code, 0) + is_new
            else:
                self._finding(judged, finding, is_new=is_new)

    def given_up(self, attempt: Attempt) -> None:
        """Count a webhook that was not delivered."""
        what = "no answer" if attempt.status is None else f"answer {attempt.status}"
        cost = self._cost(what, printable(attempt.detail), is_loss=True)
        cost.is_answer = True
        cost.calls += 1

    def first(self) -> list[Cost]:
        """Return all codes but those of level info: losses first, errors before warnings,
        then the one that most calls have."""
        return sorted(self._costs.values(), key=_rank)

    def infos(self) -> dict[str, int]:
        """Return how many calls have which code of level info."""
        return self._infos

    def _cost(self, code: str, text: str, *, is_loss: bool) -> Cost:
        return self._costs.setdefault(code, Cost(code, text, is_loss))

    def _finding(self, judged: Judged, finding: Finding, *, is_new: bool) -> None:
        cost = self._cost(finding.code, printable(finding.message), is_loss=True)
        cost.once = finding.code in ONCE
        cost.is_error = finding.level == "error"
        cost.told_by_why = finding.code in _TOLD_BY_WHY
        cost.calls += is_new
        if cost.others:
            return
        trait = _trait(judged, finding.path)
        cost.subject = cost.subject or _subject(judged, trait)
        if trait is not None and trait not in cost.names:
            cost.others = len(cost.names) == _MOST_NAMES
            cost.names += [] if cost.others else [trait]


def _rank(cost: Cost) -> tuple[bool, bool, int]:
    return not cost.is_loss, not cost.is_error, -cost.calls


def _is_by_design(judged: Judged) -> bool:
    """Whether a call is of a type that no destination for Pendo selects by itself."""
    skipped = judged.skipped
    return skipped is not None and skipped.code == "NO_MATCHING_MAPPING" and judged.call.type in _BY_DESIGN


def _subject(judged: Judged, trait: str | None) -> Subject | None:
    """Return whom to ask about a call, or None where a command line cannot well name it."""
    is_group = judged.call.type == "group"
    name = judged.call.member("groupId" if is_group else "userId")
    words = [name, *([trait] if trait is not None else [])]
    if not all(isinstance(word, str) and _can_be_typed(word) for word in words):
        return None
    return Subject(str(name), trait, is_group)


def _can_be_typed(word: str) -> bool:
    return 0 < len(word) <= _LONGEST and word.isprintable()


def _trait(judged: Judged, path: str) -> str | None:
    """Return the trait in which a JSON path lies, or None."""
    traits = judged.call.member("traits")
    if not isinstance(traits, dict) or not path.startswith("$.traits"):
        return None
    return next((name for name in traits if lies_in(path, json_path("traits", name))), None)

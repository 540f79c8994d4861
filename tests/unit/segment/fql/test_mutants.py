"""Wrong rules about triggers, each of which one could believe. The kept verdicts find every one of them."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fql_oracle import Case, Rule, differing, event, ours

from segment_pendo.base.javascript.members import member
from segment_pendo.base.javascript.values import UNDEFINED
from segment_pendo.segment.fql import place
from segment_pendo.segment.fql.condition import OPERATORS, Condition, Group, Part
from segment_pendo.segment.fql.trigger import compiled

type Test = Callable[[Any, Condition], bool]


def rewriting(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Rule:
    """A rule that reads another trigger than the one that is written."""
    return lambda case: ours(Case(re.sub(pattern, new, case.trigger), case.event))


def _without_empty(part: Part) -> Part:
    if not isinstance(part, Group):
        return part
    return replace(part, parts=tuple(one for one in map(_without_empty, part.parts) if one is not None))


def passing_empty(case: Case) -> str:
    trigger = compiled(case.trigger)
    root = _without_empty(trigger._root)
    return replace(trigger, _root=root).outcome(event(case)) if isinstance(root, Group) else "error"


def negating(case: Case) -> str:
    whole = re.fullmatch(r"!\((.*)\)", case.trigger)
    outcome = ours(case)
    return {"true": "false", "false": "true"}.get(outcome, outcome) if whole else outcome


RULES: dict[str, Rule] = {
    "AND and OR count in capitals": rewriting(r"\b(AND|OR)\b", lambda match: match[0].lower()),
    "a blank may be missing behind !=": rewriting(r'!="', '!= "'),
    "a text may stand in single quotes": rewriting(r"'([^'\"]*)'", r'"\1"'),
    "match without a star is =": rewriting(r'match\(([^,]+), "([^"*]*)"\)', r'\1 = "\2"'),
    "a carriage return is white space": rewriting(r"\r", " "),
    "the end of a trigger is not lost": lambda case: ours(Case(case.trigger + " ", case.event)),
    "groupId can be compared": rewriting("groupId", "userId"),
    "an empty trigger selects everything": lambda case: ours(case) if case.trigger.strip() else "true",
    "empty parentheses are passed over": passing_empty,
    "! negates parentheses": negating,
    "parentheses may stand inside others": rewriting(r"\(([^()]*)\(([^()]*)\)\)", r"(\1\2)"),
    "back quotes are taken off": rewriting("`", ""),
    "case does not count": lambda case: ours(Case(case.trigger.lower(), case.event.lower())),
}


def equal(actual: Any, condition: Condition) -> bool:
    return str(actual) == condition.text


def either(name: str, also: Callable[[Any], bool]) -> Test:
    right = OPERATORS[name]
    return lambda actual, condition: also(actual) or right(actual, condition)


def both(name: str, only: Callable[[Any], bool]) -> Test:
    right = OPERATORS[name]
    return lambda actual, condition: only(actual) and right(actual, condition)


def is_nothing(actual: Any) -> bool:
    return actual is None or actual is UNDEFINED


def is_text(actual: Any) -> bool:
    return isinstance(actual, str)


OPERATOR_MUTANTS: dict[str, tuple[str, Test]] = {
    'a text equals a number: = "5" and 5': ("=", equal),
    'a number equals a text: = 5 and "5"': ("number_equals", equal),
    "!= needs something": ("!=", both("!=", lambda actual: not is_nothing(actual))),
    "!= needs a text": ("!=", both("!=", is_text)),
    "!= and a number holds where nothing is": ("number_not_equals", either("number_not_equals", is_nothing)),
    "!contains holds where nothing is": ("not_contains", either("not_contains", is_nothing)),
    "!match holds where nothing is": ("not_starts_with", either("not_starts_with", is_nothing)),
    "null exists": ("exists", either("exists", lambda actual: actual is None)),
    "true is any true value": ("is_true", lambda actual, _: actual is not UNDEFINED and bool(actual)),
    "the text true is true": ("is_true", either("is_true", lambda actual: actual == "true")),
    "a text may be searched for nothing": ("contains", lambda actual, one: bool(one.text) and is_text(actual)
                                           and one.text in actual),
}  # fmt: skip


def own_member(value: Any, key: str) -> Any:
    own = key in value if isinstance(value, dict) else key == "length" or key.isdigit()
    return member(value, key) if own else UNDEFINED


@pytest.mark.parametrize("name", RULES)
def test_a_wrong_rule_is_found(name: str) -> None:
    assert differing(RULES[name])


@pytest.mark.parametrize("name", OPERATOR_MUTANTS)
def test_a_wrong_operator_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OPERATORS, *OPERATOR_MUTANTS[name])
    assert differing(ours)


def test_a_value_that_inherits_nothing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "member", own_member)
    assert differing(ours)


def test_a_path_that_ends_at_an_empty_value_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "is_truthy", lambda value: not is_nothing(value))
    assert differing(ours)

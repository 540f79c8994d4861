"""Triggers: the outcome that Segment's published code gives, and why an event is not selected."""

from collections import Counter
from time import process_time
from typing import Any

import pytest
from fql_grammar import LIMITS, hostile
from fql_oracle import differing, kept, ours

from segment_pendo.segment.fql.trigger import compiled

EVENT: Any = {
    "type": "identify",
    "event": "Signed Up",
    "userId": "u",
    "traits": {"plan": "free", "n": 5, "big": 10**400, "none": None, "list": [1], "of": {}, "yes": True},
}


def test_the_same_outcome_as_segments_code() -> None:
    outcomes = Counter(verdict.outcome for verdict in kept())
    assert outcomes.total() == 1000
    assert min(outcomes.values()) >= 250
    assert differing(ours) == []


@pytest.mark.parametrize(
    ("trigger", "why"),
    [
        ('type = "track"', 'type = "track" fails: type is "identify".'),
        (
            'type = "track" and traits.plan = "pro" and traits.n = 5',
            'type = "track" fails: type is "identify"; traits.plan = "pro" fails: traits.plan is "free".',
        ),
        ("traits.x != null", "traits.x != null fails: traits.x is absent."),
        ('traits.none = "x"', 'traits.none = "x" fails: traits.none is null.'),
        ("traits.n > 5", "traits.n > 5 fails: traits.n is 5."),
        ("traits.big < 5", "traits.big < 5 fails: traits.big is Infinity."),
        ('traits.list = "1"', 'traits.list = "1" fails: traits.list is a list.'),
        ("traits.of = null", "traits.of = null fails: traits.of is an object."),
        ("traits.yes = false", "traits.yes = false fails: traits.yes is true."),
        ("traits.of.toString = null", "traits.of.toString = null fails: traits.of.toString is a function."),
        ('!contains(event, "Up")', '!contains(event, "Up") fails: event is "Signed Up".'),
        ('match(event, "*In")', 'match(event, "*In") fails: event is "Signed Up".'),
        (
            'type = "group" or (type = "identify" and traits.n = 6)',
            'type = "group" fails: type is "identify"; traits.n = 6 fails: traits.n is 5.',
        ),
        (
            'type = "a" or type = "b" or type = "c" or type = "d"',
            "; ".join(f'type = "{kind}" fails: type is "identify"' for kind in "abc") + "; and more.",
        ),
        (
            'type = "identify" and ()',
            "Segment's evaluation of the trigger throws for this event, so the mapping sends nothing.",
        ),
        ('type = "identify"', ""),
    ],
)
def test_why_names_the_conditions_that_fail_and_what_stands_there(trigger: str, why: str) -> None:
    assert compiled(trigger).why(EVENT) == why
    assert compiled(trigger).selects(EVENT) == (not why)


def test_why_of_a_trigger_that_cannot_be_read_is_its_error() -> None:
    trigger = compiled("type = `track`")
    assert trigger.why(EVENT) == trigger.error != ""
    assert not trigger.selects(EVENT)


def test_long_values_and_control_characters_are_cut_and_spelled_out() -> None:
    why = compiled('event = "' + "x" * 99_000 + '"').why({"event": "\x1b[2J" + "y" * 99_000})
    assert len(why) < 250
    assert why.isprintable()


def test_an_event_that_throws_is_an_error_only_where_segment_gets_there() -> None:
    trigger = compiled('type = "identify" and ()')
    assert trigger.error is None
    assert [trigger.outcome({"type": kind}) for kind in ("identify", "track")] == ["error", "false"]


@pytest.mark.parametrize(
    "trigger", [*hostile(100_000)[:5], *hostile(20_000), *LIMITS], ids=lambda text: ascii(text[:20])
)
def test_a_hostile_trigger_is_read_in_time_and_told_briefly(trigger: str) -> None:
    start = process_time()
    read = compiled(trigger)
    read.outcome(EVENT)
    told = [read.error or "", read.why(EVENT), *(finding.message for finding in read.findings)]
    assert process_time() - start < 10  # quadratic, it would be minutes
    assert len(read.findings) <= 22
    assert all(len(text) < 1000 and text.isprintable() for text in told)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"type": None, "traits": None, "properties": 5, "context": "x"},
        {"traits": {"__proto__": {"a": float("nan")}, "\ud83d": ["\ude00"]}, "userId": 10**400},
        {"traits": []},
    ],
)
def test_any_event_has_an_outcome_and_a_reason(data: Any) -> None:
    for verdict in kept()[::5]:
        trigger = compiled(verdict.case.trigger)
        assert bool(trigger.why(data)) == (trigger.outcome(data) != "true")

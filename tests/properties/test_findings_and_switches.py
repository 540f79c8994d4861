"""No finding names a rule that a switch made void: whatever is assumed of Pendo, what a finding says is what
the effect does.
"""

from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import any_json

from segment_pendo.base.json_path import json_path
from segment_pendo.base.switch import changed, table
from segment_pendo.pendo import findings
from segment_pendo.pendo.across import Across
from segment_pendo.pendo.effect import Effect, effect
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Finding

PAIRS = [f"{switch.name}={value}" for switch in table(PendoSwitches) for value in switch.values]
LONG = "a" * 128
type Events = list[dict[str, Any]]
some_switches = st.fixed_dictionaries(
    {}, optional={one.name: st.sampled_from(list(one.values)) for one in table(PendoSwitches)}
).map(lambda chosen: PendoSwitches(**chosen))
ids = st.sampled_from(
    [
        "u",
        "U",
        LONG + "1",
        LONG + "2",
        "  ",
        "::",
        "",
        7,
        True,
        None,
        "VISITOR-UNIQUE-ID",
        "ACCOUNT-UNIQUE-ID",
    ]
)
names = st.sampled_from(["plan", "Plan", "a", "a_b", "parentAccount", "createdAt"])
values: Any = st.sampled_from([None, "", 1, "x", {"b": 1}, ["x"], [{}], {"B": None}, []]) | any_json


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["identify", "group", "track", "page"]))
    event: dict[str, Any] = {
        "type": kind,
        "userId": draw(ids),
        "anonymousId": draw(st.sampled_from(["anon", "", None])),
    }
    event |= {"groupId": draw(ids), "traits": draw(st.dictionaries(names, values, max_size=4))}
    if draw(st.booleans()):
        event["context"] = {"groupId": draw(ids)}
    return event | ({"event": "e", "properties": {"groupId": draw(ids)}} if kind == "track" else {})


def is_lost(finding: Finding, made: Effect) -> bool:
    """Whether the trait at the finding's path is no field of Pendo's."""
    return [one.name for one in made.fields if json_path("traits", *one.path) == finding.path] == [None]


def is_kept_as_sent(finding: Finding, made: Effect) -> bool:
    return made.nothing is not None or any(
        json_path("traits", *one.path) == finding.path and not one.removes for one in made.fields
    )


def id_of(finding: Finding, made: Effect) -> str | None:
    return made.visitor_id if finding.path == "$.userId" else made.account_id


# What the effect must be where a finding of this code is told; the event and the switches say the rest.
SAYS: Final[dict[str, Callable[[Finding, Effect, dict[str, Any], PendoSwitches], bool]]] = {
    "ANON_IDENTIFY": lambda _f, made, _e, _s: made.visitor_id is None,
    "ID_INVALID": lambda f, made, _e, _s: id_of(f, made) is None,
    "ID_PLACEHOLDER": lambda f, made, _e, _s: (
        ("does not take it" in f.message) == (id_of(f, made) is None) or made.nothing is not None
    ),
    "ID_TOO_LONG": lambda f, made, e, _s: f.path != "$.userId" or made.visitor_id != e["userId"],
    "ID_COLLISION": lambda _f, _m, _e, switches: switches.long_id == "cut",
    "NESTED_IGNORED": lambda f, made, _e, _s: made.nothing is not None or is_lost(f, made),
    "PARENT_ACCOUNT": lambda f, made, _e, _s: made.nothing is not None or is_lost(f, made),
    "KEY_CASE_COLLISION": lambda _f, _m, _e, switches: switches.key_case == "lower",
    "KEY_CASE_VARIANT": lambda _f, _m, _e, s: s.key_case == "lower" or s.nested != "ignored",
    "NULL_VALUE": lambda f, made, _e, _s: is_kept_as_sent(f, made),
    "EMPTY_VALUE": lambda f, made, _e, _s: is_kept_as_sent(f, made),
    "LIST_IN_SEGMENTIO": lambda f, made, e, _s: (
        made.nothing is not None
        or any(
            one.value == e["traits"][one.path[0]]
            for one in made.fields
            if json_path("traits", *one.path) == f.path
        )
    ),
    "GROUP_WITHOUT_USER": lambda _f, made, _e, switches: (
        not made.joins and switches.group_visitor == "joined"
    ),
    "GROUP_BEFORE_IDENTIFY": lambda _f, made, _e, _s: made.joins,
    "ACCOUNT_SWITCH": lambda _f, made, _e, _s: made.joins,
    "IDENTIFY_NO_ACCOUNT": lambda f, made, _e, s: (
        not made.joins
        and s.group_visitor == "joined"
        and ("does not join" not in f.message or s.identify_account == "ignored")
    ),
    "UNSUPPORTED_TYPE": lambda _f, made, _e, _s: made.nothing is not None,
}


def check(sequence: Events, switches: PendoSwitches) -> None:
    across = Across(switches)
    for event in sequence:
        made = effect(event, switches)
        told = [*findings.examine(event, switches), *across.examine(event)]
        for finding in told:
            says = SAYS.get(finding.code)
            assert says is None or says(finding, made, event, switches), (
                finding.code,
                finding.path,
                finding.message,
            )
            assert "leave the trait out to keep" not in finding.message or switches.absent_traits == "kept"


def identify(user: Any, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits}


COLLIDING: Events = [identify(LONG + "1"), identify(LONG + "2")]
BLANK: Events = [identify("  ", plan="a")]
SPELLED: Events = [identify("u", Plan="a"), identify("u", plan="a", PLAN="b")]
JOINED: Events = [
    {"type": "identify", "userId": "u", "groupId": "acme", "traits": {}},
    {"type": "group", "userId": "u", "groupId": "other"},
]
NAMELESS: Events = [
    {"type": "group", "groupId": "acme", "traits": {"a": None, "parentAccount": {}}},
    {"type": "identify", "anonymousId": "a"},
]


@pytest.mark.parametrize("pair", PAIRS)
@settings(max_examples=40)
@given(st.lists(events(), max_size=4))
@example(COLLIDING)
@example(BLANK)
@example(SPELLED)
@example(JOINED)
@example(NAMELESS)
def test_each_value_of_each_switch(pair: str, sequence: Events) -> None:
    check(sequence, changed(DEFAULT, [pair]))


@given(st.lists(events(), max_size=4), some_switches)
def test_all_of_them_together(sequence: Events, switches: PendoSwitches) -> None:
    check(sequence, switches)


@pytest.mark.parametrize(
    ("pair", "sequence", "code"),
    [
        ("long_id=kept", COLLIDING, "ID_COLLISION"),
        ("long_id=kept", COLLIDING, "ID_TOO_LONG"),
        ("id_check=none", BLANK, "ID_INVALID"),
        ("key_case=sent", SPELLED, "KEY_CASE_COLLISION"),
        ("key_case=sent", SPELLED, "KEY_CASE_VARIANT"),
        ("identify_account=joined", JOINED, "IDENTIFY_NO_ACCOUNT"),
    ],
)
def test_a_switch_takes_its_finding_away(pair: str, sequence: Events, code: str) -> None:
    def codes(switches: PendoSwitches) -> set[str]:
        across = Across(switches)
        return {
            one.code
            for event in sequence
            for one in (*findings.examine(event, switches), *across.examine(event))
        }

    assert code in codes(DEFAULT)
    assert code not in codes(changed(DEFAULT, [pair]))


def test_an_anonymous_track_is_still_told_where_identify_makes_an_anonymous_visitor() -> None:
    switches = changed(DEFAULT, ["anonymous=visitor"])
    event: Any = {"type": "track", "anonymousId": "a", "event": "e"}
    assert "ANON_IDENTIFY" in [one.code for one in findings.examine(event, switches)]


def test_an_object_in_a_list_is_still_told_where_objects_become_fields() -> None:
    switches = changed(DEFAULT, ["nested=dot"])
    told = findings.examine(identify("u", a={"b": 1}, c=[{}]), switches)
    assert [(one.code, one.path) for one in told] == [("NESTED_IGNORED", "$.traits.c[0]")]

"""The traps in a trigger's text: which, where, how bad, and what to do."""

import pytest
from fql_oracle import kept

from segment_pendo.segment.fql.codes import CODES
from segment_pendo.segment.fql.trigger import compiled

# The trigger, and the findings that it has.
TRAPS: dict[str, list[str]] = {
    'type = "identify" or type = "group"': [],
    'type = "track" and event = "Signed Up"': [],
    'type = "track" and (event = "A" or event = "B")': [],
    'match(event, "Signed*")': [],
    'contains(event, "Signed")': [],
    "traits.n >= 5": [],
    "traits.yes = true": [],
    '(contains(event, "a"))': [],
    '(type = "track" and contains(event, "a"))': [],
    "": ["TRIGGER_EMPTY"],
    " \n": ["TRIGGER_EMPTY"],
    "type": ["TRIGGER_SYNTAX"],
    "traits.n ~ 5": ["TRIGGER_SYNTAX"],
    "traits.n > 5.": ["TRIGGER_SYNTAX"],
    "traits.n > 1.2.3": ["TRIGGER_SYNTAX"],
    'event = "abc': ["TRIGGER_SYNTAX"],
    '(type = "track"': ["TRIGGER_SYNTAX"],
    'traits.plan !="pro"': ["TRIGGER_SYNTAX"],
    'event = "x"\r\n': ["TRIGGER_SYNTAX"],
    "event = x\\": ["TRIGGER_SYNTAX"],
    "contains(": ["TRIGGER_SYNTAX"],
    "traits[0] = 5": ["TRIGGER_SYNTAX"],
    '`traits.plan` = "x"': ["TRIGGER_BACK_QUOTE"],
    'traits.`my plan` = "x"': ["TRIGGER_BACK_QUOTE"],
    'event` = "x"': ["TRIGGER_BACK_QUOTE"],
    '(type = "track" and (event = "b"))': ["TRIGGER_NESTED_PARENTHESES"],
    '((type = "track"))': ["TRIGGER_NESTED_PARENTHESES"],
    'lowercase(event) = "x"': ["TRIGGER_UNKNOWN_FUNCTION"],
    'type = "track" and (length(event) > 5)': ["TRIGGER_UNKNOWN_FUNCTION"],
    'foo(type = "track")': ["TRIGGER_UNKNOWN_FUNCTION"],
    'groupId = "g"': ["TRIGGER_NO_CONDITION"],
    'contains(type, "x")': ["TRIGGER_NO_CONDITION"],
    "()": ["TRIGGER_NO_CONDITION"],
    '!(type = "track")': ["TRIGGER_NEGATION_LOST"],
    'not type = "track"': ["TRIGGER_NEGATION_LOST"],
    '!type = "track"': ["TRIGGER_NEGATION_LOST"],
    'type = "track" OR event = "x"': ["TRIGGER_CAPITALS"],
    'type = "track" AND event = "x"': ["TRIGGER_CAPITALS"],
    'type = "track" or(event = "x")': ["TRIGGER_CAPITALS"],
    'type = "track" or event = "b" and userId = "c"': ["TRIGGER_MIXED_AND_OR"],
    '(contains(event, "a") and type = "track") or userId = "c"': [
        "TRIGGER_MIXED_AND_OR",
        "TRIGGER_GROUP_CUT",
    ],
    'type = "group" or (contains(event, "a") or type = "track")': ["TRIGGER_GROUP_CUT"],
    'type = "identify" and groupId = "g"': ["TRIGGER_PART_IGNORED"],
    'groupId = "g" or groupId = "h" and type = "identify"': ["TRIGGER_PART_IGNORED", "TRIGGER_PART_IGNORED"],
    'type = "identify" and toString = "g"': ["TRIGGER_PART_IGNORED"],
    'type = "track" and contains("event", "x")': ["TRIGGER_PART_IGNORED"],
    "event = Signed Up": ["TRIGGER_PART_IGNORED"],
    'type = "track" and ()': ["TRIGGER_FAILS"],
    "traits.\\[ = 5": ["TRIGGER_FAILS"],
    "event = no": ["TRIGGER_END_LOST"],
    "traits.n=5": ["TRIGGER_SYNTAX", "TRIGGER_END_LOST"],
    'type == "track"': ["TRIGGER_PART_IGNORED", "TRIGGER_NEVER_HOLDS"],
    "traits.a <=5": ["TRIGGER_PART_IGNORED", "TRIGGER_NEVER_HOLDS"],
    "type =": ["TRIGGER_NEVER_HOLDS"],
    "type !=": ["TRIGGER_ALWAYS_HOLDS"],
    'traits.a > "abc"': ["TRIGGER_NEVER_HOLDS"],
    "traits.a = -": ["TRIGGER_NEVER_HOLDS"],
    "userId = true": ["TRIGGER_NEVER_HOLDS"],
    "userId > 5": ["TRIGGER_NEVER_HOLDS"],
    'traits.a like "x"': ["TRIGGER_NEVER_HOLDS"],
    'type = "track" and type = "identify"': ["TRIGGER_NEVER_HOLDS"],
    'traits.a = 5 and (event = "x" or event = "y") and traits.a = 6': ["TRIGGER_NEVER_HOLDS"],
    'type != "track" or type != "identify"': ["TRIGGER_ALWAYS_HOLDS"],
    'type = "Identify"': ["TRIGGER_UNKNOWN_TYPE"],
    'type != "event"': ["TRIGGER_UNKNOWN_TYPE"],
    "event = 'Signed Up'": ["TRIGGER_SINGLE_QUOTES"],
    'traits.n = "5"': ["TRIGGER_NUMBER_AS_TEXT"],
    'traits.n != "5"': ["TRIGGER_NUMBER_AS_TEXT"],
    'traits.yes = "true"': ["TRIGGER_NUMBER_AS_TEXT"],
    "event = null": ["TRIGGER_NULL_AS_TEXT"],
    "contains(event, null)": ["TRIGGER_NULL_AS_TEXT"],
    "traits.yes != true": ["TRIGGER_BOOLEAN_AS_TEXT"],
    "name = true": ["TRIGGER_BOOLEAN_AS_TEXT"],
    "traits.x != null": ["TRIGGER_EXISTS"],
    "userId = null": ["TRIGGER_EXISTS"],
    'traits.plan != "pro"': ["TRIGGER_HOLDS_WHERE_ABSENT"],
    "traits.n != 5": ["TRIGGER_FALSE_WHERE_ABSENT"],
    '!contains(event, "x")': ["TRIGGER_FALSE_WHERE_ABSENT"],
    'event.name = "x"': ["TRIGGER_PATH_IGNORED"],
    'properties = "x"': ["TRIGGER_WHOLE_OBJECT"],
    'contains(traits, "x")': ["TRIGGER_WHOLE_OBJECT"],
    'contains(traitsOf.x, "x")': ["TRIGGER_WHOLE_OBJECT"],
    'traits.constructor = "x"': ["TRIGGER_INHERITED_NAME"],
    'match(event, "Signed Up")': ["TRIGGER_MATCH"],
    'match(event, "*Signed*")': ["TRIGGER_MATCH"],
    'match(event, "^Signed.*")': ["TRIGGER_MATCH"],
    'event = "a\\nb"': ["TRIGGER_BACKSLASH"],
    " or ".join(f'groupId = "{n}" and userId = "{n}"' for n in range(30)): [
        "TRIGGER_MIXED_AND_OR",
        *["TRIGGER_PART_IGNORED"] * 19,
        "TRIGGER_MORE",
    ],
}


LOST = (
    "The ! at character 1 is lost, so what follows counts as if it were not negated: Segment negates only "
    "contains and match. Write != or !contains(...)."
)
QUOTED = (
    'traits.n = "5" at character 20 compares with a text, which the number never equals. Leave the quotes '
    "out, unless the app sends a text."
)
BACK_QUOTE = (
    "Segment cannot read this trigger, so its mapping sends nothing: a back quote at character 17. Write the "
    "path without back quotes, with a backslash before a blank."
)


@pytest.mark.parametrize("trigger", TRAPS, ids=lambda text: ascii(text[:40]))
def test_a_trigger_has_these_findings(trigger: str) -> None:
    assert [finding.code for finding in compiled(trigger).findings] == TRAPS[trigger]


def test_every_code_has_a_trap() -> None:
    assert {code for codes in TRAPS.values() for code in codes} == set(CODES)


def test_each_finding_says_where_and_what_to_do() -> None:
    triggers = [*TRAPS, *(verdict.case.trigger for verdict in kept())]
    for finding in (finding for trigger in triggers for finding in compiled(trigger).findings):
        assert finding.path == "$.trigger"
        assert finding.message.endswith("."), finding
        assert finding.message.isprintable(), finding
        assert len(finding.message) < 400, finding


def test_a_trigger_that_cannot_be_read_says_so_once() -> None:
    for trigger in TRAPS:
        read = compiled(trigger)
        assert (read.error is None) == (read.outcome({}) != "error" or "FAILS" in str(read.findings))
        if read.error is not None:
            assert read.findings[0].message == read.error
            assert read.findings[0].level == "error"


@pytest.mark.parametrize(
    ("trigger", "told"),
    [
        ('!(type = "track")', LOST),
        ('type = "track" and traits.n = "5"', QUOTED),
        ('type = "Identify"', 'type = "Identify" at character 1 names no type of call. Write identify.'),
        ('event = "x" and `x` = 1', BACK_QUOTE),
    ],
)
def test_the_words_of_a_finding(trigger: str, told: str) -> None:
    assert [finding.message for finding in compiled(trigger).findings] == [told]


@pytest.mark.parametrize(
    ("trigger", "level"),
    [
        ('type = "track" OR event = "x"', "error"),
        ('type = "track" AND event = "x"', "info"),
        ('type = "track" and (event = "x" OR event = "y") or userId = "u"', "error"),
        ('type = "track" or event = "x" OR userId = "u"', "info"),
        ('match(event, "Up?*")', "warning"),
        ('match(event, "*Up*")', "error"),
    ],
)
def test_the_level_says_how_bad_it_is(trigger: str, level: str) -> None:
    kinds = ("TRIGGER_CAPITALS", "TRIGGER_MATCH")
    assert [one.level for one in compiled(trigger).findings if one.code in kinds] == [level]

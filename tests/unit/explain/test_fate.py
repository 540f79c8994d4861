"""The fate of a call: its sentence, its fields, its effect, and what a browser would do."""

import json
from typing import Any

import pytest
from destinations import TWO, setup_of
from make_fixtures import FATES, RECEIVED, fates

from segment_pendo.explain.device_mode import compared_row, device
from segment_pendo.explain.fate import WHERE, WHERE_EVENTS, explained, fate
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.words import Attempt


def one(call: dict[str, Any], **setup: Any) -> Mapped:
    (made,) = mapped(json.dumps(call).encode(), Options(RECEIVED, Setup(**{"track": True, **setup})))
    assert isinstance(made, Mapped)
    return made


def told(call: dict[str, Any], **setup: Any) -> str:
    made = one(call, **setup)
    return fate(made.judged, made.setup)


def rows(call: dict[str, Any], **setup: Any) -> list[Any]:
    made = one(call, **setup)
    return list(explained(made.judged, made.setup)["fields"])  # type: ignore[arg-type]


SHORTER = (
    "ID_TOO_LONG at userId: the id has 130 bytes; Pendo cuts a visitor id after 128, so two long "
    "ids may become the same. Send a shorter one"
)
NAMED = (
    'KEY_SYNTAX at traits["total billed"]: Pendo stores the field but cannot use it in segments or reports; '
    "use only letters, digits and _, and no digit first"
)
CUT = "é" * 59 + "…"
SENTENCES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (
        {
            "type": "identify",
            "userId": "u-1",
            "traits": {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "address": {"city": "Brno"}},
        },
        {},
        (
            "identify u-1: delivered as visitor u-1; 6 of 7 traits become metadata; address.city does not, "
            "because Pendo "
            "ignores objects: send address_city as a trait of its own."
        ),
    ),
    (
        {"type": "identify", "userId": "u"},
        {},
        "identify u: delivered as visitor u; it has no traits, so no metadata changes.",
    ),
    (
        {"type": "identify", "userId": "u", "traits": {"a": {"b": 1, "c": 2, "d": 3, "e": 4}}},
        {},
        (
            "identify u: delivered as visitor u; no trait becomes metadata; a.b, a.c, a.d and 1 more do "
            "not, because Pendo "
            "ignores objects: send their parts as traits of their own."
        ),
    ),
    (
        {"type": "identify", "userId": "u", "traits": {"Plan": 1, "plan": 2}},
        {},
        (
            "identify u: delivered as visitor u; 1 of 2 traits becomes metadata; Plan does not, because "
            "Pendo lower-cases "
            "keys, and of equal keys only the last is kept."
        ),
    ),
    (
        {"type": "identify", "userId": "é" * 65, "traits": {"a": 1}},
        {},
        (
            f"identify {CUT}: delivered as visitor {CUT} (an ID is cut after 128 bytes); its trait a "
            f"becomes metadata; {SHORTER}."
        ),
    ),
    (
        {"type": "identify", "anonymousId": "a-1"},
        {},
        (
            "identify of anonymous a-1: delivered, but Pendo makes nothing of it, because there is no "
            "userId, which is Pendo's visitor ID; identify the user with a userId."
        ),
    ),
    (
        {"type": "identify", "anonymousId": "a-1"},
        {"pendo": PendoSwitches(anonymous="visitor")},
        (
            "identify of anonymous a-1: delivered as visitor _PENDO_T_a-1; it has no traits, so no "
            "metadata changes."
        ),
    ),
    (
        {"type": "identify", "userId": "VISITOR-UNIQUE-ID"},
        {},
        (
            "identify VISITOR-UNIQUE-ID: delivered, but Pendo makes nothing of it, because the placeholder "
            "of Pendo's "
            "install snippet does not count as an ID; send the real id."
        ),
    ),
    (
        {"type": "group", "userId": "u", "groupId": "g", "traits": {"a": 1, "total billed": 2}},
        {},
        f"group g of u: delivered as account g, joined by visitor u; both traits become metadata; {NAMED}.",
    ),
    (
        {"type": "group", "anonymousId": "a", "groupId": 7, "traits": {"a": 1}},
        {},
        (
            "group 7 of anonymous a: delivered as account 7 (a number as an ID becomes its text); no "
            "visitor joins it, "
            "because there is no userId; its trait a becomes metadata."
        ),
    ),
    (
        {"type": "group", "userId": "u", "groupId": "g"},
        {"pendo": PendoSwitches(group_visitor="ignored")},
        (
            "group g of u: delivered as account g; no visitor joins it, because group_visitor=ignored is "
            "assumed; "
            "it has no traits, so no metadata changes."
        ),
    ),
    (
        {"type": "group", "userId": "u"},
        {},
        (
            "group of u: delivered, but Pendo makes nothing of it, because there is no groupId; send the "
            "id of the account as groupId."
        ),
    ),
    (
        {"type": "track", "userId": "u", "event": "E", "properties": {"groupId": "g"}},
        {},
        "track E of u: delivered as track event E of visitor u, in account g.",
    ),
    (
        {"type": "track", "userId": "u", "event": "E"},
        {},
        (
            "track E of u: delivered as track event E of visitor u, in no account: put the account's id "
            "into properties.groupId."
        ),
    ),
    (
        {"type": "track", "userId": "u", "event": "E", "properties": {"groupId": "g"}},
        {"pendo_track": False},
        (
            "track E of u: delivered, but Pendo makes nothing of it, because the Pendo subscription does "
            "not have the setting for track calls; ask Pendo for it."
        ),
    ),
    (
        {"type": "track", "userId": "u", "event": "E"},
        {"track": False},
        (
            "track E of u: not delivered, as Pendo takes track calls only if its subscription has the "
            "setting for them; track is off here."
        ),
    ),
    (
        {"type": "page", "userId": "u"},
        {},
        "page of u: not delivered, as Pendo documents nothing for page calls from Segment, so none is sent.",
    ),
    (
        {"type": "identify"},
        {},
        (
            "identify of nobody: not delivered, as the call has neither userId nor anonymousId, so Segment "
            "drops it; send "
            "userId, which is what Pendo needs."
        ),
    ),
]


@pytest.mark.parametrize(("call", "setup", "sentence"), SENTENCES)
def test_a_fate_in_one_sentence(call: dict[str, Any], setup: dict[str, Any], sentence: str) -> None:
    assert told(call, **setup) == sentence


def test_a_value_on_its_way() -> None:
    made = {
        row["from"]: row
        for row in rows({"type": "identify", "userId": "u", "traits": {"planName": "pro", "a": {"b": 1}}})
    }
    assert made["$.traits.planName"] == {
        "from": "$.traits.planName",
        "webhook": "$.traits.planName",
        "to": "visitor segmentio.planname",
        "value": "pro",
        "rule": "pendo 3.31: Pendo lower-cases keys, and of equal keys only the last is kept",
        "grade": "Pendo's code",
    }
    assert (made["$.traits.a"]["to"], made["$.traits.a"]["grade"]) == (None, "Pendo's code")
    assert (made["$.userId"]["to"], made["$.userId"]["value"]) == ("visitor id", "u")
    made_by_segment = {
        row["webhook"] for row in rows({"type": "identify", "userId": "u"}) if row["from"] is None
    }
    assert made_by_segment >= {
        "$.receivedAt",
        "$.channel",
        "$.version",
        "$.projectId",
        "$.messageId",
        "$.timestamp",
    }


def test_what_is_assumed_says_so_and_a_switch_speaks_for_itself() -> None:
    call = {"type": "group", "userId": "u", "groupId": "g", "traits": {"n": None}}
    assumed = {row["from"]: row["grade"] for row in rows(call)}
    assert (assumed["$.userId"], assumed["$.groupId"], assumed["$.traits.n"]) == (
        "our assumption",
        "Segment's documents",
        "our assumption",
    )
    chosen = {row["from"]: row for row in rows(call, pendo=PendoSwitches(null="ignored"))}["$.traits.n"]
    assert (chosen["to"], chosen["rule"], chosen["grade"]) == (
        None,
        "assumed null=ignored: nothing",
        "assumed",
    )


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        (
            {"firstName": "Ann"},
            "; its trait firstName becomes metadata as firstname (Pendo lower-cases names)",
        ),
        ({"first": "Ann"}, "; its trait first becomes metadata."),
        (
            {"firstName": "Ann", "plan": 1},
            "; both traits become metadata; firstName as firstname (Pendo lower-cases names)",
        ),
        (
            {"A": 1, "B": [1], "C": None, "D": "", "e": True},
            "; all 5 traits become metadata; A as a, B as b, C as c and 1 more (Pendo lower-cases names)",
        ),
        (
            {"A": 1, "b": {"c": 1}},
            "; 1 of 2 traits becomes metadata; A as a (Pendo lower-cases names); b.c does",
        ),
    ],
)
def test_a_name_that_pendo_changes_is_told(traits: dict[str, Any], words: str) -> None:
    assert words in told({"type": "identify", "userId": "u", "traits": traits})


def test_where_names_are_kept_as_sent_nothing_is_told_of_them() -> None:
    call = {"type": "identify", "userId": "u", "traits": {"firstName": "Ann"}}
    sentence = told(call, pendo=PendoSwitches(key_case="sent"))
    assert sentence == "identify u: delivered as visitor u; its trait firstName becomes metadata."


def test_what_is_lost_at_segment() -> None:
    text = b'{"type":"identify","userId":"u","writeKey":"WK","traits":{"__proto__":1,"a":2}}'
    (made,) = mapped(text, Options(RECEIVED, Setup()))
    assert isinstance(made, Mapped)
    fields: Any = explained(made.judged, made.setup)["fields"]
    lost = [(row["from"], row["rule"][:4]) for row in fields if row["webhook"] is None]
    assert lost == [("$.writeKey", "S-4:"), ("$.traits.__proto__", "W-28")]


def test_the_time_that_an_app_gave_stands_in_two_places() -> None:
    lines = rows({"type": "identify", "userId": "u", "timestamp": "2024-05-09T10:00:00Z"})
    assert [line["webhook"] for line in lines if line["from"] == "$.timestamp"] == [
        "$.timestamp",
        "$.originalTimestamp",
    ]


@pytest.mark.parametrize(
    ("call", "holder"),
    [
        ({"type": "identify", "userId": "u", "traits": {}}, "traits"),
        ({"type": "track", "userId": "u", "event": "E", "properties": {}}, "properties"),
    ],
)
def test_nothing_is_lost_of_what_is_empty(call: dict[str, Any], holder: str) -> None:
    assert all(row["from"] != f"$.{holder}" for row in rows(call))
    call[holder]["a"] = 1
    assert [row["to"] for row in rows(call) if row["from"] == f"$.{holder}.a"] != [None]


def test_the_properties_of_an_event_that_is_lost_name_why() -> None:
    call = {"type": "track", "userId": "u", "event": "E", "properties": {"a": 1}}
    made = rows({**call, "timestamp": "2001-01-01T00:00:00Z"})
    reasons = {row["from"]: row["rule"] for row in made if row["from"] in {"$.event", "$.properties"}}
    assert len(set(reasons.values())) == 1
    assert len(reasons) == 2
    assert "seven days" in reasons["$.event"]


@pytest.mark.parametrize(
    ("traits", "words"),
    [
        ({"list": [{"a": 1}]}, "its trait list becomes metadata in part; list[0].a does not"),
        (
            {"list": [{"a": 1}, 2], "b": 1},
            "both traits become metadata, list only in part; list[0].a does not",
        ),
        ({"list": [{"a": 1}], "b": {"c": 1}}, "1 of 2 traits becomes metadata, list only in part; "),
        ({"list": [1], "b": 1}, "both traits become metadata."),
    ],
)
def test_a_list_that_loses_its_objects_arrives_in_part(traits: dict[str, Any], words: str) -> None:
    assert words in told({"type": "identify", "userId": "u", "traits": traits})


def test_where_to_look_for_an_event() -> None:
    made = one({"type": "track", "userId": "u", "event": "E"})
    assert str(explained(made.judged, made.setup)["fate"]).endswith(f" {WHERE_EVENTS}")


def test_an_id_of_a_call_without_effect_makes_no_record() -> None:
    (row,) = [
        row for row in rows({"type": "group", "userId": "v", "traits": {"p": 1}}) if row["from"] == "$.userId"
    ]
    assert (row["to"], row["value"], row["rule"]) == (None, "v", "pendo 1.54: there is no groupId")


def test_the_effect() -> None:
    made = one({"type": "group", "userId": "u", "groupId": 7, "traits": {"A": 1, "b": {}}})
    assert explained(made.judged, made.setup)["effect"] == {
        "visitor": {"id": "u", "metadata": {}},
        "account": {"id": "7", "metadata": {"a": 1}},
    }
    skipped = one({"type": "page", "userId": "u"})
    said = explained(skipped.judged, skipped.setup)
    stages = said.pop("stages")
    assert isinstance(stages, list)
    assert [stage["stage"] for stage in stages] == ["ingest", "integrations", "trigger"]  # type: ignore[index, call-overload]
    assert said == {
        "mapping": None,
        "fate": fate(skipped.judged, skipped.setup),
        "fields": [],
        "effect": {"visitor": None, "account": None},
    }


# --- ten sentences on what real SDKs sent ---


def test_the_fates_of_captured_calls() -> None:
    golden = json.loads(FATES.read_text("utf-8"))
    assert len(golden) == 10
    assert golden == fates()


# --- a destination of several stages ---


def test_what_a_stage_put_there_names_the_stage() -> None:
    setup = setup_of(TWO)
    call = {"type": "identify", "userId": "u", "traits": {"plan": "pro"}}
    _, plan = mapped(json.dumps(call).encode(), Options(RECEIVED, setup))
    assert isinstance(plan, Mapped)
    fields: Any = explained(plan.judged, plan.setup)["fields"]
    of = {field["webhook"]: (field["from"], field.get("by")) for field in fields}
    assert of["$.userId"] == (None, "the mapping")
    assert of["$.traits.plan"] == ("$.traits.plan", None)


# --- device mode ---

PARENT = {"parentAccount": {"id": "umbrella"}, "name": "I"}
DEVICES: list[tuple[dict[str, Any], str, tuple[bool, str | None, str | None]]] = [
    ({"type": "identify", "userId": "u"}, "actions", (True, "u", None)),
    ({"type": "identify", "userId": "u", "traits": {"id": "7"}}, "actions", (True, "u", None)),
    (
        {"type": "identify", "userId": "u", "context": {"groupId": "c"}, "groupId": "g"},
        "actions",
        (True, "u", "c"),
    ),
    ({"type": "identify", "userId": "u", "groupId": "g"}, "actions", (True, "u", "g")),
    ({"type": "identify", "anonymousId": "a"}, "actions", (False, None, None)),
    ({"type": "identify", "anonymousId": "a"}, "classic", (True, "_PENDO_T_a", None)),
    ({"type": "identify", "anonymousId": "a", "traits": {"id": "7"}}, "classic", (True, "7", None)),
    ({"type": "group", "userId": "u", "groupId": "g"}, "actions", (True, "u", "g")),
    (
        {"type": "group", "userId": "u", "groupId": "g", "traits": PARENT},
        "actions",
        (True, "u", "umbrella::g"),
    ),
    ({"type": "group", "userId": "u", "groupId": "a::g", "traits": PARENT}, "actions", (True, "u", "a::g")),
    (
        {"type": "group", "userId": "u", "groupId": "g", "traits": {"PARENTACCOUNT": {"id": "p"}}},
        "actions",
        (True, "u", "g"),
    ),
    (
        {"type": "group", "userId": "u", "groupId": "g", "traits": {"PARENTACCOUNT": {"id": "p"}}},
        "classic",
        (True, "u", "p::g"),
    ),
    ({"type": "group", "anonymousId": "a", "groupId": "g"}, "actions", (False, None, None)),
    ({"type": "group", "userId": "u"}, "actions", (False, None, None)),
    ({"type": "group", "anonymousId": "a", "groupId": "g"}, "classic", (True, "_PENDO_T_a", "g")),
    (
        {"type": "group", "anonymousId": "a", "groupId": "g", "traits": {"id": "7"}},
        "classic",
        (True, "_PENDO_T_a", "g"),
    ),
    ({"type": "group", "userId": "u", "traits": {"id": "7"}}, "classic", (True, "u", "7")),
    (
        {"type": "group", "userId": "u", "groupId": "g", "traits": {"parent_account": {"id": "p"}}},
        "classic",
        (True, "u", "p::g"),
    ),
    ({"type": "track", "userId": "u", "event": "E"}, "actions", (True, "u", None)),
    ({"type": "track", "userId": "u", "event": "E"}, "classic", (False, None, None)),
    ({"type": "page", "userId": "u"}, "actions", (False, None, None)),
]


@pytest.mark.parametrize(("call", "destination", "expected"), DEVICES)
def test_what_a_browser_destination_does(
    call: dict[str, Any], destination: str, expected: tuple[bool, str | None, str | None]
) -> None:
    made = device(call, call["type"], destination)
    assert (made.sent, made.visitor, made.account) == expected
    assert bool(made.why) is not made.sent


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ({"type": "identify", "userId": "u"}, []),
        (
            {"type": "identify", "userId": "u", "context": {"groupId": "c"}},
            ["into account c, the webhook does not"],
        ),
        ({"type": "identify", "userId": "x" * 130}, []),  # Pendo cuts it either way
        (
            {"type": "identify", "userId": "VISITOR-UNIQUE-ID"},
            ["makes an anonymous visitor of the agent's own, the webhook makes none"] * 2,
        ),
        ({"type": "identify", "anonymousId": "a"}, ["makes visitor _PENDO_T_a, the webhook makes none"]),
        (
            {"type": "group", "userId": "u", "groupId": "g", "traits": PARENT},
            ["Two accounts: umbrella::g", "Two accounts: umbrella::g"],
        ),
        ({"type": "group", "anonymousId": "a", "groupId": "g"}, ["does not: it needs a userId"]),
        ({"type": "track", "userId": "u", "event": "E"}, ["would count twice"]),
        ({"type": "page", "userId": "u"}, []),
    ],
)
def test_where_records_split_in_two(call: dict[str, Any], words: list[str]) -> None:
    made = one(call)
    row: Any = compared_row(made.judged, made.setup)
    assert len(row["device"]["splits"]) == len(words)
    for sentence, word in zip(row["device"]["splits"], words, strict=True):
        assert word in sentence


def test_findings_follow_the_reading_that_was_chosen() -> None:
    call = {"type": "identify", "userId": "u", "traits": {"a": {"b": 1}}}
    assert "NESTED_IGNORED" in [finding.code for finding in one(call).judged.findings]
    assert "NESTED_IGNORED" not in [
        finding.code for finding in one(call, pendo=PendoSwitches(nested="dot")).judged.findings
    ]


def test_every_number_that_changes_is_named_with_its_rule() -> None:
    big = 12345678901234567890
    call = {
        "type": "identify",
        "userId": "u",
        "traits": {"n": big, "l": [1, big], "nested": {"n": big}, "small": 1, "n2": 2},
    }
    sentence = told(call)
    assert all(f"traits.{place}" in sentence for place in ("n", "l[1]", "nested.n"))
    rules = {row["from"]: row["rule"].partition(":")[0] for row in rows(call)}
    changed = {path for path, rule in rules.items() if rule == "W-28"}
    assert changed == {"$.traits.n", "$.traits.l"}
    assert rules["$.traits.nested"] == "pendo 3.20"  # it is lost, which matters more
    track = {"type": "track", "userId": "u", "event": "e", "properties": {"n": big, "small": 1}}
    assert [row["from"] for row in rows(track) if row["rule"].startswith("W-28")] == ["$.properties.n"]


@pytest.mark.parametrize(("id", "shown"), [(" u1", '" u1"'), ("u1\t", '"u1\\x09"'), ("u1", "u1;")])
def test_white_space_around_an_id_can_be_seen(id: str, shown: str) -> None:
    sentence = told({"type": "group", "userId": id, "groupId": " g ", "traits": {}})
    assert f"joined by visitor {shown}" in sentence
    assert 'delivered as account " g "' in sentence


REFUSED = "data.pendo.io answered 403; Segment would not try again"
LATER = "data.pendo.io answered 503; tried again in 2 s"
AT_403 = "data.pendo.io answered 403 at 10:00:01 UTC, Segment would not try again"
AT_503 = "data.pendo.io answered 503 at 10:00:01 UTC, tried again in 2 s"
SILENT = (
    "no answer from data.pendo.io within 10 s, so it may have been taken; given up after 2 attempts in 30 s"
)


@pytest.mark.parametrize(
    ("attempts", "says"),
    [
        (
            [(403, REFUSED, "dead")],
            f"not delivered: {AT_403}; Pendo has nothing of this call.",
        ),
        (
            [(503, LATER, "waiting")],
            f"not delivered yet: {AT_503}; Pendo has nothing of this call yet.",
        ),
        (
            [(None, SILENT, "waiting"), (403, REFUSED, "dead")],
            f"not delivered: {AT_403}; whether Pendo has it is not known.",
        ),
        (
            [(503, LATER, "waiting"), (200, "", "delivered")],
            "delivered as visitor u; it has no traits, so no metadata changes.",
        ),
    ],
)
def test_a_fate_includes_the_delivery(attempts: list[tuple[int | None, str, Any]], says: str) -> None:
    made = one({"type": "identify", "userId": "u"})
    tried = [
        Attempt(number, RECEIVED.replace(hour=10, minute=0, second=1), status, detail, state)
        for number, (status, detail, state) in enumerate(attempts, 1)
    ]
    row: Any = explained(made.judged, made.setup, tried)
    assert row["fate"].removesuffix(f" {WHERE}") == f"identify u: {says}"
    arrives = attempts[-1][2] == "delivered"
    assert (row["effect"]["visitor"] is not None, WHERE in row["fate"]) == (arrives, arrives)
    assert [attempt["status"] for attempt in row["attempts"]] == [status for status, _, _ in attempts]

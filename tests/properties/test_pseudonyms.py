"""Pseudonyms: the same for the same, of the same shape, and nothing of the person left."""

import json
import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import any_json, hostile_calls

from segment_pendo import js_json
from segment_pendo.mapping import Setup, assess
from segment_pendo.pendo import ids as pendo_ids
from segment_pendo.pseudonyms import People, Rules
from segment_pendo.recorder import Recorder
from segment_pendo.strategies import calls, ids
from segment_pendo.words import SdkRequest, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
ALL = People(b"key", Rules(ids="all"))
SOME = People(b"key")
EMAIL = "zoe.quark@initech-mail.co"
PHONE = "+49 30 8675309 42"
ADDRESS = "93.184.216.34"
NAMES = "Quarkzoe Bittersweet"

persons = st.sampled_from([EMAIL, f"write to {EMAIL}!", PHONE, f"call {PHONE} now", ADDRESS, f"from {ADDRESS}."])


def planted(person: str, name: str) -> dict[str, Any]:
    return {
        "note": person,
        "inside": [{"deep": {"er": person}}, person],
        "Name": name,
        "home_address": {"x": 1},
        "address": {"street": name, "n": [name]},
    }


@given(st.text(max_size=30) | ids())
def test_the_same_value_has_the_same_pseudonym_of_the_same_length(text: str) -> None:
    made = ALL.text(text)
    assert made == ALL.text(text) == People(b"key", Rules(ids="all")).text(text)
    if "@" not in text and ":" not in text:
        assert len(made) == len(text)
        assert len(made.encode("utf-8", "surrogatepass")) == len(text.encode("utf-8", "surrogatepass"))
    assert [one.isspace() for one in made] == [one.isspace() for one in text] or "@" in text or ":" in text


@given(ids() | st.text(max_size=140), st.sampled_from(["visitor", "account"]))
def test_findings_about_ids_still_hold(value: str, kind: Any) -> None:
    made = ALL.text(value)
    before = [finding.code for finding in pendo_ids.examine(value, kind, "$")]
    after = [finding.code for finding in pendo_ids.examine(made, kind, "$")]
    assert set(before) - {"ID_TOO_LONG"} == set(after) - {"ID_TOO_LONG"}
    if "@" not in value:
        assert before == after


@given(st.sampled_from([EMAIL, "ann@b.co", "Ann", "u-17", "7b1c2d3e-0000-4111-8222-333344445555"]))
def test_spellings_that_differ_in_case_still_do(value: str) -> None:
    upper = value.upper()
    assert (ALL.text(upper) == ALL.text(value)) == (upper == value)
    assert ALL.text(upper).casefold() == ALL.text(value).casefold()


def test_shapes() -> None:
    assert re.fullmatch(r"p[0-9a-f]{10}@example\.com", SOME.text(EMAIL))
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}", ALL.text("7b1c2d3e-0000-4111-8222-333344445555"))
    assert re.fullmatch(r"\+\d\d \d\d \d{7} \d\d", SOME.text(PHONE))
    assert re.fullmatch(r"198\.1[89]\.\d+\.\d+", SOME.text(ADDRESS))
    assert SOME.text("2a00:1450:4001:82a::200e").startswith("2001:db8:")
    assert ALL.value(1234567) != 1234567
    assert len(str(ALL.value(1234567))) == 7
    assert ALL.text("_PENDO_T_abc").startswith("_PENDO_T_")
    for stays in ("", " ", "null", "VISITOR-UNIQUE-ID", "127.0.0.1", "10.0.0.1", True, None):
        assert ALL.value(stays) == stays
    assert People(b"other").text(EMAIL) != SOME.text(EMAIL)
    assert People(b"other").fingerprint != SOME.fingerprint


@given(calls(), persons, st.sampled_from(["traits", "properties", "context"]))
def test_nothing_of_a_planted_person_is_left(call: dict[str, Any], person: str, where: str) -> None:
    call = {**call, where: planted(person, NAMES), "userId": EMAIL}
    text = json.dumps(SOME.call(call))
    for part in ("quark", "initech", "8675309", "184.216", "Bittersweet", "Quarkzoe"):
        assert part not in text
    cleaned: Any = SOME.call(call)
    assert cleaned["userId"] == cleaned[where]["note"] or person != EMAIL, "joins still hold"
    assert cleaned[where]["home_address"] == {"x": 1}


@given(hostile_calls | any_json)
def test_any_call_can_be_redacted_and_only_values_change(call: Any) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: shape(inner) for key, inner in value.items()}
        return [shape(inner) for inner in value] if isinstance(value, list) else type(value)

    for people in (SOME, ALL, People(b"k", Rules(allow_list=True))):
        assert shape(people.call(call)) == shape(call)


@given(st.lists(calls(), min_size=1, max_size=3))
def test_redaction_and_mapping_may_change_places(items: list[dict[str, Any]]) -> None:
    def bodies(batch: Any) -> list[Any]:
        request = SdkRequest("POST", "/v1/batch", body=js_json.keep(batch))
        judged = assess(request, id="r", at=AT, setup=Setup(track=True)).judged
        return [json.loads(one.outcome.body) for one in judged if isinstance(one.outcome, Webhook)]

    batch: Any = {"batch": [{**item, "messageId": f"m-{number}"} for number, item in enumerate(items)]}
    first = bodies({"batch": [ALL.call(item) for item in batch["batch"]]})
    last = [ALL.call(body) for body in bodies(batch)]
    assert first == json.loads(js_json.write(last))


def test_the_settings_are_obeyed() -> None:
    call: Any = {
        "type": "identify",
        "userId": "u-1",
        "groupId": "g-1",
        "traits": {"name": "Ann", "plan": "pro", "pet": "Rex", "accountId": "g-1"},
    }
    kept: Any = People(b"k", Rules(keep=frozenset({"name"}))).call(call)
    assert kept["traits"] == call["traits"]
    more: Any = People(b"k", Rules(replace=frozenset({"pet"}))).call(call)
    assert (more["traits"]["pet"] != "Rex", more["traits"]["plan"]) == (True, "pro")
    listed: Any = People(b"k", Rules(allow_list=True, keep=frozenset({"plan"}))).call(call)
    assert (listed["traits"]["plan"], listed["traits"]["pet"] != "Rex", listed["userId"]) == ("pro", True, "u-1")
    users: Any = People(b"k", Rules(ids="users")).call(call)
    assert (users["userId"] != "u-1", users["groupId"]) == (True, "g-1")
    every: Any = People(b"k", Rules(ids="all")).call(call)
    assert (every["userId"] != "u-1", every["groupId"] != "g-1") == (True, True)


@settings(max_examples=30)
@given(st.lists(calls(), min_size=1, max_size=3), persons)
def test_a_recording_of_pseudonyms_holds_no_person_and_is_kept_when_made_again(items: list[dict[str, Any]], person: str) -> None:
    body = {"batch": [{**item, "context": {"traits": planted(person, NAMES)}} for item in items], "context": {"email": EMAIL}}
    receipt = assess(SdkRequest("POST", "/v1/batch", body=json.dumps(body).encode()), id="r", at=AT, setup=Setup())
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "r.jsonl"
        texts = []
        for _ in range(2):
            recorder = Recorder(path, setup=Setup(), people=SOME)
            recorder.take(receipt)
            recorder.close()
            texts.append(path.read_text("utf-8"))
        assert texts[0] == texts[1]
        assert not re.search("quark|initech|8675309|184.216|Bittersweet|Quarkzoe", texts[0])
        assert json.loads(texts[0].split("\n")[0])["redactedWith"] == SOME.fingerprint

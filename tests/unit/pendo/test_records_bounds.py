"""The model under load and odd input: bounded memory, first types, numbers that JavaScript writes as null."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from segment_pendo.base import js_json
from segment_pendo.cli import main
from segment_pendo.explain.fate import explained
from segment_pendo.mapping.assess import judge_message
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import findings, ids
from segment_pendo.pendo.records import Records
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.words import Call, Message


def identify(user: str = "u", **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": user, "traits": traits}


def state(pendo: Records) -> Any:
    return pendo.state()


def test_the_records_changed_longest_ago_go_first() -> None:
    pendo = Records(most=3)
    for number, user in enumerate(["a", "b", "c", "a", "d"]):
        pendo.apply(identify(user), number)
    assert list(state(pendo)["visitors"]) == ["a", "c", "d"]
    assert state(pendo)["forgotten"] == 1


def test_twenty_changes_of_a_field_are_kept() -> None:
    pendo = Records()
    for number in range(30):
        pendo.apply(identify(plan=number), number, f"call {number}")
    changes = state(pendo)["visitors"]["u"]["history"]["fields"]["plan"]
    assert [one["value"] for one in changes] == list(range(10, 30))
    assert changes[-1] == {"value": 29, "at": 29, "call": "call 29"}


def test_the_first_type_and_spelling_of_a_field_stay() -> None:
    pendo = Records()
    for value in (None, 5, "five", 5.5):
        pendo.apply(identify(Seats=value), 1)
    pendo.apply(identify(seats=1), 1)
    assert state(pendo)["schema"]["visitor"]["segmentio"] == {
        "seats": {"Type": "integer", "DisplayName": "Seats", "sample": 5}
    }


def test_the_first_visit_stays_and_the_last_moves() -> None:
    pendo = Records()
    track: dict[str, Any] = {"type": "track", "userId": "u", "event": "e"}
    for now in (10, 20):
        pendo.apply(track, now)
    auto = state(pendo)["visitors"]["u"]["metadata"]["auto"]
    assert (auto["firstvisit"], auto["lastvisit"], auto["lastupdated"]) == (10, 20, 20)


def test_large_names_ids_and_properties_fill_no_memory() -> None:
    pendo = Records()
    text = "x" * 1_000_000
    tracemalloc.start()
    for number in range(150):
        pendo.apply({"type": f"{number}{text}", "messageId": f"{number}{text}"}, 1)
        pendo.apply(identify(f"user-{number}", **{f"{number}{text}": 1}), 1)
        pendo.apply({"type": "track", "userId": "u", "event": "e", "properties": {"p": f"{number}{text}"}}, 1)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 200_000_000


def test_what_is_forgotten_for_its_weight_makes_room() -> None:
    pendo = Records()
    text = "x" * 40_000_000
    pendo.apply(identify("heavy", bio=text), 1)
    pendo.apply(identify("heavier", bio=text), 2)
    assert list(state(pendo)["visitors"]) == ["heavier"]
    for user in ("a", "b"):
        pendo.apply(identify(user, bio="short"), 3)
    assert list(state(pendo)["visitors"]) == ["a", "b", "heavier"]


def test_a_visitor_has_at_most_a_thousand_accounts_here() -> None:
    pendo = Records()
    for number in range(1100):
        pendo.apply({"type": "group", "userId": "u", "groupId": f"g-{number}"}, 1)
    visitor = state(pendo)["visitors"]["u"]
    assert len(visitor["accountIds"]) == 1000
    assert visitor["metadata"]["auto"]["accountid"] == "g-1099"


HUGE = "1" + "0" * 350


@pytest.mark.parametrize("number", [HUGE, "1e400", "-1e400", "-" + HUGE])
def test_a_number_that_javascript_writes_as_null_is_null(number: str, tmp_path: Path) -> None:
    file = tmp_path / "calls.json"
    file.write_text(f'{{"type":"identify","userId":"u","traits":{{"n":{number},"l":[{number},1]}}}}', "ascii")
    for words in (
        ["explain", str(file)],
        ["state", "show", "visitor", "u", "--from", str(file), "--format", "json"],
        ["map", str(file)],
    ):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, (words, done.output)
    shown = (
        CliRunner()
        .invoke(main, ["state", "show", "visitor", "u", "--from", str(file), "--format", "json"])
        .stdout
    )
    assert json.loads(shown)["metadata"]["segmentio"] == {"n": None, "l": [None, 1]}
    value = js_json.read(number.encode()).value
    assert ids.effective(value, "account") is None
    assert [finding.code for finding in ids.examine(value, "account", "$.groupId")] == ["ID_INVALID"]
    pendo = Records()
    pendo.apply(js_json.read(file.read_bytes()).value, 1)
    assert state(pendo)["schema"]["visitor"]["segmentio"]["n"]["Type"] == ""


def test_the_words_about_a_wide_object_stay_short() -> None:
    event: dict[str, Any] = {
        "type": "identify",
        "userId": "u",
        "traits": {"k" * 100_000: {f"a{number}": 0 for number in range(5000)}},
    }
    tracemalloc.start()
    row: Any = explained(
        judge_message(Message(Call(0, "identify", event), event), ordinary=False, setup=Setup()), Setup()
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(row["fate"]) < 1000
    assert peak < 50_000_000


@pytest.mark.parametrize(
    ("timestamp", "codes"),
    [
        ("2024-05-02T10:00:00.000Z", []),
        ("2024-05-02T09:59:59.999Z", ["TRACK_TOO_OLD"]),
        ("2024-05-09T10:05:00.000Z", []),
        ("2024-05-09T10:05:00.001Z", ["TRACK_FUTURE"]),
        ("2024-05-09T10:00:00", []),
        ("junk", []),
        (5, []),
    ],
)
def test_the_age_of_an_event(timestamp: Any, codes: list[str]) -> None:
    event: dict[str, Any] = {"type": "track", "userId": "u", "event": "e", "properties": {"groupId": "g"}}
    event |= {"timestamp": timestamp, "receivedAt": "2024-05-09T10:00:00.000Z"}
    assert [finding.code for finding in findings.examine(event)] == codes
    pendo = Records()
    pendo.apply(event, 1)
    assert bool(state(pendo)["events"]) is ("TRACK_TOO_OLD" not in codes)


@pytest.mark.parametrize(
    ("name", "usable"),
    [
        ("a" * 32, True),
        ("a" * 33, False),
        ("_a", True),
        ("__a__", False),
        ("__a", True),
        ("1a", False),
        ("é", False),
    ],
)
def test_names_of_properties(name: str, usable: bool) -> None:
    event: dict[str, Any] = {
        "type": "track",
        "userId": "u",
        "event": "e",
        "properties": {"groupId": "g", name: 1},
    }
    assert [finding.code for finding in findings.examine(event)] == ([] if usable else ["PROP_NAME"])


@pytest.mark.parametrize(
    ("group", "codes"),
    [("", ["ID_INVALID", "TRACK_NO_GROUP"]), (True, ["ID_INVALID", "TRACK_NO_GROUP"]), (7, ["ID_NUMERIC"])],
)
def test_a_useless_account_of_a_track_event_is_told(group: Any, codes: list[str]) -> None:
    event: dict[str, Any] = {"type": "track", "userId": "u", "event": "e", "properties": {"groupId": group}}
    assert [finding.code for finding in findings.examine(event)] == codes


def test_account_ids_are_never_cut() -> None:
    assert ids.effective("x" * 200, "account") == "x" * 200
    assert ids.effective("x" * 200, "visitor") == "x" * 128


def test_findings_do_not_speak_against_a_chosen_reading() -> None:
    event = identify(a={"b": 1}, Plan=1, plan=2, n=None)
    assert {one.code for one in findings.examine(event)} == {
        "NESTED_IGNORED",
        "KEY_CASE_COLLISION",
        "NULL_VALUE",
    }
    assert findings.examine(event, PendoSwitches(nested="dot", key_case="sent", null="removed")) == ()

"""What a probe says where a Pendo does what no reading expects, and the file that can be shared."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import jsonschema
import pytest
from make_docs import PROBE_SCHEMA, probe_schema_text

from segment_pendo.pendo.probe import result as results
from segment_pendo.pendo.probe.inference import Reading, infer, predicted
from segment_pendo.pendo.probe.looks import HIDDEN_FROM_IT, TRACK, looks
from segment_pendo.pendo.probe.plan import FIELD, MARK, Probe, Seen
from segment_pendo.pendo.switches import DEFAULT

PROBE = Probe(f"{MARK}0123456789ab", datetime(2026, 5, 1, tzinfo=UTC))
IDS = PROBE.ids
USUAL = predicted(PROBE, DEFAULT, track=True)


def readings(answers: Seen) -> dict[str, Reading]:
    return {reading.name: reading for reading in infer(PROBE, answers)}


def with_records(change: Callable[[dict[Any, Any]], None]) -> Seen:
    records = json.loads(json.dumps([[*key, record] for key, record in USUAL.records.items()]))
    changed = {(kind, id): record for kind, id, record in records}
    change(changed)
    return replace(USUAL, records=changed)


def with_status(event: int, taken: bool | None) -> Seen:
    return replace(USUAL, taken={**USUAL.taken, event: taken})


def undecided(found: dict[str, Reading]) -> set[str]:
    return {name for name, reading in found.items() if reading.found is None} - set(HIDDEN_FROM_IT)


def test_an_ordinary_pendo_is_read_without_a_doubt() -> None:
    assert undecided(readings(USUAL)) == set()


def test_what_no_reading_explains_is_said_with_what_came_back() -> None:
    def nested_as_text(records: Any) -> None:
        for key in (("account", IDS.account), ("visitor", IDS.visitor)):
            records[key]["metadata"]["segmentio"][f"{FIELD}nested"] = '{"part":1}'

    found = readings(with_records(nested_as_text))
    assert undecided(found) == {"nested"}
    assert found["nested"].possible == ()
    assert "fits none of the readings" in found["nested"].why
    assert {json.dumps(look.saw) for look in found["nested"].evidence} == {
        json.dumps({f"{FIELD}nested": '{"part":1}'})
    }
    assert all(look.fits == () for look in found["nested"].evidence)


def test_visitors_and_accounts_that_are_read_in_two_ways_decide_nothing() -> None:
    def empty_is_removed_of_the_visitor(records: Any) -> None:
        del records["visitor", IDS.visitor]["metadata"]["segmentio"][f"{FIELD}empty"]

    found = readings(with_records(empty_is_removed_of_the_visitor))
    assert undecided(found) == {"empty"}
    assert [look.fits for look in found["empty"].evidence] == [("stored",), ("removed",)]


def test_a_contradiction_about_one_switch_leaves_the_others() -> None:
    def kept_only_of_the_account(records: Any) -> None:
        del records["visitor", IDS.visitor]["metadata"]["segmentio"][f"{FIELD}kept"]

    assert undecided(readings(with_records(kept_only_of_the_account))) == {"absent_traits"}


@pytest.mark.parametrize(
    ("event", "taken", "open_questions"),
    [
        (14, None, {"answer"}),
        (13, None, {"size_limit"}),
        (12, None, {"methods"}),
        (9, None, {"array_body"}),
        (4, False, {"repeats"}),
        (3, False, {"eventless"}),
        (6, False, {"long_id"}),
    ],
)
def test_an_event_that_was_not_taken_says_nothing(
    event: int, taken: bool | None, open_questions: set[str]
) -> None:
    found = readings(with_status(event, taken))
    assert open_questions <= undecided(found)
    for name in open_questions:
        assert f"event {event} was not taken" in found[name].why


def test_what_is_not_known_of_track_calls_is_said() -> None:
    found = readings(with_status(5, None))
    assert found[TRACK].possible == ("on", "off")
    assert undecided(found) == {TRACK}


def test_each_look_is_about_a_switch_that_changes_what_it_sees() -> None:
    for look in looks(IDS):
        seen = {
            json.dumps(look.see(predicted(PROBE, replace(DEFAULT, **{look.about: value}), track=True)))
            for value in ([] if look.about == TRACK else values(look.about))
        }
        if look.about == TRACK:
            seen = {json.dumps(look.see(predicted(PROBE, DEFAULT, track=track))) for track in (True, False)}
        elif "answer" in look.also:  # an answer says it only where Pendo is strict
            continue
        assert len(seen) > 1, look.says


def values(name: str) -> tuple[str, ...]:
    return next(reading.possible for reading in infer(PROBE, Seen({}, {})) if reading.name == name)


def test_nothing_that_came_back_leaves_every_value() -> None:
    assert all(len(reading.possible) > 1 and reading.why for reading in infer(PROBE, Seen({}, {})))


# --- the file ---


def result(answers: Seen = USUAL, secrets: tuple[str, ...] = ()) -> results.Result:
    statuses = {number: 200 if taken else 400 for number, taken in USUAL.taken.items()}
    sent = results.result_of(PROBE, statuses, "us", "segment-pendo 0")
    return results.with_readings(sent, infer(PROBE, answers), secrets)


def test_the_schema_is_current_and_describes_the_file() -> None:
    assert PROBE_SCHEMA.read_text("utf-8") == probe_schema_text(), "uv run poe docs"
    written = results.text(result())
    jsonschema.validate(json.loads(written), json.loads(probe_schema_text()))
    assert results.text(results.read(written.encode())) == written


def test_a_result_without_readings_is_the_same_probe() -> None:
    sent = results.read(results.text(results.result_of(PROBE, {1: 200, 2: 503}, "us", "x")).encode())
    assert (sent.of, sent.switches) == (PROBE, {})
    assert (sent.taken[1], sent.taken[2], sent.taken[3]) == (True, None, None)


def test_a_file_holds_no_key_and_nothing_of_a_record_but_what_the_probe_made() -> None:
    key = "0123abcd-0000-1111-2222-0123456789ab"

    def echo(records: Any) -> None:
        fields = records["account", IDS.account]["metadata"]
        fields["segmentio"] |= {f"{FIELD}list": [key], f"{FIELD}nested": "x" * 10_000, "name": "Initech"}
        fields["agent"] = {"subscription": "Initech"}

    shared = results.text(result(with_records(echo), (key,)))
    assert key not in shared
    assert "Initech" not in shared
    assert "xxxxxxxxxxxxxxxxxxxx" not in shared.replace(IDS.long, "")
    assert "there is a key in it" in shared


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"probe": "u-1"}, "probe"),
        ({"probe": f"{MARK}0123456789ab/../x"}, "probe"),
        ({"probe": f"{MARK}0123456789ab\n"}, "mark"),
        ({"at": "soon"}, "its time"),
        ({"version": 2}, "version"),
        ({"more": 1}, "more"),
    ],
)
def test_another_file_is_refused(change: dict[str, Any], why: str) -> None:
    written = json.loads(results.text(result())) | change
    with pytest.raises(results.ResultError, match=why):
        results.read(json.dumps(written).encode())
    with pytest.raises(results.ResultError):
        results.read(b"[" * 100_000)

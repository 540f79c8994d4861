"""What holds for every recording."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints

import jsonschema
import make_docs
from hypothesis import given, settings
from hypothesis import strategies as st
from make_fixtures import RECORDINGS
from recorded import calls_of
from strategies import any_json, hostile_calls

from segment_pendo.base import js_json
from segment_pendo.base.json_path import json_path
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Described, Setup
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.comparing.check import differences
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.files import load
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.strategies import calls, hostile_traits, identify_calls, sdk_requests
from segment_pendo.words import SdkRequest

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
SCHEMA = json.loads(make_docs.SCHEMA.read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
SETUP = Setup(track=True)
KEYS = ("aBcDeFgHiJkLmNoPqRsTuVwXyZ012345", "a-second-key-of-the-app", "short")


@contextmanager
def file() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory) / "r.jsonl"


def record(path: Path, requests: list[SdkRequest], at: datetime = AT) -> None:
    recorder = Recorder(path, setup=SETUP)
    for number, request in enumerate(requests):
        recorder.take(assess(request, id=str(number), at=at + timedelta(seconds=number), setup=SETUP))
    recorder.close()


def batch(items: list[Any], **envelope: Any) -> SdkRequest:
    return SdkRequest("POST", "/v1/batch", body=json.dumps({"batch": items, **envelope}).encode())


anything = st.lists(hostile_calls | any_json, min_size=1, max_size=4).map(batch) | sdk_requests()


@settings(max_examples=60)
@given(st.lists(anything, max_size=4))
def test_what_is_recorded_fits_the_schema_and_checks(requests: list[SdkRequest]) -> None:
    with file() as path:
        record(path, requests)
        for line in path.read_bytes().split(b"\n")[:-1]:
            VALIDATOR.validate(json.loads(line))
        judge = Judge(SETUP)
        for entry in load(path):
            for one, judged in zip(entry.calls, judge.entry(entry), strict=True):
                assert list(differences(one, judged, Meaning())) == []


with_keys = st.fixed_dictionaries(
    {"type": st.sampled_from(["identify", "group", "page"]), "userId": st.sampled_from("ab")},
    optional={
        "groupId": st.just("g"),
        "messageId": st.sampled_from(["m-1", "m-2"]),
        "traits": st.dictionaries(
            st.sampled_from(["plan", "note", "Plan"]), st.sampled_from(KEYS) | any_json
        ),
        "writeKey": st.sampled_from(KEYS) | any_json,
        "context": st.dictionaries(
            st.sampled_from(["direct", "note"]), st.just(True) | st.sampled_from(KEYS)
        ),
    },
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "writeKey": st.sampled_from(KEYS) | any_json,
        "context": st.dictionaries(st.just("note"), st.sampled_from(KEYS)),
        "sentAt": st.just("2024-05-09T10:00:00Z"),
    },
)


@settings(max_examples=100)
@given(st.lists(st.tuples(st.lists(with_keys, min_size=1, max_size=4), envelopes), max_size=4))
def test_what_became_of_a_call_is_recorded_as_if_it_were_mapped_again(
    requests: list[tuple[list[Any], dict[str, Any]]],
) -> None:
    recorded = []
    for ip in ("127.0.0.1", "127.0.0.2"):  # those of another address are mapped again
        earlier = EarlierCalls(SETUP)
        with file() as path:
            recorder = Recorder(path, setup=SETUP)
            for number, (items, envelope) in enumerate(requests):
                request = replace(batch(items, **envelope), ip=ip)
                recorder.take(earlier.annotated(assess(request, id=str(number), at=AT, setup=SETUP)))
            recorder.close()
            recorded.append(path.read_bytes())
    assert recorded[0] == recorded[1]


@settings(max_examples=60)
@given(
    st.lists(sdk_requests(calls=calls()), min_size=1, max_size=4),
    st.timedeltas(timedelta(), timedelta(days=400)),
)
def test_another_run_of_the_same_app_changes_no_line(requests: list[SdkRequest], later: timedelta) -> None:
    with file() as path:
        record(path, requests)
        before = path.read_bytes()
        record(path, requests, AT + later)
        assert path.read_bytes() == before


@settings(max_examples=60)
@given(st.lists(identify_calls(traits=hostile_traits()), min_size=1, max_size=6), st.data())
def test_one_changed_trait_is_one_changed_line(items: list[Any], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(items) - 1))
    changed = [dict(item) for item in items]
    changed[index]["traits"] = {**changed[index].get("traits", {}), "changed": data.draw(st.uuids()).hex}
    with file() as path:
        record(path, [batch(items, sentAt="2024-05-09T10:00:00Z")])
        before = path.read_bytes().split(b"\n")
        record(
            path,
            [
                batch(
                    [{**one, "messageId": str(n)} for n, one in enumerate(changed)],
                    sentAt="2024-06-01T10:00:00Z",
                )
            ],
        )
        after = path.read_bytes().split(b"\n")
        assert len(after) == len(before)
        assert [n for n, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1]] == [
            index + 2
        ]
        assert calls_of(path)[index].call["traits"]["changed"] == changed[index]["traits"]["changed"]


def test_the_schema_is_what_the_code_reads() -> None:
    made = make_docs.schema_text()
    assert make_docs.SCHEMA.read_text("utf-8") == made, "run: uv run python tests/tools/make_docs.py"
    assert set(get_args(get_type_hints(Described)["webhook"])) == set(KINDS)


@given(st.lists(sdk_requests(), min_size=1, max_size=3))
def test_a_recording_replayed_and_recorded_is_the_same_recording(requests: list[SdkRequest]) -> None:
    with file() as first, file() as second:
        record(first, requests)
        recorder = Recorder(second, setup=SETUP)
        for number, entry in enumerate(load(first)):
            assert entry.at is not None
            recorder.take(assess(entry.sdk_request(), id=str(number), at=entry.at, setup=SETUP))
        recorder.close()
        assert second.read_bytes() == first.read_bytes()


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from _leaves(one, (*path, key))
    if not isinstance(value, dict | list):
        yield path


GOLDENS = [(path, one) for path in sorted(RECORDINGS.glob("*.jsonl")) for one in calls_of(path) if one.body]


LEAVES = [(number, leaf) for number, (_, one) in enumerate(GOLDENS) for leaf in _leaves(json.loads(one.body))]


@settings(max_examples=100)
@given(st.sampled_from(LEAVES))
def test_a_golden_edited_in_one_value_is_found_and_named(place: tuple[int, tuple[Any, ...]]) -> None:
    number, leaf = place
    path, one = GOLDENS[number]
    body: Any = js_json.read(one.body.encode()).value
    target = body
    for key in leaf[:-1]:
        target = target[key]
    target[leaf[-1]] = "edited by hand"
    line = json.dumps({**json.loads(one.line), "body": js_json.write(body).decode()}).encode() + b"\n"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[one.number - 1] = line
    reading = recording.read(lines, "golden")
    judge = Judge(reading.header.setup)
    found = []
    for entry in reading.entries:
        for recorded, judged in zip(entry.calls, judge.entry(entry), strict=True):
            found += [
                (recorded.number, difference) for difference in differences(recorded, judged, Meaning())
            ]
    ((line_number, difference),) = found
    assert line_number == one.number
    assert difference.where == json_path(*leaf)
    assert difference.recorded == '"edited by hand"'

"""Recordings: redaction, adding to a file, damage."""

import base64
import json
import os
import signal
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from full_disk import files_end_at
from recorded import calls_of

from segment_pendo.base.js_json import MAX_DEPTH
from segment_pendo.base.switch import changed
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.files import load
from segment_pendo.recordings.format import RecordingError
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.lock import InUse
from segment_pendo.recordings.recorder import Mode, Recorder
from segment_pendo.recordings.redaction.redact import Keys, redacted
from segment_pendo.segment.switches import DEFAULT
from segment_pendo.words import SdkRequest, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
WRITE_KEY = "aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
PENDO_KEY = "0123abcd-0000-1111-2222-0123456789ab"


def batch(*calls: dict[str, Any], **envelope: Any) -> SdkRequest:
    body = {"batch": [{"type": "identify"} | call for call in calls], "writeKey": WRITE_KEY} | envelope
    return SdkRequest(
        "POST",
        "/v1/batch",
        headers=(("Cookie", "session=secret"), ("User-Agent", "x/1")),
        body=json.dumps(body).encode(),
    )


def record(path: Path, *requests: SdkRequest, setup: Setup = Setup(), mode: Mode = "over") -> Recorder:  # noqa: B008 - frozen
    recording = Recorder(path, setup=setup, secrets=(PENDO_KEY,), mode=mode)
    for number, request in enumerate(requests):
        recording.take(assess(request, id=f"r-{number}", at=AT, setup=setup))
    recording.close()
    return recording


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_one_line_for_the_request_and_one_for_each_call(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "u-1"}, {"type": "page", "userId": "u-1"}, sentAt="2024-05-09T10:00:00Z"))
    header, request, first, second = lines(file)
    assert (header["format"], header["version"], header["redacted"]) == ("segment-pendo-recording", 1, "keys")
    assert (request["request"]["path"], sorted(request["request"]["envelope"])) == ("/v1/batch", ["writeKey"])
    assert (first["sentAt"], first["receivedAt"]) == ("2024-05-09T10:00:00Z", "2024-05-09T10:00:01.000Z")
    assert (first["outcome"], json.loads(first["body"])["userId"]) == ("webhook", "u-1")
    assert (second["outcome"], second["code"], second["body"]) == ("skipped", "NO_MATCHING_MAPPING", None)


def test_no_secret_is_in_the_file_and_the_webhook_has_the_stand_in(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    call = {
        "userId": "u",
        "traits": {"note": f"my key is {WRITE_KEY}", "pendo": PENDO_KEY},
        "writeKey": WRITE_KEY,
        "context": {WRITE_KEY: 1},
    }
    basic = SdkRequest(
        "POST",
        "/v1/import",
        headers=(("Authorization", "Basic YUJjRGVGZ0hpSmtMbU5vUHFSc1R1Vnd4eVowMTIzNDU6"),),
        body=b'{"batch":[{"type":"identify","userId":"b"}]}',
    )
    pixel = SdkRequest("GET", "/v1/pixel/identify", f"writeKey={WRITE_KEY}&userId=p")
    record(file, batch(call), basic, pixel)
    text = file.read_text("utf-8")
    assert WRITE_KEY not in text
    assert PENDO_KEY not in text
    assert "session=secret" not in text
    assert [
        json.loads(line["body"])["writeKey"]
        for line in lines(file)
        if line.get("body") and "writeKey" in line["body"]
    ] == [
        "WRITE_KEY_1",
        "WRITE_KEY_2",
    ]


def test_a_key_is_replaced_wherever_it_is_known_from(tmp_path: Path) -> None:
    other = "zZyYxXwWvVuUtTsSrRqQpPoOnNmM9876"
    basic = (("Authorization", "Basic " + base64.b64encode(f"{other}:".encode()).decode()),)
    traits = {
        "note": f"{WRITE_KEY} {other}",
        "writeKey": "nested-write-key-0001",
        "again": "nested-write-key-0001",
    }
    body = {
        "batch": [
            {"type": "identify", "userId": "u", "traits": traits},
            {"type": "identify", "userId": "v", "writeKey": 5},
        ],
        "writeKey": WRITE_KEY,
    }
    late = {
        "batch": [
            {"type": "identify", "userId": "w", "traits": {"k": "late-write-key-00001"}},
            {"writeKey": "late-write-key-00001"},
        ]
    }
    file = tmp_path / "r.jsonl"
    record(
        file,
        SdkRequest("POST", "/v1/batch", headers=basic, body=json.dumps(body).encode()),
        SdkRequest("POST", "/v1/batch", body=json.dumps(late).encode()),
        SdkRequest("POST", f"/{WRITE_KEY}/v1/batch", body=b"{"),
    )
    text = file.read_text("utf-8")
    for key in (WRITE_KEY, other, "nested-write-key-0001", "late-write-key-00001"):
        assert key not in text


@pytest.mark.parametrize("key", ["1", "a", "true", "e", "{", "12", "null"])
def test_a_short_key_damages_nothing(tmp_path: Path, key: str) -> None:
    file = tmp_path / "r.jsonl"
    recording = Recorder(file, setup=Setup(), secrets=(key,))
    recording.take(
        assess(
            batch({"userId": "a", "traits": {"n": 12, "b": True}, "writeKey": key}),
            id="r",
            at=AT,
            setup=Setup(),
        )
    )
    recording.close()
    (call,) = calls_of(file)
    assert call.call["traits"] == {"n": 12, "b": True}


def test_a_full_disk_costs_the_call_and_not_the_file(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    recording = Recorder(file, setup=Setup())
    small = assess(batch({"userId": "a"}), id="r", at=AT, setup=Setup())
    recording.take(small)
    before = file.read_bytes()
    with files_end_at(len(before) + 100), pytest.raises(OSError, match="too large"):
        recording.take(assess(batch({"userId": "b" * 500}), id="s", at=AT, setup=Setup()))
    assert file.read_bytes() == before
    recording.take(assess(batch({"userId": "c"}), id="t", at=AT, setup=Setup()))
    recording.close()
    assert [call.call["userId"] for call in calls_of(file)] == ["a", "c"]


def test_a_run_that_is_discarded_leaves_what_was_there_before(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    for mode in ("over", "add"):
        before = file.read_bytes() if file.exists() else None
        recording = Recorder(file, setup=Setup(), mode=mode)
        recording.take(assess(batch({"userId": "b"}), id="s", at=AT, setup=Setup()))
        recording.discard()
        assert (file.read_bytes() if file.exists() else None) == before
        record(file, SdkRequest("POST", "/v1/identify", body=b'{"userId":"a"}'))
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_the_deepest_call_is_recorded_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    depth = MAX_DEPTH - 2
    text = b'{"userId":"u","traits":{"x":' + b"[" * depth + b"]" * depth + b"}}"
    record(file, SdkRequest("POST", "/v1/identify", body=text))
    record(file, SdkRequest("POST", "/v1/identify", body=text))
    assert len(calls_of(file)) == 1


def call(**changes: Any) -> bytes:
    """A call line with some members changed."""
    plain: dict[str, Any] = {"call": {}, "receivedAt": "2024-05-09T10:00:00Z", "outcome": "webhook"}
    return json.dumps(plain | {"code": None, "body": "{}", "findings": []} | changes).encode() + b"\n"


REQUEST = b'{"request":{"method":"POST","path":"/v1/identify","headers":[],"envelope":null}}\n'


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (b'{"request":true}\n', r"r.jsonl:2: .*`\$.request`.*damaged"),
        (REQUEST + call(body="\ud800"), "r.jsonl:3: .*half a character"),
        (REQUEST + call(receivedAt="yesterday"), "r.jsonl:3: receivedAt is not a time"),
        (REQUEST + call(note="mine"), "r.jsonl:3: Object contains unknown field `note`"),
        (b"\n", "r.jsonl:2: this line is not a complete JSON object"),
        (REQUEST + call(code=5), r"r.jsonl:3: Expected `null`, got `int` - at `\$.code`"),
        (REQUEST + call(body=5), r"r.jsonl:3: Expected `str`, got `int` - at `\$.body`"),
        (REQUEST + call(findings=[5]), r"r.jsonl:3: .*`\$.findings\[0\]`"),
        (REQUEST + call(outcome="maybe"), "r.jsonl:3: Invalid value 'maybe'"),
        (REQUEST + call(messageId=5), r"r.jsonl:3: .*`\$.messageId`"),
        (b'{"request":{"method":"POST","path":"/","headers":5}}\n', r"r.jsonl:2: .*`\$.request.headers`"),
        (b'{"request":{"method":"POST","path":"/","headers":[["a"]]}}\n', "r.jsonl:2: .*length 2"),
    ],
)
def test_odd_lines_are_errors_and_no_tracebacks(tmp_path: Path, lines: bytes, words: str) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(b'{"format":"segment-pendo-recording","version":1,"track":false}\n' + lines)
    with pytest.raises(RecordingError, match=words):
        Recorder(file, setup=Setup())


def test_a_pipe_is_no_recording(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecordingError, match="not a regular file"):
        Recorder(tmp_path / "pipe", setup=Setup())


def test_redacting_twice_is_redacting_once() -> None:
    keys = Keys((PENDO_KEY,))
    once, _ = redacted(batch({"userId": "u", "traits": {"k": WRITE_KEY}}), keys)
    twice, _ = redacted(once, keys)
    assert (once.body, once.headers) == (twice.body, twice.headers)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/identify", '{"userId":"u","traits":%s}'),
        ("/v1/batch", '{"batch":[{"type":"identify","userId":"u","traits":%s}]}'),
    ],
)
def test_numbers_are_recorded_as_sent(tmp_path: Path, path: str, body: str) -> None:
    file = tmp_path / "r.jsonl"
    traits = '{"big":12345678901234567890,"half":0.5,"whole":1.0,"zero":-0,"many":1e2,"exact":1.50}'
    record(file, SdkRequest("POST", path, body=(body % traits).encode()))
    line = file.read_text("utf-8").splitlines()[2]
    assert f'"traits":{traits}' in line
    assert (
        '"traits":{"big":12345678901234567000,"half":0.5,"whole":1,"zero":0,"many":100,"exact":1.5}'
        in json.loads(line)["body"]
    )
    (entry,) = load(file)
    assert traits.encode() in entry.sdk_request().body, "also when sent again"


LATER = batch(
    {"userId": "a", "messageId": "2", "timestamp": "2030-01-01T00:00:00Z"},
    {"userId": "b"},
    sentAt="2030-01-01T00:00:00Z",
)


@pytest.mark.parametrize(("mode", "count"), [("over", 2), ("add", 0)])
def test_what_is_written_again_is_counted_beforehand(tmp_path: Path, mode: Mode, count: int) -> None:
    file = tmp_path / "calls.jsonl"
    assert record(file, LATER).replaced == 0
    recording = Recorder(file, setup=Setup(), mode=mode)
    assert recording.replaced == count
    recording.discard()


@pytest.mark.parametrize("mode", ["over", "add"])
def test_recording_the_same_again_changes_no_byte(tmp_path: Path, mode: Mode) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a", "messageId": "1"}, {"userId": "b"}))
    before = file.read_bytes()
    done = record(file, LATER, mode=mode).done
    assert file.read_bytes() == before
    assert (done.kept, done.new, done.gone) == ((2, 0, 0) if mode == "over" else (0, 0, 0))
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]


def test_recorded_over_a_file_is_the_new_run(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a", "messageId": "1"}, {"userId": "b"}), batch({"userId": "gone"}))
    before = file.read_bytes().splitlines()
    done = record(file, batch({"userId": "b"}, {"userId": "a", "messageId": "2"}, {"userId": "c"})).done
    after = file.read_bytes().splitlines()
    assert after[:2] == before[:2]
    assert after[2:4] == [before[3], before[2]]
    assert (json.loads(after[4])["call"]["userId"], len(after)) == ("c", 5)
    assert (done.kept, done.new, done.gone) == (2, 1, 1)


def test_an_app_that_sent_nothing_does_not_cost_its_recording(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a"}))
    before = file.read_bytes()
    record(file)
    assert (file.read_bytes(), [path.name for path in tmp_path.iterdir()]) == (before, ["r.jsonl"])


KILLED = """
import os, signal, sys
sys.path[:0] = {path}
from pathlib import Path
from test_recorder import AT, assess, batch, Recorder, Setup
recorder = Recorder(Path({file!r}), setup=Setup())
recorder.take(assess(batch({{"userId": "b"}}), id="r", at=AT, setup=Setup()))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_over_a_file_leaves_the_old_one_and_the_run(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a"}))
    before = file.read_bytes()
    code = KILLED.format(path=[str(Path(__file__).parent), *sys.path], file=str(file))
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    assert file.read_bytes() == before
    (run,) = tmp_path.glob("r.jsonl.*.new")
    assert [one.call["userId"] for one in calls_of(run)] == ["b"]
    later = record(file, batch({"userId": "c"}))
    assert [one.call["userId"] for one in calls_of(file)] == ["c"]
    assert later.unfinished == [run]
    assert [one.call["userId"] for one in calls_of(run)] == ["b"], "another run leaves it alone"
    assert {path.name for path in tmp_path.iterdir()} == {"r.jsonl", run.name}, "its lock is free, and gone"


@pytest.mark.parametrize("mode", ["over", "add"])
def test_two_at_once_are_refused_and_lose_nothing(tmp_path: Path, mode: Mode) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a"}))
    first = Recorder(file, setup=Setup(), mode=mode)
    first.take(assess(batch({"userId": "b"}), id="r", at=AT, setup=Setup()))
    with pytest.raises(InUse, match=rf"r\.jsonl is being recorded by the process {os.getpid()}\."):
        Recorder(file, setup=Setup(), mode=mode)
    (tmp_path / "link.jsonl").symlink_to(file)
    with pytest.raises(InUse):
        Recorder(tmp_path / "link.jsonl", setup=Setup())
    first.close()
    assert [one.call["userId"] for one in calls_of(file)] == (["b"] if mode == "over" else ["a", "b"])
    record(file, batch({"userId": "c"}))
    assert {path.name for path in tmp_path.iterdir()} == {"r.jsonl", "link.jsonl"}


def test_what_cannot_be_recorded_leaves_no_lock(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    file.write_text("no recording\n")
    for path in (file, tmp_path / "none" / "r.jsonl", tmp_path):
        with pytest.raises(RecordingError):
            Recorder(path, setup=Setup())
    assert [path.name for path in tmp_path.iterdir()] == ["r.jsonl"]
    assert not tmp_path.with_name(f"{tmp_path.name}.lock").exists()


def test_a_failed_command_does_not_cost_its_recording(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a"}, {"userId": "b"}))
    before = file.read_bytes()
    half = Recorder(file, setup=Setup())
    half.take(assess(batch({"userId": "a"}), id="r", at=AT, setup=Setup()))
    half.close(replacing=False)
    assert file.read_bytes() == before
    assert half.kept_in is not None
    assert len(calls_of(half.kept_in)) == 1


def test_nobody_else_can_read_what_is_made_beside_a_file_and_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "r.jsonl", tmp_path / "link.jsonl"
    record(file, batch({"userId": "a"}))
    file.chmod(0o600)
    link.symlink_to(file)
    run = Recorder(link, setup=Setup())
    (new,) = tmp_path.glob("r.jsonl.*.new")
    assert stat.S_IMODE(new.stat().st_mode) == 0o600
    run.take(assess(batch({"userId": "b"}), id="r", at=AT, setup=Setup()))
    run.close()
    assert link.is_symlink()
    assert [one.call["userId"] for one in calls_of(file)] == ["b"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_breaks_while_a_run_goes_leaves_no_piece(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a"}))
    run = Recorder(file, setup=Setup())
    run.take(assess(batch({"userId": "b"}), id="r", at=AT, setup=Setup()))
    file.write_bytes(file.read_bytes() + b"{")
    with pytest.raises(RecordingError, match=r"The run is in .*r\.jsonl.*new"):
        run.close()
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".jsonl", ".new"]


def test_a_line_kept_under_another_request_still_says_what_is_true(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a", "messageId": "1"}, context={"plan": 1}))
    # Another context of the batch makes another webhook of the same call: its old line would lie.
    record(file, batch({"userId": "a", "messageId": "2"}, context={"plan": 2}))
    (one,) = calls_of(file)
    assert json.loads(one.body)["context"]["plan"] == 2
    # Another path makes the same webhook: the line stays, with its old messageId.
    other = batch({"userId": "a", "messageId": "3"}, context={"plan": 2})
    record(file, replace(other, path="/v1/import"))
    (kept,) = calls_of(file)
    assert kept.line == one.line


def test_adding_writes_only_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a", "messageId": "1"}, {"userId": "b"}))
    before = file.read_bytes()
    record(file, batch({"userId": "a"}, {"userId": "c"}), mode="add")
    assert file.read_bytes().startswith(before)
    assert [line["call"]["userId"] for line in lines(file) if "call" in line] == ["a", "b", "c"]


def test_two_equal_calls_of_one_run_are_two_lines(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a"}, {"userId": "a"}))
    assert len(lines(file)) == 4


def test_a_refused_request_is_a_line_without_its_body(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, SdkRequest("POST", "/v1/batch", body=b'{"batch": [ secret'))
    refused = lines(file)[1]["refused"]
    assert (refused["status"], refused["code"]) == (400, "bad_json")
    assert "character" in refused["message"]
    assert "secret" not in file.read_text("utf-8")
    assert calls_of(file) == []


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"my own notes\n", 1, "not a recording"),
        (b'{"format":"other"}\n', 1, "not a recording"),
        (b'{"format":"segment-pendo-recording","version":2}\n', 1, "version 2"),
        (b'{"format":"segment-pendo-recording","version":1,"track":false}\n{"call":\n', 2, "damaged"),
        (
            b'{"format":"segment-pendo-recording","version":1,"track":false}\n{"call":{"userId":"u"}}',
            2,
            "has no line end",
        ),
        (b'{"format":"segment-pendo-recording","version":1,"track":true}\n', 1, "with track on"),
        (
            b'{"format":"segment-pendo-recording","version":1,"webhook":"classic"}\n',
            1,
            "with webhook classic",
        ),
        (
            b'{"format":"segment-pendo-recording","version":1,"assume":{"ip":"never"}}\n',
            1,
            "assuming ip=never",
        ),
    ],
)
def test_damaged_newer_and_foreign_files_are_named_by_line_and_left_alone(
    tmp_path: Path, content: bytes, line: int, words: str
) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(content)
    with pytest.raises(RecordingError) as refused:
        Recorder(file, setup=Setup())
    assert f"{file}:{line}: " in str(refused.value)
    assert words in str(refused.value)
    assert file.read_bytes() == content


def test_the_requests_of_a_recording_map_to_the_recorded_webhooks(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(
        file,
        batch(
            {"userId": "a", "messageId": "1"},
            {"type": "page", "userId": "x"},
            {"userId": "b", "messageId": "2"},
        ),
    )
    (entry,) = load(file)
    assert [one.number for one in entry.calls] == [3, 4, 5]
    receipt = assess(entry.sdk_request(), id="z", at=entry.at or AT, setup=Setup())
    made = [j.outcome.body.decode() for j in receipt.judged if isinstance(j.outcome, Webhook)]
    assert made == [one.body for one in calls_of(file) if one.body]
    again = [
        j.outcome.body.decode() if isinstance(j.outcome, Webhook) else None
        for j in Judge(Setup()).entry(entry)
    ]
    assert again == [one.body for one in entry.calls]


def test_a_recording_holds_its_setup_but_no_signature(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    setup = Setup(webhook="classic", switches=changed(DEFAULT, ["ip=always"]), secret="a-shared-secret")
    record(file, batch({"userId": "a"}), setup=setup)
    header = lines(file)[0]
    assert (header["webhook"], header["assume"], header["headers"]["User-Agent"]) == (
        "classic",
        {"ip": "always"},
        "Segment.io/1.0",
    )
    assert "ignature" not in file.read_text("utf-8")
    assert "a-shared-secret" not in file.read_text("utf-8")
    record(file, batch({"userId": "b"}), setup=setup, mode="add")
    assert len(lines(file)) == 5


def test_repeated_message_ids_are_told_across_runs_into_one_file(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a", "messageId": "m"}))
    record(file, batch({"userId": "b", "messageId": "m"}), mode="add")
    assert [line["findings"] for line in lines(file) if "call" in line] == [[], ["DUPLICATE_MESSAGE_ID"]]


def test_numbers_that_javascript_changes_keep_every_digit(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    traits = b'{"long": 0.1234567890123456789, "big": 9007199254740993, "inf": 1e400}'
    body = b'{"batch": [{"type": "identify", "userId": "u", "traits": ' + traits + b"}]}"
    record(file, SdkRequest("POST", "/v1/batch", body=body))
    line = file.read_text("utf-8").splitlines()[2]
    assert '"traits":{"long":0.1234567890123456789,"big":9007199254740993,"inf":1e400}' in line
    assert json.loads(line)["findings"] == ["NUMBER_CHANGED"] * 3


def test_two_keys_are_told_of_again(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    basic = (("Authorization", "Basic " + base64.b64encode(b"HEADER_KEY_of_the_app:").decode()),)
    record(file, replace(batch({"userId": "u"}), headers=basic))
    (entry,) = load(file)
    assert entry.calls[0].findings == ("WRITE_KEYS_DIFFER",)
    (judged,) = Judge(Setup()).entry(entry)
    assert [finding.code for finding in judged.findings] == [
        "WRITE_KEYS_DIFFER",
        "IDENTIFY_NO_ACCOUNT",
    ]  # the second is of the run
    text = file.read_text("utf-8")
    assert "HEADER_KEY" not in text
    assert base64.b64encode(b"HEADER_KEY_of_the_app").decode()[:20] not in text


def test_what_ingest_dropped_is_repeated_by_nothing(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"messageId": "m"}))
    record(file, batch({"userId": "u", "messageId": "m"}), mode="add")
    assert [one.findings for one in calls_of(file)] == [(), ()]


@pytest.mark.parametrize(
    "request_",
    [
        SdkRequest("POST", "/v1/identify", query=f"{PENDO_KEY}=1", body=b'{"userId":"u"}'),
        SdkRequest("POST", "/v1/identify", body=b'{"userId":"u","writeKey":["%s"]}' % WRITE_KEY.encode()),
        SdkRequest("POST", "/v1/identify", body=b'{"userId":"u","writeKey":{"a":"%s"}}' % WRITE_KEY.encode()),
        SdkRequest(
            "POST",
            "/v1/identify",
            query=f"writeKey={WRITE_KEY}",
            headers=(("User-Agent", f"x {WRITE_KEY}"),),
            body=b"{",
        ),
    ],
)
def test_keys_in_odd_places_are_gone(tmp_path: Path, request_: SdkRequest) -> None:
    file = tmp_path / "r.jsonl"
    record(file, request_)
    text = file.read_text("utf-8")
    assert len(text.splitlines()) > 1
    assert WRITE_KEY not in text
    assert PENDO_KEY not in text


@pytest.mark.parametrize("mode", ["over", "add"])
def test_a_file_that_vanishes_meanwhile_is_told(tmp_path: Path, mode: Mode) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a"}))
    for replaced in (False, True):
        recorder = Recorder(file, setup=Setup(), mode=mode)
        recorder.take(assess(batch({"userId": "b"}), id="r", at=AT, setup=Setup()))
        recorder.target.unlink()
        if replaced:
            recorder.target.write_text("somebody else's")
        with pytest.raises(RecordingError, match="was deleted or replaced while it was recorded"):
            recorder.close()
        assert not file.with_name("r.jsonl.lock").exists()
        recorder.target.unlink(missing_ok=True)
        record(file, batch({"userId": "a"}))

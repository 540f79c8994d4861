"""Recordings: redaction, adding to a file, damage."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from segment_pendo.mapping import Trigger, assess
from segment_pendo.recording import Recording, RecordingError, read, requests
from segment_pendo.redaction import Keys, redacted
from segment_pendo.words import SdkRequest, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
WRITE_KEY = "aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"
PENDO_KEY = "0123abcd-0000-1111-2222-0123456789ab"


def batch(*calls: dict[str, Any], **envelope: Any) -> SdkRequest:
    body = {"batch": [{"type": "identify"} | call for call in calls], "writeKey": WRITE_KEY} | envelope
    return SdkRequest("POST", "/v1/batch", headers=(("Cookie", "session=secret"), ("User-Agent", "x/1")), body=json.dumps(body).encode())


def record(path: Path, *requests: SdkRequest, trigger: Trigger = Trigger()) -> None:  # noqa: B008 - frozen
    recording = Recording(path, trigger=trigger, secrets=(PENDO_KEY,))
    for number, request in enumerate(requests):
        recording.take(assess(request, id=f"r-{number}", at=AT, trigger=trigger))
    recording.close()


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_one_line_for_the_request_and_one_for_each_call(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "u-1"}, {"type": "page", "userId": "u-1"}, sentAt="2024-05-09T10:00:00Z"))
    header, request, first, second = lines(file)
    assert (header["format"], header["version"], header["redacted"]) == ("segment-pendo-recording", 1, "keys")
    assert (request["path"], request["envelope"]["sentAt"], "batch" in request["envelope"]) == ("/v1/batch", "2024-05-09T10:00:00Z", False)
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
    assert [json.loads(line["body"])["writeKey"] for line in lines(file) if line.get("body") and "writeKey" in line["body"]] == [
        "WRITE_KEY_1",
        "WRITE_KEY_2",
    ]


def test_redacting_twice_is_redacting_once() -> None:
    keys = Keys((PENDO_KEY,))
    once, _ = redacted(batch({"userId": "u", "traits": {"k": WRITE_KEY}}), keys)
    twice, _ = redacted(once, keys)
    assert (once.body, once.headers) == (twice.body, twice.headers)


def test_numbers_are_recorded_as_sent(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    body = b'{"userId":"u","traits":{"big":12345678901234567890,"half":0.5}}'
    record(file, SdkRequest("POST", "/v1/identify", body=body))
    assert '"traits":{"big":12345678901234567890,"half":0.5}' in file.read_text("utf-8").splitlines()[2]


def test_recording_again_adds_only_what_differs(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a", "messageId": "1"}, {"userId": "b"}))
    before = file.read_bytes()
    record(
        file, batch({"userId": "a", "messageId": "2", "timestamp": "2030-01-01T00:00:00Z"}, {"userId": "b"}, sentAt="2030-01-01T00:00:00Z")
    )
    assert file.read_bytes() == before
    record(file, batch({"userId": "a"}, {"userId": "c"}))
    assert file.read_bytes().startswith(before)
    assert [line["call"]["userId"] for line in lines(file) if "call" in line] == ["a", "b", "c"]


def test_two_equal_calls_of_one_run_are_two_lines(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a"}, {"userId": "a"}))
    assert len(lines(file)) == 4


def test_a_refused_request_is_a_line_without_its_body(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, SdkRequest("POST", "/v1/batch", body=b'{"batch": [ secret'))
    assert lines(file)[1]["refused"] == {"status": 400, "code": "bad_json"}
    assert "secret" not in file.read_text("utf-8")
    assert list(read(file)) == []


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"my own notes\n", 1, "no recording"),
        (b'{"format":"other"}\n', 1, "no recording"),
        (b'{"format":"segment-pendo-recording","version":2}\n', 1, "version 2"),
        (b'{"format":"segment-pendo-recording","version":1,"track":false}\n{"call":\n', 2, "damaged"),
        (b'{"format":"segment-pendo-recording","version":1,"track":false}\n{"call":{"userId":"u"}}', 2, "damaged"),
        (b'{"format":"segment-pendo-recording","version":1,"track":true}\n', 1, "--track"),
    ],
)
def test_damaged_newer_and_foreign_files_are_named_by_line_and_left_alone(tmp_path: Path, content: bytes, line: int, words: str) -> None:
    file = tmp_path / "r.jsonl"
    file.write_bytes(content)
    with pytest.raises(RecordingError) as refused:
        Recording(file, trigger=Trigger())
    assert f"{file}:{line}: " in str(refused.value)
    assert words in str(refused.value)
    assert file.read_bytes() == content


def test_the_requests_of_a_recording_map_to_the_recorded_webhooks(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    record(file, batch({"userId": "a", "messageId": "1"}, {"type": "page", "userId": "x"}, {"userId": "b", "messageId": "2"}))
    (again,) = requests(file.read_bytes().splitlines(keepends=True), "r")
    assert again.lines == [3, 4, 5]
    receipt = assess(again.request, id="z", at=again.at or AT, trigger=Trigger())
    made = [j.outcome.body for j in receipt.judged if isinstance(j.outcome, Webhook)]
    assert made == [c.webhook.body for c in read(file) if c.webhook]

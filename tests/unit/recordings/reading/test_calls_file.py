"""What `map` takes, and what it makes of anything else."""

import base64
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from segment_pendo.explain.rows import dumps
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import RecordingError
from segment_pendo.recordings.reading.calls_file import items
from segment_pendo.recordings.reading.mapped_file import Options, mapped
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import SdkRequest

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)


def rows_of(data: bytes | str, **how: Any) -> list[dict[str, Any]]:
    text = data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass")
    options = Options(AT, Setup(track=how.pop("track", False)), fixed=True, **how)
    made = [dumps(one.row()) for one in mapped(text, options)]
    assert all(line.isascii() and "\n" not in line for line in made)
    return [json.loads(line) for line in made]


CALL = '{"type":"identify","userId":"u"}'


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (f"{CALL}\n{CALL}\n", [1, 2]),
        (f"\n\n{CALL}\r\n\n{CALL}", [3, 5]),
        (f"[{CALL}, {CALL}]", [1, 1]),
        (f"[{CALL},\n\n  {CALL}\n]\n", [1, 3]),
        (f"\n[\n{CALL}\n,\n{CALL}]", [3, 5]),
        ('{\n  "type": "identify",\n  "userId": "u"\n}\n', [1]),
        (
            (
                '[\n {\n "type": "identify",\n "userId": "u",\n "traits": {"a": "[,\\"\\n"}\n },\n '
                '{"type": "identify", "userId": "v"}\n]'
            ),
            [2, 7],
        ),
        ("[]", []),
        ("", []),
        ("  \n\n ", []),
        ("\ufeff" + CALL, [1]),
    ],
)
def test_a_row_names_the_line_where_its_value_starts(text: str, lines: list[int]) -> None:
    made = rows_of(text)
    assert [row["line"] for row in made] == lines
    assert all(row["outcome"] == "webhook" for row in made)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("5", ["not_an_object"]),
        ("null\ntrue\n[]", ["not_an_object", "not_an_object"]),
        ("{}", ["not_a_call"]),
        ('{"type": 5}', ["not_a_call"]),
        ("{\n", ["bad_json"]),
        (f"{CALL}\n{{broken\n{CALL}", [None, "bad_json", None]),
        (f"{{broken\n{CALL}", ["bad_json", None]),
        (b"\x00\xff\xfe\x80", ["bad_json"]),
        ('{"type":"identify","userId":"u","traits":{"a":NaN}}', ["bad_json"]),
        ("[" * 600_000, ["too_deep"]),
        ('{"type":"identify","userId":"u","traits":{"x":"' + "y" * 40_000 + '"}}', ["too_large"]),
        ('{"method":"POST","path":5}', ["bad_capture"]),
        ('{"method":"POST","path":"/v1/identify","body_b64":"%%"}', ["bad_capture"]),
        ('{"method":"POST","path":"/v1/identify","headers":[["a"]]}', ["bad_capture"]),
        ('{"method":"POST","path":"/v1/identify","body_b64":"e30="}', [None]),
        ('{"method":"OPTIONS","path":"/v1/identify"}', []),
        ('{"batch":[{"type":"identify","userId":"u"},7]}', [None, None]),
        ('{"type":"identify","userId":"\\ud800","traits":{"\\udfff":1e400,"n":' + "9" * 5000 + "}}", [None]),
    ],
)
def test_bad_input_becomes_error_rows(text: bytes | str, codes: list[str | None]) -> None:
    made = rows_of(text)
    assert [row.get("error", {}).get("code") for row in made] == codes
    for row in made:
        if "error" in row:
            assert row["error"]["message"].endswith(".")


def test_ten_megabytes_on_one_line() -> None:
    (row,) = rows_of('{"type":"identify","userId":"' + "u" * 10_000_000 + '"}')
    assert row["error"]["code"] == "too_large"


def test_a_captured_request_gives_a_row_for_each_call() -> None:
    body = base64.b64encode(
        b'{"batch":[{"type":"identify","userId":"a"},{"type":"page","userId":"b"}]}'
    ).decode()
    captured = {"method": "POST", "path": "/v1/batch", "query": "", "headers": [["A", "b"]], "body_b64": body}
    made = rows_of("\n" + json.dumps(captured))
    assert [(r["line"], r["index"], r["user"], r["outcome"], r["code"]) for r in made] == [
        (2, 0, "a", "webhook", None),
        (2, 1, "b", "skipped", "NO_MATCHING_MAPPING"),
    ]


def test_a_call_that_only_names_the_format_is_a_call() -> None:
    (row,) = rows_of('{"type":"identify","userId":"segment-pendo-recording"}')
    assert row["outcome"] == "webhook"


RECORDED = b"""{"call":{"userId":"u"},"receivedAt":"2024-05-09T10:00:00Z","outcome":"webhook","code":null,\
"body":"{}","findings":[]}
"""
HEADER = b'{"format":"segment-pendo-recording","version":1}\n'


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (b'{"call":{"type":"identify","userId":"u"}}\n', 2),
        (b'{"request":{"method":"POST","path":"/v1/identify"}}\n' + RECORDED * 2, 4),
        (b'{"request":{"envelope":{},"headers":5}}\n' + RECORDED, 2),
    ],
)
def test_an_edited_recording_loses_no_call_in_silence(lines: bytes, line: int) -> None:
    with pytest.raises(RecordingError, match=f":{line}: "):
        rows_of(HEADER + lines)


def test_what_a_recording_says_was_refused_is_an_error_of_its_line() -> None:
    refused = '{"status":400,"code":"bad_json","message":"Why."}'
    line = f'{{"request":{{"method":"POST","path":"/v1/batch"}},"refused":{refused}}}'
    (row,) = rows_of(HEADER.decode() + line + "\n")
    assert (row["line"], row["error"]["code"]) == (2, "bad_json")
    said = "Segment answers 400 to this request to /v1/batch, so none of its calls is taken. Why."
    assert row["error"]["message"] == said


def test_no_ingest_takes_a_message_as_it_is() -> None:
    text = '{"type":"identify","userId":5,"traits":{"b":1.0,"2":1,"1":2},"receivedAt":"x"}'
    (row,) = rows_of(text, ingest_first=False)
    assert row["body"] == '{"type":"identify","userId":5,"traits":{"1":2,"2":1,"b":1},"receivedAt":"x"}'
    (row,) = rows_of('{"type":"track","userId":"u"}', ingest_first=False)
    assert row["code"] == "NO_MATCHING_MAPPING"


def test_a_recording_is_mapped_again_with_its_own_times() -> None:
    path = Path(__file__).parents[4] / "fixtures" / "recordings" / "segment-analytics-python.jsonl"
    recorded = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    made = [json.loads(dumps(one.row())) for one in mapped(path.read_bytes(), Options(AT, Setup()))]
    calls = [(number, line) for number, line in enumerate(recorded, start=1) if "call" in line]
    assert [(row["line"], row["body"]) for row in made] == [(number, line["body"]) for number, line in calls]


def test_items_never_raise_on_a_cut_file() -> None:
    whole = ("[\n" + CALL + ",\n" + CALL + "]").encode()
    for length in range(len(whole)):
        list(items(whole[:length]))


def cli(*arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "segment_pendo", "map", *arguments],
        input=data,
        capture_output=True,
        timeout=60,
    )


def test_the_verb_and_its_exit_codes(tmp_path: Path) -> None:
    done = cli("--received-at", "2024-05-09T10:00:01Z", data=CALL.encode())
    assert (done.returncode, done.stderr) == (0, b"")
    assert json.loads(done.stdout)["time"] == "2024-05-09T10:00:01.000Z"
    assert cli(data=b"5").returncode == 1
    assert cli("--received-at", "noon", data=b"").returncode == 2
    damaged = tmp_path / "r"
    damaged.write_bytes(b'{"format":"segment-pendo-recording","version":1}\n{"call"\n')
    done = cli(str(damaged))
    assert done.returncode == 3
    assert b"2: " in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_recording_is_mapped_as_it_was_recorded(tmp_path: Path) -> None:
    setup = Setup(track=True, webhook="classic")
    path = tmp_path / "r.jsonl"
    recorder = Recorder(path, setup=setup)
    body = b'{"batch": [{"type": "track", "userId": "u", "event": "e"}]}'
    recorder.take(assess(SdkRequest("POST", "/v1/batch", body=body), id="1", at=AT, setup=setup))
    recorder.close()
    row = json.loads(cli(str(path)).stdout)
    assert (row["outcome"], row["headers"]["User-Agent"]) == ("webhook", "Segment.io/1.0")
    row = json.loads(cli(str(path), "--webhook", "actions").stdout)
    assert row["code"] == "NO_MATCHING_MAPPING", "options that are given count, all of them"

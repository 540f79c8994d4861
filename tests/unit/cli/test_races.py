"""`races` as a verb: text, JSON, one person, what is no call."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.codes import CODES
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import SdkRequest

CALLS = """\
{"type":"identify","userId":"u-1","traits":{"plan":"pro","name":"Ann"}}
{"batch":[{"type":"group","userId":"u-1","groupId":"acme"},{"type":"identify","userId":"u-1","traits":{"plan":"free"}}]}
{"type":"identify","userId":"u-2","traits":{"Total billed":1}}
{"type":"identify","userId":"u-2","traits":{"total billed":2}}
{"type":"group","userId":"u-2","groupId":"acme"}
"""
DO = f"warning ORDER_SENSITIVE: {CODES['ORDER_SENSITIVE'].do}"
PLAN = '  segmentio.plan is "free" as recorded (call 2 of line 2), but "pro" if line 1 arrives last'


def invoke(*words: Any, given: str | bytes = CALLS) -> Result:
    return CliRunner().invoke(main, ["races", *map(str, words)], input=given)


def test_text_tells_who_which_field_and_both_endings() -> None:
    done = invoke()
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "visitor u-1",
        PLAN,
        "visitor u-2",
        '  segmentio["total billed"] is 2 as recorded (line 4), but 1 if line 3 arrives last',
        DO,
    ]
    assert done.stderr == "6 webhooks: 2 fields of 2 records depend on their order.\n"


def test_nothing_is_told_where_all_orders_are_the_same() -> None:
    done = invoke(given=CALLS.splitlines()[0])
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "1 webhook: nothing depends on their order.\n"
    for given in ("", "[]", "null"):
        assert "0 webhooks: nothing depends on their order." in invoke(given=given).stderr


def test_one_person_alone() -> None:
    done = invoke("--user", "u-1")
    assert done.stdout.splitlines() == ["visitor u-1", PLAN, DO]
    assert done.stderr == "3 webhooks: 1 field of 1 record depends on their order.\n"
    assert invoke("--user", "nobody").exit_code == 0
    nobody = '{"type":"identify","userId":{"a":1},"anonymousId":"a"}'
    assert invoke("--user", "u", given=nobody).exit_code == 0


def test_json_holds_finding_place_and_endings() -> None:
    at = ("--received-at", "2024-05-09T10:00:00Z")
    rows = [json.loads(line) for line in invoke("--format", "ndjson", *at).stdout.splitlines()]
    assert rows == json.loads(invoke("--format", "json", *at).stdout)
    assert [row["field"] for row in rows] == [
        "$.metadata.segmentio.plan",
        '$.metadata.segmentio["total billed"]',
    ]
    assert rows[0].keys() == {
        "code", "level", "path", "message", "source", "kind", "id", "field", "recorded", "other", "arrives",
    }  # fmt: skip
    assert rows[0]["recorded"]["call"] == "call 2 of line 2"
    assert rows[0]["other"]["value"] == '"pro"'
    assert invoke("--format", "json", given="").stdout == "[]\n"


def test_a_rule_can_be_read_another_way() -> None:
    assert "total billed" not in invoke("--assume", "key_case=sent").stdout


def test_text_stops_after_twenty() -> None:
    traits = [json.dumps({f"k{n}": value for n in range(30)}) for value in (1, 2)]
    done = invoke(given="\n".join(f'{{"type":"identify","userId":"u","traits":{one}}}' for one in traits))
    lines = done.stdout.splitlines()
    assert len(lines) == 1 + 20 + 1 + 1
    assert lines[-2] == "... and 10 more; --format ndjson prints all of them."


def test_values_that_are_no_calls_are_counted_and_end_with_1() -> None:
    done = invoke(given='{"type":"identify","userId":"u","traits":{"a":1}}\nnope\n')
    assert done.exit_code == 1
    assert "1 value is not a call (of 2)" in done.stderr


def test_control_characters_and_half_characters_are_spelled_out() -> None:
    calls = [
        rf'{{"type":"identify","userId":"\u001b[31m\ud83d","traits":{{"\u001b[32m":"\u0007{n}\udead"}}}}'
        for n in (1, 2)
    ]
    done = invoke(given="\n".join(calls))
    assert done.exit_code == 1
    assert "\\x1b[31m\\ud83d" in done.stdout
    assert done.stdout.replace("\n", "").isprintable()
    assert invoke("--format", "ndjson", given="\n".join(calls)).stdout.isascii()


@pytest.mark.parametrize("given", [b"\xff\xfe\x00", b"[" * 2000, b"{", b'{"type":"identify"', b"1e999"])
def test_whatever_the_bytes_no_traceback(given: bytes) -> None:
    done = invoke(given=given)
    assert done.exception is None or isinstance(done.exception, SystemExit)
    assert done.exit_code in {0, 1}


def test_a_recording_keeps_its_setup_and_says_how_far_apart_the_calls_came(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    setup = Setup.of(assume=["key_case=sent"])
    at = datetime(2024, 5, 9, 10, tzinfo=UTC)
    recorder = Recorder(file, setup=setup)
    for number, name in enumerate(("plan", "Plan", "plan")):
        body = json.dumps({"userId": "u", "traits": {name: number}}).encode()
        request = SdkRequest("POST", "/v1/identify", body=body)
        moment = at + timedelta(seconds=number * 0.5)
        recorder.take(assess(request, id=str(number), at=moment, setup=setup))
    recorder.close()
    done = invoke(file)
    assert "  segmentio.plan is 2 as recorded (line 7), but 0 if line 3 arrives last [1 s apart]" in (
        done.stdout.splitlines()
    )
    read_otherwise = invoke(file, "--assume", "key_case=lower")
    assert "but 1 if line 5 arrives last [0.5 s apart]" in read_otherwise.stdout

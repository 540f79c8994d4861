"""`check`: what it finds, reports, and rewrites."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from make_fixtures import RECORDINGS

from segment_pendo.base.json_diff import changes
from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import SdkRequest

PYTHON = RECORDINGS / "segment-analytics-python.jsonl"


def check(*arguments: object, ci: str = "") -> Result:
    return CliRunner(env={"CI": ci}).invoke(main, ["check", *map(str, arguments)])


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    return Path(shutil.copy(PYTHON, tmp_path / "golden.jsonl"))


def edit(path: Path, number: int, **changed: object) -> None:
    lines = path.read_text("utf-8").splitlines(keepends=True)
    lines[number - 1] = json.dumps({**json.loads(lines[number - 1]), **changed}) + "\n"
    path.write_text("".join(lines), "utf-8")


def test_the_goldens_are_as_they_were_recorded() -> None:
    done = check(*sorted(RECORDINGS.glob("*.jsonl")))
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith("0 of ")


def test_every_kind_of_difference_is_named(golden: Path) -> None:
    call = json.loads(golden.read_text("utf-8").splitlines()[2])["call"]
    edit(golden, 3, call={**call, "traits": {"plan": "gold"}})
    edit(golden, 5, outcome="skipped", code="id_not_string", body=None)
    edit(golden, 7, findings=["NUMBER_CHANGED"])
    edit(golden, 23, code="no_group_id")
    done = check(golden)
    assert done.exit_code == 1
    for words in (
        'golden.jsonl:3: identify user 97980cfea0067: $.traits.plan: recorded "premium", now "gold" [W-20: ',
        "$.traits.logins: recorded 5, now (absent)",
        "golden.jsonl:5: identify user u-hard: outcome: recorded skipped, now webhook",
        "code: recorded id_not_string, now (absent)",
        "golden.jsonl:7: identify: findings: recorded (absent), now ANON_IDENTIFY [There is no userId",
        "findings: recorded NUMBER_CHANGED, now (absent)",
        (
            "golden.jsonl:23: track user AiUGstSDIg: code: recorded no_group_id, now "
            "NO_MATCHING_MAPPING [Pendo takes track calls only"
        ),
    ):
        assert words in done.stdout, words
    assert "4 of 12 recorded calls differ." in done.stderr


def test_bytes_that_mean_the_same_differ_too(golden: Path) -> None:
    line = json.loads(golden.read_text("utf-8").splitlines()[2])
    edit(golden, 3, body=line["body"].replace('"plan":"premium","logins":5', '"logins":5,"plan":"premium"'))
    done = check(golden)
    assert done.exit_code == 1
    assert "golden.jsonl:3: identify user 97980cfea0067: body, character " in done.stdout
    assert "[W-28: " in done.stdout


def test_update_rewrites_only_what_differs_and_never_in_ci(golden: Path) -> None:
    before = golden.read_bytes()
    edit(golden, 3, findings=[])
    edit(golden, 7, findings=["X"])
    edited = golden.read_bytes()
    refused = check(golden, "--update", ci="true")
    assert (refused.exit_code, golden.read_bytes()) == (7, edited)
    assert "CI must not" in refused.output
    done = check(golden, "--update")
    assert done.exit_code == 0
    assert golden.read_bytes() == before
    assert [path.name for path in golden.parent.iterdir()] == ["golden.jsonl"]


def test_fail_on_objects_to_findings() -> None:
    assert check(PYTHON, "--fail-on", "error").exit_code in {0, 1}
    done = check(PYTHON, "--fail-on", "warning")
    assert done.exit_code == 1
    assert "warning NESTED_IGNORED at $.traits.address" in done.stdout
    assert "0 of 12 recorded calls differ; --fail-on warning objects to" in done.stderr


def test_the_reports_can_be_read(golden: Path) -> None:
    edit(golden, 3, findings=["A|<b>\0"])
    root = ET.fromstring(check(golden, "--report", "junit").stdout)
    (suite,) = root
    assert (suite.get("tests"), suite.get("failures")) == ("12", "1")
    (failure,) = suite.iter("failure")
    assert "findings: recorded A|<b>" in str(failure.get("message"))
    rows = [json.loads(line) for line in check(golden, "--report", "ndjson").stdout.splitlines()]
    assert [len(row["differences"]) for row in rows] == [2, *[0] * 11]
    assert rows[0].keys() >= {
        "file",
        "line",
        "index",
        "type",
        "user",
        "outcome",
        "code",
        "body",
        "findings",
        "differences",
    }
    markdown = check(golden, "--report", "markdown").stdout.splitlines()
    assert markdown[0] == "### segment-pendo check: 1 of 12 recorded calls"
    assert all(line.count(" | ") == 2 for line in markdown[4:])


def test_what_is_no_recording_is_an_error(tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"type": "identify"}\n')
    done = check(other)
    assert done.exit_code == 3
    assert f"{other}:1: this is not a recording" in done.output


def test_a_request_that_brings_other_calls_now_is_an_error(golden: Path) -> None:
    request = json.loads(golden.read_text("utf-8").splitlines()[1])["request"]
    edit(golden, 2, request={**request, "path": "/v1/m"})
    done = check(golden)
    assert done.exit_code == 3
    assert "golden.jsonl: line 2: the calls after this request cannot have come with it" in done.output


def test_changes_between_values() -> None:
    before = {"a": [1, {"b": None}], "c": 1.0, "d": "x", "f": {}}
    after = {"a": [1, {"b": 0}, 2], "c": 1, "e": "x", "f": []}
    assert list(changes(before, after)) == [  # type: ignore[arg-type]
        (("a", 1, "b"), "null", "0"),
        (("a", 2), "(absent)", "2"),
        (("c",), "1.0", "1"),
        (("d",), '"x"', "(absent)"),
        (("f",), "{}", "[]"),
        (("e",), "(absent)", '"x"'),
    ]


def test_refused_requests_are_checked_and_objected_to(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    recorder = Recorder(file, setup=Setup())
    for number, body in enumerate((b'{"userId":"u"}', b"{", b'{"a":"' + b"x" * 40_000 + b'"}')):
        request = SdkRequest("POST", "/v1/identify", body=body)
        recorder.take(assess(request, id=str(number), at=datetime(2024, 5, 9, tzinfo=UTC), setup=Setup()))
    recorder.close()
    good = check(file)
    assert (good.exit_code, good.stdout) == (0, "")
    assert good.stderr == "0 of 3 recorded calls and requests differ.\n"
    objected = check(file, "--fail-on", "error")
    assert objected.exit_code == 1
    assert "r.jsonl:4: request POST /v1/identify: error bad_json at $: " in objected.stdout
    assert "r.jsonl:5: request POST /v1/identify: error too_large at $: " in objected.stdout
    for report in ("junit", "markdown", "ndjson"):
        assert "too_large" in check(file, "--fail-on", "error", "--report", report).stdout
    for wrong in (None, {"status": 400, "code": "mine"}):
        edit(file, 4, refused=wrong)
        done = check(file)
        assert done.exit_code == 1
        assert "r.jsonl:4: request POST /v1/identify: refused" in done.stdout


def test_a_file_without_any_call_is_no_proof(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    Recorder(file, setup=Setup()).close()
    done = check(file)
    assert (done.exit_code, done.stderr) == (
        1,
        f"{file} does not contain calls, so there is nothing to check.\n",
    )


def test_hooks_pass_over_files_that_are_not_recordings(tmp_path: Path, golden: Path) -> None:
    foreign = tmp_path / "training.jsonl"
    foreign.write_text('{"prompt":"ann@initech-mail.co"}\n')
    hooks = (Path(__file__).parents[3] / ".pre-commit-hooks.yaml").read_text()
    entries = re.findall(r"entry: segment-pendo (.*)", hooks)
    assert len(entries) == 2
    for entry in entries:
        assert CliRunner().invoke(main, [*entry.split(), str(foreign)]).exit_code == 0
        both = CliRunner().invoke(main, [*entry.split(), str(foreign), str(golden)])
        assert str(foreign) not in both.output
    edit(golden, 3, findings=["X"])
    assert check("--only-recordings", foreign, golden).exit_code == 1
    assert check(foreign).exit_code == 3

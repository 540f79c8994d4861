"""Recordings from and to other programs, and several in one."""

import gzip
import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from make_fixtures import RECORDINGS, SDK
from recorded import calls_of
from suites import PLAIN

from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.files import load
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import SdkRequest

GOLDENS = sorted(RECORDINGS.glob("*.jsonl"))


def recording(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["recording", *map(str, arguments)])


def sendable(path: Path) -> list[Any]:
    return [one for entry in load(path) for one in entry.calls if entry.calls]


@pytest.mark.parametrize(
    "path", [golden for golden in GOLDENS if golden.name != "rare.jsonl"], ids=lambda path: path.name
)
def test_an_http_archive_brings_the_same_calls_back(path: Path, tmp_path: Path) -> None:
    archive, out = tmp_path / "a.har", tmp_path / "r.jsonl"
    archive.write_text(recording("export", path, "--as", "har").stdout, "utf-8")
    done = recording("import", archive, "-o", out)
    assert done.exit_code == 0, done.output
    assert [(one.call, one.outcome, one.findings) for one in calls_of(out)] == [
        (one.call, one.outcome, one.findings) for one in sendable(path)
    ]


def test_an_archive_of_events_maps_as_it_did(tmp_path: Path) -> None:
    events = [
        json.loads(one.body)
        for path in GOLDENS
        if path.name != "rare.jsonl"
        for one in calls_of(path)
        if one.body
    ]
    source, out = tmp_path / "a.gz", tmp_path / "r.jsonl"
    source.write_bytes(
        gzip.compress("".join(json.dumps(event) + "\n" for event in events).encode("utf-8", "surrogatepass"))
    )
    done = recording("import", source, "-o", out)
    assert done.exit_code == 0, done.output
    made = [json.loads(one.body) for one in calls_of(out) if one.body]
    assert len(made) == len(events)
    for event, body in zip(events, made, strict=True):
        server_made = {
            "writeKey",
            "channel",
            "context",
            "timestamp",
        }  # an archive holds sentAt in milliseconds: timestamps may be one off
        assert {k: v for k, v in body.items() if k not in server_made} == {
            k: v for k, v in event.items() if k not in server_made
        }


def test_captured_requests_become_a_recording(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    done = recording(
        "import", SDK / "analytics-go-3.0.0.jsonl", "-o", out, "--segment-host", "127.0.0.1:39999"
    )
    assert done.exit_code == 0, done.output
    assert len(calls_of(out)) > 20
    assert CliRunner().invoke(main, ["check", str(out)]).exit_code == 0


def test_a_curl_script_says_what_it_sends(tmp_path: Path) -> None:
    script = recording("export", RECORDINGS / "analytics-ruby.jsonl", "--as", "curl").stdout
    file = tmp_path / "send.sh"
    file.write_text(script, "utf-8")
    assert subprocess.run(["sh", "-n", file]).returncode == 0
    lines = [line for line in script.splitlines() if line.startswith("curl ")]
    assert len(lines) == sum(bool(entry.calls) for entry in load(RECORDINGS / "analytics-ruby.jsonl"))
    assert all('"$url"/v1/import' in line for line in lines)


def test_merged_recordings_hold_what_means_the_same_once(tmp_path: Path) -> None:
    source, out = RECORDINGS / "segment-analytics-python.jsonl", tmp_path / "all.jsonl"
    again = Path(shutil.copy(source, tmp_path / "again.jsonl"))
    other = RECORDINGS / "analytics-ruby.jsonl"
    done = recording("merge", source, again, other, "-o", out)
    assert done.exit_code == 0, done.output
    assert len(calls_of(out)) == len(calls_of(source)) + len(calls_of(other))
    times = [entry.at for entry in load(out) if entry.at]
    assert times == sorted(times)
    assert CliRunner().invoke(main, ["check", str(out)]).exit_code == 0
    assert recording("merge", source, "-o", out).exit_code == 3, "an existing file is not written over"
    assert recording("merge", out, "-o", out).exit_code == 0


def test_only_what_was_made_alike_is_merged(tmp_path: Path) -> None:
    done = recording(
        "merge", RECORDINGS / "analytics-go.jsonl", RECORDINGS / "rare.jsonl", "-o", tmp_path / "x.jsonl"
    )
    assert done.exit_code == 3
    assert "rare.jsonl was recorded or redacted with other settings" in done.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.har", b"{", "line 1: This is not JSON"),
        ("a.har", b'{"log":{}}', "it has no log.entries"),
        ("a.jsonl", b'{"a": 1}\n', "line 1: this object has no type"),
        ("a.jsonl", b'{"type": "identify"}\n{', "line 2: This is not JSON"),
        ("a.gz", b"\x1f\x8b123", "its gzip is damaged"),
    ],
)
def test_what_cannot_be_imported_is_said(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    source = tmp_path / name
    source.write_bytes(content)
    done = recording("import", source, "-o", tmp_path / "r.jsonl")
    assert done.exit_code == 3
    assert f"{source} cannot be imported: {words}" in done.stderr


def test_a_test_file_says_what_comes_and_what_pendo_holds_and_can_fail(pytester: pytest.Pytester) -> None:
    for path in GOLDENS:
        text = recording("export", path, "--as", "pytest").stdout
        pytester.makepyfile(**{f"test_{path.stem.replace('-', '_')}": text})
    pytester.runpytest_inprocess(*PLAIN).assert_outcomes(passed=len(GOLDENS))
    (file,) = pytester.path.glob("test_*python.py")
    text = file.read_text("utf-8")
    for old in (
        "identify(user='u-bare')",
        "'employees': 329",
        "assert segment_pendo.visitor('u-bare') == {'id': 'u-bare', 'acc",
    ):
        assert old in text
        file.write_text(
            text.replace(old, old.replace("u-bare'", "other'", 1).replace("329", "330"), 1), "utf-8"
        )
        pytester.runpytest_inprocess(*PLAIN, "-o", "segment_pendo_timeout=0.1", file.name).assert_outcomes(
            failed=1
        )


def test_the_options_of_a_recording_become_those_of_its_test(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    setup = Setup(track=True, pendo_track=False, webhook="classic").like(
        {"track": True, "webhook": "classic", "assume": {"nested": "underscore"}}
    )
    made = Recorder(out, setup=setup)
    made.take(
        assess(
            SdkRequest("POST", "/v1/track", body=b'{"userId": "u", "event": "E"}'),
            id="r",
            at=datetime.now(UTC),
            setup=setup,
        )
    )
    made.close()
    text = recording("export", out, "--as", "pytest").stdout
    assert (
        "@pytest.mark.segment_pendo(track=True, webhook='classic', assume={'nested': 'underscore'})" in text
    )
    assert "        track('E', user='u')," in text

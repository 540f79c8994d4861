"""The committed fixtures: requests as real SDKs sent them, and recordings made of them."""

import json
from pathlib import Path

import make_fixtures
import pytest

from segment_pendo.mapping import catalogue
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import ACROSS
from segment_pendo.recordings.files import load
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.reading.mapped_file import Options, mapped
from segment_pendo.words import Webhook


def test_every_call_of_every_sdk_meets_the_written_expectation() -> None:
    expected = json.loads((make_fixtures.SDK / "expected.json").read_text("utf-8"))
    assert len(expected) == 9
    assert make_fixtures.expectations() == expected


def test_every_refusal_of_real_traffic_is_one_of_segments() -> None:
    expected = json.loads((make_fixtures.SDK / "expected.json").read_text("utf-8"))
    refused = {
        kind
        for verdicts in expected.values()
        for verdict in verdicts.values()
        for kind in verdict
        if kind.startswith("refused")
    }
    assert refused == {"refused 400 bad_json", "refused 400 too_large", "refused 200 empty_batch"}


@pytest.mark.parametrize("name", make_fixtures.MADE_OF)
def test_a_recording_is_made_of_the_requests_it_says(name: str, tmp_path: Path) -> None:
    make_fixtures.record(name, tmp_path / name)
    assert (tmp_path / name).read_bytes() == (make_fixtures.RECORDINGS / name).read_bytes()


@pytest.mark.parametrize("name", make_fixtures.MADE_OF)
def test_a_recordings_requests_map_to_its_webhooks(name: str) -> None:
    entries = list(load(make_fixtures.RECORDINGS / name))
    recorded = [one.body for entry in entries for one in entry.calls]
    judge = Judge(Setup())
    made = [
        j.outcome.body.decode() if isinstance(j.outcome, Webhook) else None
        for entry in entries
        for j in judge.entry(entry)
    ]
    assert any(recorded)
    assert made == recorded


@pytest.mark.parametrize("path", sorted(make_fixtures.SDK.glob("*.jsonl")), ids=lambda path: path.name)
def test_map_gives_one_row_for_each_call_and_errors_only_for_refusals(path: Path) -> None:
    expected = json.loads((make_fixtures.SDK / "expected.json").read_text("utf-8"))[path.name]
    made = [one.row() for one in mapped(path.read_bytes(), Options(make_fixtures.RECEIVED, Setup()))]
    calls = sum(
        n for verdict in expected.values() for kind, n in verdict.items() if not kind.startswith("refused")
    )
    refusals = sum(
        n for verdict in expected.values() for kind, n in verdict.items() if kind.startswith("refused")
    )
    assert sum("error" not in row for row in made) == calls
    assert sum("error" in row for row in made) == refusals


def test_the_recording_of_what_is_rare_is_made_again(tmp_path: Path) -> None:
    make_fixtures.record_rare(tmp_path / make_fixtures.RARE)
    assert (tmp_path / make_fixtures.RARE).read_bytes() == (
        make_fixtures.RECORDINGS / make_fixtures.RARE
    ).read_bytes()


# Codes that no recording of ours holds: a call of 33 KB would be all that its reader sees.
ELSEWHERE = {"message_too_large"}


def test_the_recordings_show_every_outcome_and_every_finding() -> None:
    codes = {
        code
        for code, known in (catalogue.FINDINGS | catalogue.DROPS).items()
        if known.example and known.shown_by == "explain"
    } - ACROSS | {"WRITE_KEYS_DIFFER"}
    shown: set[str] = set()
    for path in make_fixtures.RECORDINGS.glob("*.jsonl"):
        for entry in load(path):
            for one in entry.calls:
                shown |= {*one.findings, one.code or "webhook"}
    assert codes - shown == ELSEWHERE
    assert "webhook" in shown

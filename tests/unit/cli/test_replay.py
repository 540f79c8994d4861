"""`replay`: what it says before it sends."""

from datetime import UTC, datetime
from pathlib import Path

from click.testing import CliRunner

from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import SdkRequest


def test_requests_that_were_refused_are_reported_as_not_sent(tmp_path: Path) -> None:
    file = tmp_path / "r.jsonl"
    recorder = Recorder(file, setup=Setup())
    for number, body in enumerate((b'{"userId":"u"}', b"{")):
        request = SdkRequest("POST", "/v1/identify", body=body)
        recorder.take(assess(request, id=str(number), at=datetime(2024, 5, 9, tzinfo=UTC), setup=Setup()))
    recorder.close()
    for way in ([], ["--at", "http://127.0.0.1:9"]):
        done = CliRunner().invoke(main, ["replay", str(file), "--dry-run", *way])
        assert done.exit_code == 0
        assert done.stdout.startswith("1 webhook" if not way else "1 request")
        assert done.stderr == f"1 request was refused when {file} was recorded, and cannot be sent again.\n"


def test_where_no_line_fits_the_nearest_is_named(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text('{"type": "identify", "userId": "ann", "traits": {"plan": "pro"}}\n')
    for words, near in (
        (["--user", "anna"], "; nearest: user=ann."),
        (["--only", "trait=plann"], "; nearest: trait=plan."),
        (["--only", "type=page"], "became a webhook."),
    ):
        for way in ([], ["--at", "http://127.0.0.1:9", "--as", "node"]):
            done = CliRunner().invoke(main, ["replay", str(file), *words, *way])
            assert (done.exit_code, near in done.stderr) == (1, True), done.stderr

"""`archive`: what it says before it sends anything, and to whom it does not send."""

from pathlib import Path

import archives
import pytest
from click.testing import CliRunner, Result

from segment_pendo.cli import main

KEY = "0123abcd-0000-1111-2222-0123456789ab"


def backfill(folder: Path, *options: str, key: str = KEY) -> Result:
    """Work of its own for each test, below its folder."""
    line = ["archive", "backfill", str(folder), "--work", str(folder.parent / "work"), *options]
    return CliRunner().invoke(main, line, env={"SEGMENT_PENDO_API_KEY": key, "CI": ""})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return archives.write(tmp_path / "logs", 60, people=10, parts=2)


def test_a_real_pendo_gets_nothing_without_yes(folder: Path) -> None:
    done = backfill(folder, "--to", "eu")
    assert done.exit_code == 7
    assert done.stdout.endswith(" for data.eu.pendo.io\n")
    assert "Nothing was sent: data.eu.pendo.io is a real Pendo" in done.stderr
    assert KEY not in done.output


def test_in_ci_yes_is_not_enough_for_a_real_pendo(folder: Path) -> None:
    line = ["archive", "backfill", str(folder), "--to", "eu", "--yes"]
    done = CliRunner().invoke(main, line, env={"SEGMENT_PENDO_API_KEY": KEY, "CI": "true"})
    assert done.exit_code == 7
    assert "--allow-production" in done.stderr


def test_a_dry_run_needs_no_key_and_ends_with_0(folder: Path) -> None:
    done = backfill(folder, "--to", "us", "--dry-run", "--rate", "2", key="")
    assert done.exit_code == 0
    events, *_, calls = done.stdout.splitlines()
    assert events.startswith("60 events, ")
    assert calls.endswith(" for data.pendo.io, in 12 s or more")


def test_strict_stops_at_a_damaged_part(folder: Path) -> None:
    (folder / "cut.gz").write_bytes(b"\x1f\x8b\x08")
    done = backfill(folder, "--to", "us", "--dry-run")
    assert done.exit_code == 1
    assert "1 error damaged, the first at cut.gz:1" in done.stderr
    done = backfill(folder, "--to", "us", "--dry-run", "--strict")
    assert done.exit_code == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--yes"], "--to is missing"),
        (["--to", "mars"], "--to: the destination must be one of"),
        (["--to", "us", "--verify", "5", "--yes"], "--verify sends nothing"),
        (["--to", "us", "--assume", "repeats=dropped", "--dry-run"], "repeats=dropped"),
    ],
)
def test_what_does_not_go_together_is_refused(folder: Path, options: list[str], says: str) -> None:
    done = backfill(folder, *options)
    assert done.exit_code in {2, 3}
    assert says in done.stderr


def test_a_function_is_refused(folder: Path) -> None:
    (folder.parent / "f.js").write_text("async function onIdentify(event) { return event }")
    (folder.parent / "d.json").write_text('{"function": "f.js"}')
    done = backfill(folder, "--to", "us", "--dry-run", "--destination", str(folder.parent / "d.json"))
    assert done.exit_code == 3
    assert "insert function" in done.stderr

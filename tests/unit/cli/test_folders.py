"""Files that cannot be made where an option puts them: the error says why, and blames nobody else."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from segment_pendo.cli import main

NONE = pytest.mark.skipif(
    sys.platform != "linux", reason="needs a folder in which even root can make nothing"
)


def said(*options: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["run", "--port", "0", "--no-proxy", *options, "--", "true"])
    return done.exit_code, done.stderr


@NONE
def test_a_folder_that_takes_no_file() -> None:
    why = "the folder /proc takes no file (No such file or directory). Give another file.\n"
    assert said("--record", "/proc/x.jsonl") == (3, f"Error: /proc/x.jsonl cannot be written: {why}")
    assert said("--store", "/proc/x.db") == (4, f"Error: the store /proc/x.db cannot be used: {why}")


@NONE
def test_a_folder_that_cannot_be_made() -> None:
    why = "the folder /proc/a cannot be made (No such file or directory). Give another file.\n"
    assert said("--store", "/proc/a/x.db") == (4, f"Error: the store /proc/a/x.db cannot be used: {why}")


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path.resolve() / "none" / "r.jsonl"
    why = f"there is no folder {file.parent}. Give another file.\n"
    assert said("--record", str(file)) == (3, f"Error: {file} cannot be written: {why}")


def test_a_store_that_is_there_can_be_moved_away(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_bytes(b"notes")
    why = "it is not an SQLite database. Give another file, or move this one away.\n"
    assert said("--store", str(file)) == (4, f"Error: the store {file} cannot be used: {why}")

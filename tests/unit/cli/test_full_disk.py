"""A full disk while a verb writes: it is told as such, and nothing half-made stays behind."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from full_disk import files_end_at

from segment_pendo.cli import main

CALL = '{"type":"identify","userId":"u-1","traits":{"email":"ann@example.com","plan":"pro"}}\n'


def invoke(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("calls.jsonl").write_text(CALL * 20, "utf-8")
    return tmp_path


def names(directory: Path) -> set[str]:
    return {file.name for file in directory.iterdir()}


@pytest.mark.parametrize("size", [0, 10, 3000], ids=["its lock", "its header", "a call"])
def test_an_import_leaves_nothing_behind(here: Path, size: int) -> None:
    with files_end_at(size):
        done = invoke("recording", "import", "-o", "r.jsonl", "calls.jsonl")
    assert (done.exit_code, "r.jsonl cannot be written: File too large." in done.stderr) == (3, True)
    assert names(here) == {"calls.jsonl"}


def test_an_import_leaves_the_older_recording(here: Path) -> None:
    assert invoke("recording", "import", "-o", "r.jsonl", "calls.jsonl").exit_code == 0
    before = Path("r.jsonl").read_bytes()
    with files_end_at(3000):
        assert invoke("recording", "import", "-o", "r.jsonl", "calls.jsonl").exit_code == 3
    assert (Path("r.jsonl").read_bytes(), names(here)) == (before, {"calls.jsonl", "r.jsonl"})


def test_a_key_of_pseudonyms_is_whole_or_not_there(here: Path) -> None:
    (here / ".git").mkdir()
    assert invoke("recording", "import", "-o", "r.jsonl", "calls.jsonl").exit_code == 0
    before = Path("r.jsonl").read_bytes()
    with files_end_at(30):
        done = invoke("recording", "redact", "r.jsonl")
    assert (done.exit_code, "r.jsonl cannot be rewritten: File too large." in done.stderr) == (3, True)
    assert (Path("r.jsonl").read_bytes(), names(here)) == (before, {".git", "calls.jsonl", "r.jsonl"})
    with files_end_at(30):  # room for .gitignore, none for the key
        done = invoke(
            "run", "--port", "0", "--no-proxy", "--record", "s.jsonl", "--redact", "people", "--", "true"
        )
    said = "key file .segment-pendo-key cannot be used: File too large."
    assert (done.exit_code, said in done.stderr, ".segment-pendo-key" in names(here)) == (3, True, False)
    assert invoke("recording", "redact", "r.jsonl").exit_code == 0
    assert Path(".gitignore").read_text("ascii").split() == [".segment-pendo-key"]


def test_a_ready_file_leaves_no_part_of_it(here: Path) -> None:
    with files_end_at(10):
        done = invoke("run", "--no-proxy", "--port", "0", "--ready-file", "ready.json")
    assert (done.exit_code, "ready file ready.json cannot be written" in done.stderr) == (4, True)
    assert names(here) == {"calls.jsonl"}


@pytest.mark.parametrize(
    "words",
    [
        ["map", "calls.jsonl"],
        ["explain", "calls.jsonl"],
        ["races", "--format", "json", "calls.jsonl"],
        ["state", "show", "--from", "calls.jsonl"],
        ["finding"],
    ],
    ids=" ".join,
)
def test_an_output_that_takes_no_more_is_told(words: Sequence[str]) -> None:
    with Path("/dev/full").open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "segment_pendo", *words],
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 4
    assert done.stderr.decode() == "Error: the output cannot be written: No space left on device.\n"


def test_a_part_that_can_be_neither_made_nor_removed_is_told(here: Path) -> None:
    # As on a disk that can only be read: each file is written beside its place, under a longer name.
    name = "r" * 253
    assert invoke("recording", "import", "-o", "r.jsonl", "calls.jsonl").exit_code == 0
    merged = invoke("recording", "merge", "-o", name, "r.jsonl")
    assert (merged.exit_code, "cannot be rewritten: File name too long." in merged.stderr) == (3, True)
    ready = invoke("run", "--no-proxy", "--port", "0", "--ready-file", name)
    assert (ready.exit_code, "cannot be written: File name too long." in ready.stderr) == (4, True)
    assert names(here) == {"calls.jsonl", "r.jsonl"}

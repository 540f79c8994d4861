"""A reader that has gone, as `| head` does: no verb says a word, or blames a file for it."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.store import Store
from segment_pendo.words import SdkRequest

CALL = '{"type":"identify","userId":"u-1","traits":{"plan":"pro"}}\n'
PENDING = [
    ["pending", "list", "--store", "store.sqlite3"],
    ["pending", "list", "--store", "store.sqlite3", "--format", "ndjson"],
    ["pending", "show", "--store", "store.sqlite3", "r.0"],
]
VERBS = [
    *PENDING,
    ["pending", "list", "--store", "none.sqlite3"],
    ["store", "show", "--store", "store.sqlite3"],
    ["store", "path"],
    ["status"],
    ["init", "-"],
    ["config", "show"],
    ["config", "show", "--format", "json"],
    ["map", "calls.jsonl"],
    ["explain", "calls.jsonl"],
    ["why", "u-1", "--from", "calls.jsonl"],
    ["races", "--format", "json", "calls.jsonl"],
    ["state", "show", "--from", "calls.jsonl"],
    ["plan", "infer", "calls.jsonl"],
    ["replay", "--dry-run", "calls.jsonl"],
    ["finding"],
    ["finding", "IDENTIFY_NO_ACCOUNT"],
    ["completion", "bash"],
    ["addon"],
    ["--help"],
]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "calls.jsonl").write_text(CALL * 3, "ascii")
    body = json.dumps({"batch": [json.loads(CALL)] * 3, "writeKey": "KEY"}).encode()
    with closing(
        Store(tmp_path / "store.sqlite3", setup=Setup(), destination="eu.test", fingerprint="f")
    ) as store:
        request = SdkRequest("POST", "/v1/batch", body=body)
        store.take(assess(request, id="r", at=datetime(2024, 5, 9, tzinfo=UTC), setup=Setup()))
    return tmp_path


def said(words: Sequence[str], output: int, here: Path) -> tuple[int, str]:
    """Return how a verb ends that writes to `output`, and what it says on stderr."""
    done = subprocess.run(
        [sys.executable, "-m", "segment_pendo", *words],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        cwd=here,
        env={**os.environ, "XDG_STATE_HOME": str(here / "state")},
        timeout=60,
    )
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_reader_that_has_gone_ends_it_without_a_word(words: list[str], here: Path) -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        assert said(words, theirs, here) == (1, "")
    finally:
        os.close(theirs)


@pytest.mark.parametrize("words", PENDING, ids=" ".join)
def test_a_store_is_not_blamed_for_an_output_that_takes_no_more(words: list[str], here: Path) -> None:
    with Path("/dev/full").open("wb") as output:
        ended = said(words, output.fileno(), here)
    assert ended == (4, "Error: the output cannot be written: No space left on device.\n")

"""The functions of segment_pendo.archive, and that any engine can run them."""

import gzip
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial, reduce
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from archives import fold_part

from segment_pendo import archive
from segment_pendo.archive.state import state
from segment_pendo.explain.records import as_state
from segment_pendo.mapping import destination_file
from segment_pendo.mapping.setup import Setup, SetupError

DAY = "2026-02-0{}T03:00:00.000Z"


def line(day: int, **event: Any) -> bytes:
    return json.dumps({"type": "identify", "receivedAt": DAY.format(day), **event}).encode() + b"\n"


def test_the_event_that_was_received_last_counts_whatever_is_read_first() -> None:
    setup = Setup()
    new = archive.fold(archive.webhooks([line(2, userId="ann", traits={"plan": "pro"})], setup, part="2.gz"))
    old = archive.fold(
        archive.webhooks([line(1, userId="ann", traits={"plan": "free", "name": "Ann"})], setup, part="1.gz")
    )
    known: Any = state(archive.merge(new, old))
    assert known["visitors"]["ann"]["metadata"]["segmentio"] == {"name": "Ann", "plan": "pro"}
    assert known["visitors"]["ann"]["history"]["fields"]["plan"][0]["call"] == "2.gz:1"
    assert as_state(known) is not None


def test_rows_are_those_of_map_and_name_their_part() -> None:
    deletion = line(1, type="delete", userId="ann")
    lines = [line(1, userId="ann", traits={"plan": "pro"}), b"no JSON\n", deletion]
    rows = [row.row() for row in archive.webhooks(lines, Setup(), part="1.gz")]
    assert [(row["file"], row["line"]) for row in rows] == [("1.gz", 1), ("1.gz", 2), ("1.gz", 3)]
    assert [row.get("outcome") for row in rows] == ["webhook", None, "skipped"]
    assert rows[1]["error"]


def test_a_process_pool_comes_to_the_same_records(tmp_path: Path) -> None:
    for number in range(3):
        path = tmp_path / f"{number}.gz"
        path.write_bytes(gzip.compress(line(3 - number, userId="ann", traits={"plan": number})))
    paths, file = sorted(map(str, tmp_path.iterdir())), destination_file.of({"consent": None}, "it")
    setup = Setup.of(destination=file)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        partials = [*pool.map(partial(fold_part, setup=setup), paths)]
    alone = [fold_part(path, setup) for path in paths]
    assert reduce(archive.merge, partials) == reduce(archive.merge, alone)
    known: Any = state(reduce(archive.merge, partials))
    assert known["visitors"]["ann"]["metadata"]["segmentio"] == {"plan": 0}


def test_an_event_without_a_time_comes_before_all_others() -> None:
    untimed = b'{"type": "identify", "userId": "ann", "traits": {"plan": "old"}}\n'
    rows = [*archive.webhooks([line(1, userId="ann", traits={"plan": "new"}), untimed], Setup())]
    known: Any = state(archive.fold(rows))
    assert known["visitors"]["ann"]["metadata"]["segmentio"] == {"plan": "new"}


def test_an_assumption_that_needs_all_earlier_events_is_refused() -> None:
    with pytest.raises(SetupError, match="repeats=dropped"):
        next(archive.webhooks([], Setup.of(assume={"repeats": "dropped"})))


def test_the_public_names_are_those_that_are_documented() -> None:
    assert set(archive.__all__) == {"Order", "Partial", "Row", "fold", "merge", "webhooks"}

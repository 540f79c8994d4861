"""Ranges of keys: put together one by one, they are the whole, wherever their bounds are."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.archive import kept
from segment_pendo.archive.order import Order
from segment_pendo.archive.partial import Partial
from segment_pendo.archive.ranges import Range, merged, ranges
from segment_pendo.archive.record import Cell, Record
from segment_pendo.archive.report import Report
from segment_pendo.words import Json

IDS = st.text(max_size=3) | st.sampled_from(["a\n", '"', "\ud800", "\U0001f600", "\uffff", "__proto__", "1"])
KEYS = st.tuples(st.sampled_from(["account", "visitor"]), IDS)


def written(path: Path, ids: list[str], at: int, value: Json) -> Path:
    """A file with a visitor and an account of each id, of which each has one field."""
    order = Order(at, path.name, 1)
    partial = Partial()
    for records in (partial.visitors, partial.accounts):
        records |= {id: Record(order, {path.name: Cell(order, value), "last": Cell(order, at)}) for id in ids}
    kept.keep(path, partial, Report())
    return path


@given(st.lists(st.lists(IDS, max_size=9), min_size=1, max_size=4), st.lists(KEYS, max_size=4))
def test_wherever_the_bounds_are_the_ranges_are_the_whole(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[str]], bounds: list[kept.Key]
) -> None:
    folder = tmp_path_factory.mktemp("files")
    # lines of different lengths, so that the middle of a file is now here, now there
    paths = [written(folder / f"{at}", ids, at, "x" * 40 * at) for at, ids in enumerate(files)]
    whole = [*merged(paths, Range())]
    assert [(entry.kind, entry.id) for entry in whole] == sorted(
        (kind, id) for kind in ("account", "visitor") for id in {id for ids in files for id in ids}
    )
    for entry in whole:
        last = max(at for at, ids in enumerate(files) if entry.id in ids)
        assert entry.record.fields["last"].value == last
        assert len(entry.record.fields) == 1 + sum(entry.id in ids for ids in files)
    cut = [Range(*pair) for pair in pairwise([None, *sorted(set(bounds)), None])]
    assert [entry for within in cut for entry in merged(paths, within)] == whole
    for within in cut:
        for kind, id, _ in merged(paths, within):
            assert within.first is None or (kind, id) >= within.first
            assert within.end is None or (kind, id) < within.end


def test_files_that_are_small_are_one_range(tmp_path: Path) -> None:
    assert ranges([]) == [Range()]
    assert ranges([written(tmp_path / "small", ["a", "b"], 1, 0)]) == [Range()]


def test_large_files_are_cut_into_ranges_of_about_the_same_size(tmp_path: Path) -> None:
    ids = [f"{number:04}" for number in range(600)]
    one = written(tmp_path / "one", ids, 1, "x" * 3000)
    other = written(tmp_path / "other", ids[:300], 2, "y" * 9000)
    cut = ranges([one, other])
    assert (cut[0].first, cut[-1].end) == (None, None)
    assert all(one.end == other.first for one, other in pairwise(cut))
    sizes = [sum(len(str(entry)) for entry in merged([one, other], within)) for within in cut]
    assert len(sizes) == 4
    assert max(sizes) < 1.5 * sum(sizes) / len(sizes)
    assert ranges([one, other]) == cut, "each time the same"


def test_one_record_that_is_larger_than_a_range_is_in_one(tmp_path: Path) -> None:
    path = written(tmp_path / "one", ["big"], 1, "x" * 5_000_000)
    found = [entry.kind for within in ranges([path]) for entry in merged([path], within)]
    assert found == ["account", "visitor"]

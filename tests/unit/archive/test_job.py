"""A job on the parts of an archive: what is kept, what is read again, what is damaged."""

import gzip
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import archives
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo import archive
from segment_pendo.archive import kept
from segment_pendo.archive.engine import Here, Pool
from segment_pendo.archive.job import Done, Engine, Job
from segment_pendo.archive.ranges import Range, merged
from segment_pendo.archive.record import Record
from segment_pendo.archive.report import Report
from segment_pendo.archive.source import ArchiveError, Piece, pieces
from segment_pendo.archive.whole import Whole
from segment_pendo.base import js_json
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import JsonObject


def records(folder: Path, work: Path, engine: Engine | None = None) -> tuple[list[kept.Entry], kept.Head]:
    with engine or Here() as runs:
        whole = Whole(*Job(Setup(), work).records(runs, pieces(str(folder)), lambda _done: None))
    return [*whole.entries()], whole.head


def test_one_process_and_two_come_to_the_same(tmp_path: Path) -> None:
    folder = archives.write(tmp_path / "logs", 300, people=20, parts=5)
    alone = records(folder, tmp_path / "one")
    assert records(folder, tmp_path / "two", Pool(2)) == alone
    assert len(alone[0]) == 24
    assert sum(alone[1].report.types.values()) == 300


def test_many_parts_come_to_the_same_as_one(tmp_path: Path) -> None:
    few = records(archives.write(tmp_path / "few", 140, parts=1), tmp_path / "1")[0]
    many = records(archives.write(tmp_path / "many", 140, parts=70), tmp_path / "2")[0]
    assert [(entry.kind, entry.id) for entry in many] == [(entry.kind, entry.id) for entry in few]
    assert [{name: cell.value for name, cell in entry.record.fields.items()} for entry in many] == [
        {name: cell.value for name, cell in entry.record.fields.items()} for entry in few
    ]


class Backwards(Here):
    """An engine that finishes the last task first."""

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        return iter([*super().map(function, tasks)][::-1])


def test_records_of_several_files_are_in_order_whatever_is_finished_first(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for part in range(3):
        events = [
            {"type": "identify", "userId": f"{number:03}", "traits": {f"p{part}": "x" * 20_000}}
            for number in range(part, 100)
        ]
        (folder / f"{part}.jsonl").write_text("\n".join(map(json.dumps, events)))
    found = records(folder, tmp_path / "one")
    assert len([*(tmp_path / "one" / "merged").iterdir()]) > 1
    assert [entry.id for entry in found[0]] == [f"{number:03}" for number in range(100)]
    assert sorted(found[0][50].record.fields) == ["p0", "p1", "p2"]
    assert records(folder, tmp_path / "two", Backwards()) == found
    assert records(folder, tmp_path / "one", Backwards()) == found, "which are there"


FLOATS = st.floats(allow_nan=False, allow_infinity=False)  # as JSON has them


@given(st.lists(st.dictionaries(st.text(max_size=3), st.integers() | FLOATS | st.text(max_size=3))))
def test_what_is_kept_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, traits: list[object]
) -> None:
    call = {"userId": "u\ud800", "groupId": "__proto__"}
    lines = [
        json.dumps({"type": kind, **call, "traits": each}).encode()
        for each in traits
        for kind in ("identify", "group")
    ]
    rows = [*archive.webhooks(lines, Setup(), part="\udcff.gz")]
    partial, report = archive.fold(rows), Report()
    for row in rows:
        report.take(row)
    path = tmp_path_factory.mktemp("kept") / "part.jsonl"
    kept.keep(path, partial, report)
    assert kept.head_of(path).report == report
    kept.keep_entries(again := path.with_name("again.jsonl"), merged([path], Range()))
    assert again.read_bytes().splitlines()[1:] == path.read_bytes().splitlines()[1:]
    names = [("account", "__proto__"), ("visitor", "u\ud800")] if traits else []
    assert [(entry.kind, entry.id) for entry in kept.entries(path)] == names
    for entry in kept.entries(path):
        there = partial.of(entry.kind)[entry.id]
        assert js_json.write(_values(entry.record)) == js_json.write(_values(there))


def _values(record: Record) -> JsonObject:
    return {name: cell.value for name, cell in record.fields.items()}


def test_a_part_that_is_finished_is_read_again_only_if_it_changes(tmp_path: Path) -> None:
    folder = archives.write(tmp_path / "logs", 40, parts=2)
    first = records(folder, tmp_path / "work")
    (finished, _) = sorted((tmp_path / "work" / "parts").iterdir())
    before = finished.stat().st_mtime_ns
    assert records(folder, tmp_path / "work") == first
    assert finished.stat().st_mtime_ns == before
    (changed, _) = pieces(str(folder))
    Path(changed.url).write_bytes(gzip.compress(b'{"type": "identify", "userId": "new"}\n'))
    assert "new" in {entry.id for entry in records(folder, tmp_path / "work")[0]}


def test_what_was_put_together_before_a_change_is_forgotten_when_nobody_reads_it(tmp_path: Path) -> None:
    folder, work = archives.write(tmp_path / "logs", 40, parts=3), tmp_path / "work" / "merged"
    records(folder, work.parent)
    (first,) = work.iterdir()
    (folder / "more.json").write_text('{"type": "identify", "userId": "new"}\n')
    records(folder, work.parent)
    assert len([*work.iterdir()]) == 2, "another process may still read it"
    yesterday = time.time() - 2 * 24 * 3600
    for path in work.iterdir():
        os.utime(path, (yesterday, yesterday))
    assert "new" in {entry.id for entry in records(folder, work.parent)[0]}
    (second,) = work.iterdir()
    assert second != first
    assert second.stat().st_mtime > yesterday


def test_damaged_empty_cut_and_foreign_parts_are_told_and_all_else_is_there(tmp_path: Path) -> None:
    folder = archives.write(tmp_path / "logs", 40, parts=2)
    (whole, _) = sorted(folder.rglob("*.gz"))
    good = records(folder, tmp_path / "1")[0]
    (folder / "cut.gz").write_bytes(whole.read_bytes()[:-20])
    (folder / "empty.gz").write_bytes(b"")
    (folder / "foreign.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")
    (folder / "warehouse.json").write_text('{"id": "a1", "user_id": "c-1"}\n')
    (folder / "capture.json").write_text('{"method": "POST", "path": "/v1/identify", "body_b64": ""}\n')
    (folder / "no rights").symlink_to(folder / "nowhere")
    found, head = records(folder, tmp_path / "2")
    assert {(entry.kind, entry.id) for entry in found} == {(entry.kind, entry.id) for entry in good}
    errors = {code: (found.often, found.first.place) for code, found in head.report.errors.items()}
    assert errors == {
        "damaged": (2, "cut.gz:20"),
        "bad_json": (1, "foreign.png:1"),
        "not_a_call": (1, "warehouse.json:1"),
        "not_a_message": (1, "capture.json:1"),
    }


def test_a_folder_without_a_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no file in"):
        pieces(str(tmp_path))


def test_a_process_that_is_killed_costs_time_and_no_part(tmp_path: Path) -> None:
    tasks = [tmp_path / str(number) for number in range(3)]
    with Pool(2) as pool:
        assert sorted(pool.map(archives.end_once, tasks)) == tasks
        assert sorted(pool.map(archives.end_once, tasks)) == tasks, "and the pool goes on"


def test_parts_that_always_end_their_process_end_the_job(tmp_path: Path) -> None:
    with Pool(1) as pool, pytest.raises(ArchiveError, match="fewer processes"):
        next(pool.map(archives.end_always, [tmp_path]))


def test_a_result_is_that_of_its_setup(tmp_path: Path) -> None:
    folder = archives.write(tmp_path / "logs", 40, parts=1)
    done: list[Done] = []
    for setup in (Setup(), Setup(track=True)):
        Job(setup, tmp_path / "work").records(Here(), pieces(str(folder)), done.append)
    assert len({result.path for result in done}) == 2
    assert _names(done) == ["1770000000000/0000.gz"] * 2


def _names(done: Sequence[Done]) -> list[str]:
    return [result.piece.name for result in done]


def test_a_piece_has_the_same_name_wherever_its_folder_lies(tmp_path: Path) -> None:
    one, other = (pieces(str(archives.write(tmp_path / name, 4, parts=2))) for name in ("a", "b"))
    assert [piece.name for piece in one] == [piece.name for piece in other]
    assert not {piece.digest for piece in one} & {piece.digest for piece in other}
    assert isinstance(one[0], Piece)

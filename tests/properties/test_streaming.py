"""What is read line by line is what is read at once, however it is cut into files, packed and damaged."""

import gzip
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from segment_pendo.base import js_json
from segment_pendo.explain import rows
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.reading.calls_file import Item, _lines, _spread, _unreadable, items
from segment_pendo.recordings.reading.mapped_file import Mapping, Options, mapped
from segment_pendo.recordings.reading.packed import pack
from segment_pendo.recordings.reading.parts import parts
from segment_pendo.strategies import calls

OPTIONS = Options(datetime(2024, 5, 9, 10, tzinfo=UTC), Setup(track=True))


# --- values, lines and damage ---


def is_value(line: bytes) -> bool:
    try:
        js_json.read(line.strip())
    except (ValueError, RecursionError):
        return False
    return True


def held_whole(data: bytes) -> Iterator[Item]:
    """Every value of a text that is read as a whole before the first one is known."""
    if not data.strip().removeprefix(b"\xef\xbb\xbf"):
        return
    lines = data.split(b"\n")
    first = next(number for number, line in enumerate(lines, start=1) if line.strip())
    numbered = list(enumerate((line + b"\n" for line in lines), start=1))
    if is_value(lines[first - 1]):
        yield from _lines(numbered)
        return
    try:
        parsed = js_json.read(data.strip())
    except (ValueError, RecursionError) as error:
        several = sum(bool(line.strip()) for line in lines) > 1
        if several and any(map(is_value, lines)):
            yield from _lines(numbered)
        else:
            yield Item(first, error=_unreadable(error))
        return
    yield from _spread(parsed, first, b"\n".join(lines[first - 1 :]))


PIECES = st.sampled_from(
    [
        b'{"type":"identify","userId":"u"}', b'{"type":"page"}', b"[1,", b"[", b"]", b"{", b"}", b",",
        b'"a":',
        b"5", b'"', b'{"a":"x', b"[]", b"nul", b"\xff", b"\xef\xbb\xbf", b"\n", b"\n", b"\n", b"\r\n", b" ",
        b'[{"type":"page"},\n{"type":"page"}]', b"NaN",
    ]
)  # fmt: skip


@settings(max_examples=500)
@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_a_text_that_comes_line_by_line_has_the_items_of_the_whole(data: bytes) -> None:
    assert list(items(data)) == list(held_whole(data))


# --- parts ---


def written(folder: Path, number: int, lines: list[str], packing: str) -> Path:
    path = folder / f"{number:03}{packing and f'.{packing}'}"
    data = ("\n".join(lines) + "\n" if lines else "").encode()
    if packing == "gz":
        data = gzip.compress(data)
    elif packing == "zst":
        data = b"".join(pack([data], "zstd"))
    path.write_bytes(data)
    return path


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """The rows of a folder, with the damage of each file as a row of its own."""
    mapping = Mapping(OPTIONS, several=True)
    found: list[dict[str, Any]] = []
    for part in parts([str(folder)]):
        found += [json.loads(rows.dumps(item.row())) for item in mapping.of(part.lines(), part.name)]
        found += [{"file": part.name, "damage": part.damage}] if part.damage else []
    return found


def without_place(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in {"file", "line"}}


PACKINGS = st.sampled_from(["", "gz", "zst"])


@settings(max_examples=40, deadline=None)
@given(st.lists(calls(), max_size=12), st.lists(st.tuples(st.integers(0, 12), PACKINGS), max_size=5))
def test_the_rows_of_parts_are_those_of_the_whole(events: list[Any], cuts: list[tuple[int, str]]) -> None:
    lines = [json.dumps({"messageId": f"m-{number}", **event}) for number, event in enumerate(events)]
    whole = [json.loads(rows.dumps(item.row())) for item in mapped("\n".join(lines).encode(), OPTIONS)]
    with TemporaryDirectory() as name:
        ends = sorted((*cuts, (len(lines), "gz")))
        begin = 0
        for number, (end, packing) in enumerate(ends):
            written(Path(name), number, lines[begin:end], packing)
            begin = max(begin, end)
        streamed = [row for row in rows_of(Path(name)) if "damage" not in row]
    assert list(map(without_place, streamed)) == list(map(without_place, whole))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["gz", "zst"]))
def test_where_a_part_is_cut_everything_else_is_there(seed: int, packing: str) -> None:
    chance = random.Random(seed)
    lines = [json.dumps({"type": "identify", "userId": f"u-{n}", "messageId": f"m-{n}"}) for n in range(90)]
    with TemporaryDirectory() as name:
        folder = Path(name)
        files = [written(folder, at, lines[at : at + 30], packing) for at in (0, 30, 60)]
        hurt = chance.choice(files)
        data = hurt.read_bytes()
        hurt.write_bytes(data[: chance.randrange(5, len(data) - 1)])
        found = rows_of(folder)
    assert [row["file"] for row in found if "damage" in row] == [str(hurt)]
    users = [row["user"] for row in found if "damage" not in row]
    at = files.index(hurt) * 30
    read = len(users) - 60
    assert users == [f"u-{n}" for n in (*range(at + read), *range(at + 30, 90))]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32))
def test_a_damaged_line_costs_itself_alone(seed: int) -> None:
    chance = random.Random(seed)
    lines = [json.dumps({"type": "identify", "userId": f"u-{n}"}) for n in range(20)]
    wrong = set(chance.sample(range(20), chance.randrange(1, 6)))
    damaged = [line[: chance.randrange(1, len(line))] if n in wrong else line for n, line in enumerate(lines)]
    found = [item.row() for item in mapped("\n".join(damaged).encode(), OPTIONS)]
    assert {row["line"] for row in found if "error" in row} == {n + 1 for n in wrong}
    assert [row["line"] for row in found if "error" not in row] == [
        n + 1 for n in range(20) if n not in wrong
    ]

"""The parts of an input: packed files, folders, patterns, and files that are damaged."""

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from segment_pendo.recordings.reading import parts as of_parts
from segment_pendo.recordings.reading.packed import _zstd, pack, unpacked
from segment_pendo.recordings.reading.parts import Part, Unreadable, are_several, is_there, parts

LINES = [b'{"n": %d, "text": "%d"}\n' % (number, number**7) for number in range(3000)]
DATA = b"".join(LINES)
HALF = len(DATA) // 3


def zstd(data: bytes) -> bytes:
    packed: bytes = _zstd().compress(data)
    return packed


PACKED = {
    "plain": DATA,
    "gzip": gzip.compress(DATA),
    "two members": gzip.compress(DATA[:HALF]) + gzip.compress(DATA[HALF:]),
    "blocks of a tape": gzip.compress(DATA) + bytes(1000),
    "gzip in gzip": gzip.compress(gzip.compress(DATA)),
    "Zstandard": zstd(DATA),
    "two frames": zstd(DATA[:HALF]) + zstd(DATA[HALF:]),
    "a skippable frame": b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd" + zstd(DATA),
    "our own gzip": b"".join(pack(LINES, "gzip")),
    "our own Zstandard": b"".join(pack(LINES, "zstd")),
}


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


@pytest.mark.parametrize("name", PACKED)
@pytest.mark.parametrize("size", [1, 1000, 1 << 15])
def test_what_is_packed_is_unpacked(name: str, size: int) -> None:
    assert b"".join(unpacked(chunks(PACKED[name], size))) == DATA


@pytest.mark.parametrize("name", ["gzip", "two members", "gzip in gzip", "Zstandard", "two frames"])
def test_of_a_cut_file_all_that_is_there_is_read(name: str, tmp_path: Path) -> None:
    file = tmp_path / "cut"
    for at in range(50, len(PACKED[name]) - 1, len(PACKED[name]) // 7):
        file.write_bytes(PACKED[name][:at])
        part = Part("cut", file)
        lines = list(part.lines())
        assert lines == LINES[: len(lines)]
        assert part.damage.endswith("is cut off")
        assert part.line == len(lines) + 1


def test_of_a_damaged_gzip_each_line_before_the_damage_is_read(tmp_path: Path) -> None:
    engine = zlib.compressobj(wbits=31)
    whole = engine.compress(DATA) + engine.flush(zlib.Z_FULL_FLUSH)
    part = Part("damaged", tmp_path / "damaged")
    (tmp_path / "damaged").write_bytes(whole + b"\x07no such block")
    assert list(part.lines()) == LINES
    assert (part.damage, part.line) == ("its gzip is damaged", len(LINES) + 1)


def test_an_empty_file_is_damaged_where_its_name_says_that_it_is_packed(tmp_path: Path) -> None:
    for name, damage in (("a.gz", "it is empty"), ("a.zst", "it is empty"), ("a.jsonl", "")):
        (tmp_path / name).touch()
        part = Part(name, tmp_path / name)
        assert list(part.lines()) == []
        assert part.damage.startswith(damage)
        assert bool(part.damage) == bool(damage)


def test_a_line_without_end_ends_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(of_parts, "LONGEST_LINE", 1 << 20)
    file = tmp_path / "long"
    file.write_bytes(b"{}\n" + b"x" * (2 << 20) + b"\n{}\n")
    part = Part("long", file)
    assert list(part.lines()) == [b"{}\n"]
    assert part.damage == "this line has more than 1 MiB"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.jsonl", "a/2/y.gz", "a/10/x.gz", "a/.hidden", ".git/z", "c.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*given: str, hidden: bool = False) -> list[str]:
    return [Path(part.name).as_posix() for part in parts(given, hidden=hidden)]


def test_folders_are_read_in_the_order_of_their_paths(folder: Path) -> None:
    assert names(".") == ["a/10/x.gz", "a/2/y.gz", "b.jsonl", "c.txt"]
    every = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]
    assert names(".", hidden=True) == every


def test_patterns_that_no_shell_has_read(folder: Path) -> None:
    assert names("a/*/*.gz") == ["a/10/x.gz", "a/2/y.gz"]
    assert names("**/*.jsonl", "c.txt") == ["b.jsonl", "c.txt"]
    assert names("a/*") == ["a/10/x.gz", "a/2/y.gz"]
    (folder / "[b].jsonl").touch()
    assert names("[b].jsonl") == ["[b].jsonl"], "a file of that name comes first"
    assert [is_there(name) for name in ("a/*", "*.no", "no", "-", "b.jsonl")] == [
        True,
        False,
        False,
        True,
        True,
    ]


def test_what_may_be_several_files(folder: Path) -> None:
    assert folder.exists()
    assert [are_several([name]) for name in ("b.jsonl", "-", "a", "*.txt")] == [False, False, True, True]
    assert are_several(["b.jsonl", "b.jsonl"])


def test_what_the_system_refuses_says_which_and_why(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"gone cannot be read: No such file or directory\."):
        list(Part("gone", tmp_path / "gone").lines())

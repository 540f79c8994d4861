"""Ranges of keys: what all files of records have in one range is put together by itself.

So any number of processes put any number of parts together, each in the memory that its range needs, and the
result is the same wherever the bounds are.
"""

import os
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from segment_pendo.archive.kept import Entry, Key, entry_of, key_of
from segment_pendo.archive.record import Record

__all__ = ["Range", "merged", "ranges"]

_SMALLEST: Final = 2_000_000  # bytes of a range: a smaller one costs more than it saves
_MANY: Final = 64  # ranges, beyond which they become larger, too
_LARGEST: Final = 32_000_000  # bytes of a range: so much is held in memory, as records
_SAMPLES: Final = 16  # keys that are looked at for each range


class Range(NamedTuple):
    """The keys from `first` on that come before `end`; None is no bound."""

    first: Key | None = None
    end: Key | None = None


def ranges(paths: Sequence[Path]) -> list[Range]:
    """Return ranges that have about the same size in these files. Raises OSError."""
    size = sum(path.stat().st_size for path in paths)
    count = max(1, min(size // _SMALLEST, _MANY), size // _LARGEST)
    if count == 1:
        return [Range()]
    keys = sorted(_samples(paths, size // (count * _SAMPLES)))
    bounds = sorted({keys[len(keys) * number // count] for number in range(1, count)}) if keys else []
    return [Range(*bounds) for bounds in pairwise([None, *bounds, None])]


def merged(paths: Sequence[Path], within: Range) -> Iterator[Entry]:
    """Yield each record of these files in a range once, in the order of kind and id. Raises OSError."""
    records: dict[Key, Record] = {}
    for path in paths:
        for entry in _entries(path, within):
            key = (entry.kind, entry.id)
            known = records.get(key)
            if known is None:
                records[key] = entry.record
            else:
                known.take(entry.record)
    for (kind, id), record in sorted(records.items()):
        yield Entry(kind, id, record)


def _entries(path: Path, within: Range) -> Iterator[Entry]:
    with path.open("rb") as file:
        begin, end = len(file.readline()), os.fstat(file.fileno()).st_size
        if within.first is not None:
            begin = _offset(file, within.first, begin, end)
        if within.end is not None:
            end = _offset(file, within.end, begin, end)
        file.seek(begin)
        while begin < end:
            line = file.readline()
            begin += len(line)
            yield entry_of(line)


def _offset(file: BinaryIO, key: Key, low: int, high: int) -> int:
    """Return where the first line between two beginnings of lines stands whose key is not before this one."""
    while low < high:
        middle = (low + high) // 2
        file.seek(middle - 1)  # whose line may end there
        start = middle - 1 + len(file.readline())
        line = file.readline() if start < high else b""
        if line and key_of(line) < key:
            low = start + len(line)
        else:
            high = middle
    return low


def _samples(paths: Sequence[Path], stride: int) -> Iterator[Key]:
    """Yield a key for so many bytes of all files."""
    at = 0
    for path in paths:
        with path.open("rb") as file:
            begin, size = len(file.readline()), os.fstat(file.fileno()).st_size
            while at < size:
                file.seek(max(at, begin) - 1)
                file.readline()
                line = file.readline()
                if line:
                    yield key_of(line)
                at += stride
            at -= size

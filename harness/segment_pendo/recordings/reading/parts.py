"""The parts of an input: files, also packed ones, those in folders, those that fit a pattern, and stdin.

A part is read line by line as its bytes come, so that memory does not grow with it.
"""

import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from glob import glob, has_magic
from pathlib import Path
from typing import Final, Protocol

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.recordings.reading.packed import Damaged, Packing, packing_of, unpacked

__all__ = [
    "LONGEST_LINE",
    "STDIN",
    "Part",
    "Unreadable",
    "Watch",
    "are_several",
    "is_there",
    "parts",
    "watch_nothing",
]

STDIN: Final = "-"
LONGEST_LINE: Final = 1 << 30  # bytes
_CHUNK: Final = 1 << 15  # bytes of a file that are read at once; of gzip, they may become 1,000 times as many

type Watch = Callable[[int], None]  # called before more is read, with the number of bytes that were


class Unreadable(SegmentPendoError):
    """The system does not let a file be read; the text says which and why."""

    exit_code = CANNOT_START

    def __init__(self, name: str, error: OSError) -> None:
        super().__init__(f"{name} cannot be read: {error.strerror}.")


class _File(Protocol):
    def read1(self, size: int, /) -> bytes: ...


def watch_nothing(_count: int) -> None:
    """Watch nothing."""


@dataclass(slots=True)
class Part:
    """One file of an input, or stdin where `path` is None; `name` is what errors call it.

    `line`: how many lines were read. `damage`: why the rest cannot be, as a clause; '' where all were.
    """

    name: str
    path: Path | None = None
    line: int = 0
    damage: str = ""

    def lines(self, watch: Watch = watch_nothing) -> Iterator[bytes]:
        """Yield the lines with their ends; of a damaged file, the whole lines before the damage.

        Raises Unreadable.
        """
        self.line, self.damage = 0, ""
        with self._opened() as file:
            try:
                for line in _lines(unpacked(self._chunks(file, watch))):
                    self.line += 1
                    yield line
            except Damaged as error:
                self.line += 1
                self.damage = str(error)

    def head(self, most: int) -> bytes:
        """Return the beginning of what the file holds: at least its first line, or `most` bytes.

        Raises Unreadable.
        """
        with self._opened() as file:
            head = b""
            try:
                for chunk in unpacked(self._chunks(file, watch_nothing)):
                    head += chunk
                    if b"\n" in chunk or len(head) >= most:
                        break
            except Damaged:
                pass  # whoever reads it is told
        return head[:most]

    def packing(self) -> Packing:
        """Return how the file is packed. Raises Unreadable."""
        with self._opened() as file:
            return packing_of(next(self._chunks(file, watch_nothing), b"")[:4])

    def _opened(self) -> AbstractContextManager[_File]:
        if self.path is None:
            return nullcontext(sys.stdin.buffer)  # type: ignore[arg-type]  # it has read1
        try:
            return self.path.open("rb")
        except OSError as error:
            raise Unreadable(self.name, error) from None

    def _chunks(self, file: _File, watch: Watch) -> Iterator[bytes]:
        """Yield the bytes as they come, without waiting for more than there is."""
        count = 0
        is_empty = True
        while True:
            watch(count)
            try:
                chunk = file.read1(_CHUNK)
            except OSError as error:
                raise Unreadable(self.name, error) from None
            if not chunk:
                break
            count = len(chunk)
            is_empty = False
            yield chunk
        if is_empty and self.path is not None and self.path.suffix in {".gz", ".zst"}:
            msg = "it is empty, as is a download that failed"
            raise Damaged(msg)


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield lines with their ends. Raises Damaged after the last whole line."""
    pieces: list[bytes] = []
    size = 0
    for chunk in chunks:
        for piece in io.BytesIO(chunk):
            pieces.append(piece)
            size += len(piece)
            if piece.endswith(b"\n"):
                yield b"".join(pieces)
                pieces, size = [], 0
            elif size > LONGEST_LINE:
                msg = f"this line has more than {LONGEST_LINE >> 20} MiB"
                raise Damaged(msg)
    if pieces:
        yield b"".join(pieces)


def is_there(name: str) -> bool:
    """Whether a name of an input is a file, a folder, stdin, or a pattern that something fits."""
    return name == STDIN or Path(name).exists() or bool(_fitting(name))


def are_several(names: Sequence[str]) -> bool:
    """Whether these names may be several files: also a folder or a pattern, whatever is in it."""
    return len(names) > 1 or any(Path(name).is_dir() or _is_pattern(name) for name in names)


def _is_pattern(name: str) -> bool:
    return has_magic(name) and not Path(name).exists()


def _fitting(name: str) -> list[str]:
    """Return the paths that fit a pattern, in order."""
    return sorted(glob(name, recursive=True)) if _is_pattern(name) else []  # noqa: PTH207 - it may be absolute


def parts(names: Sequence[str], *, hidden: bool = False) -> Iterator[Part]:
    """Yield the parts that names stand for: folders and patterns in the order of the paths.

    In folders, names that begin with a dot are passed over, unless `hidden`. Raises Unreadable.
    """
    for name in names:
        if name == STDIN:
            yield Part("stdin")
        elif Path(name).is_dir():
            yield from _inside(name, hidden=hidden)
        elif _is_pattern(name):
            yield from parts(_fitting(name), hidden=hidden)
        else:
            yield Part(name, Path(name))


def _inside(folder: str, *, hidden: bool) -> Iterator[Part]:
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise Unreadable(folder, error) from None
    for entry in found:
        if entry.name.startswith(".") and not hidden:
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _inside(entry.path, hidden=hidden)
        elif entry.is_file():
            yield Part(entry.path, Path(entry.path))

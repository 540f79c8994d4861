"""Recordings on disk: read them, replace some of their lines, replace them as a whole."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from itertools import takewhile
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from segment_pendo.recordings import format as recording
from segment_pendo.recordings.format import Entry, Header, Reading, RecordingError
from segment_pendo.recordings.reading.parts import Part, Unreadable, Watch, watch_nothing

__all__ = [
    "Recorded",
    "is_recording",
    "is_recording_file",
    "lines_until",
    "load",
    "load_header",
    "opened",
    "private",
    "replace_whole",
]


def load(path: Path, size: int | None = None) -> Iterator[Entry]:
    """Yield the requests of the recording at `path` with their calls; of its first `size` bytes, if given.

    Raises RecordingError, also in the middle.
    """
    if size is None:
        yield from opened(Part(str(path), path)).entries
    else:
        yield from recording.read(lines_until(path, size), str(path)).entries


def lines_until(path: Path, size: int | None) -> Iterator[bytes]:
    """Yield the lines of a file; with `size`, those within its first bytes, and packed ones as they are.

    Raises RecordingError, also after the last line where the file is damaged.
    """
    if size is None:
        part = Part(str(path), path)
        yield from part.lines()
        damage = _damage(part)
        if damage is not None:
            raise damage
        return
    with _opened(path) as file:
        yield from takewhile(lambda _: file.tell() <= size, iter(file.readline, b""))


class Recorded:
    """The requests of a recording with their calls, read anew each time. Raises RecordingError."""

    def __init__(self, path: Path, watch: Watch = watch_nothing) -> None:
        self._part, self._watch = Part(str(path), path), watch

    def __iter__(self) -> Iterator[Entry]:
        return opened(self._part, self._watch).entries


def opened(part: Part, watch: Watch = watch_nothing) -> Reading:
    """Return what a recording holds, which may be packed; `watch` is called as `Part.lines` says.

    Raises RecordingError: at once for the header, while iterating for what follows, and after the last call
    that is whole where the file is damaged.
    """
    try:
        reading = recording.read(part.lines(watch), part.name)
    except (RecordingError, Unreadable) as error:
        raise _damage(part) or RecordingError(str(error)) from None
    return Reading(reading.header, _entries(reading.entries, part))


def _entries(entries: Iterator[Entry], part: Part) -> Iterator[Entry]:
    try:
        yield from entries
    except Unreadable as error:
        raise RecordingError(str(error)) from None
    damage = _damage(part)
    if damage is not None:
        raise damage


def _damage(part: Part) -> RecordingError | None:
    where = f"{part.name}:{part.line}"
    return RecordingError(f"{where}: {part.damage}. Restore the file.") if part.damage else None


def load_header(path: Path) -> Header:
    """Return line 1 of the recording at `path`. Raises RecordingError."""
    return opened(Part(str(path), path)).header


def is_recording_file(path: Path) -> bool:
    """Whether the first line of a file is a recording's. Raises RecordingError where it cannot be read."""
    return is_recording(Part(str(path), path))


def is_recording(part: Part) -> bool:
    """Whether the first line of a part is a recording's. Raises RecordingError where it cannot be read."""
    try:
        return recording.is_recording(part.head(recording.LONGEST_HEADER))
    except Unreadable as error:
        raise RecordingError(str(error)) from None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise RecordingError(msg) from None


def replace_whole(path: Path, lines: Iterable[bytes], before: Callable[[], None] = lambda: None) -> None:
    """Replace all lines of a file, all at once or not at all; a link stays a link. Raises RecordingError.

    `before` is called once all lines are written, and before they take the place of the old ones.
    """
    path = path.resolve()
    part = path.with_name(f"{path.name}.{token_hex(3)}.part")
    try:
        with private(part, os.O_EXCL) as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        before()
        part.replace(path)
    except OSError as error:
        msg = f"{path} cannot be rewritten: {error.strerror}."
        raise RecordingError(msg) from None
    finally:
        with suppress(OSError):  # it was told already
            part.unlink()


def private(path: Path, how: int = 0) -> FileIO:
    """Open a file for adding to its end; nobody else may read it, also if others could before.

    `how`: further flags of os.open. What is written survives the end of this process. Raises OSError.
    """
    descriptor = os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY | how, 0o600)
    try:
        if hasattr(os, "fchmod"):  # Windows has other permissions
            os.fchmod(descriptor, 0o600)
    except OSError:
        os.close(descriptor)
        raise
    return FileIO(descriptor, "ab")

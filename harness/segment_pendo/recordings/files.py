"""Recordings on disk: read them, replace some of their lines, replace them as a whole."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from io import FileIO
from itertools import takewhile
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from segment_pendo.recordings import format as recording
from segment_pendo.recordings.format import Entry, Header, RecordingError

__all__ = ["is_recording_file", "load", "load_header", "private", "replace_whole", "rewrite"]


def load(path: Path, size: int | None = None) -> Iterator[Entry]:
    """Yield the requests of the recording at `path` with their calls; of its first `size` bytes, if given.

    Raises RecordingError, also in the middle.
    """
    with _opened(path) as file:
        lines = file if size is None else takewhile(lambda _: file.tell() <= size, iter(file.readline, b""))
        yield from recording.read(lines, str(path)).entries


def load_header(path: Path) -> Header:
    """Return line 1 of the recording at `path`. Raises RecordingError."""
    with _opened(path) as file:
        return recording.read([file.readline(recording.LONGEST_HEADER)], str(path)).header


def is_recording_file(path: Path) -> bool:
    """Whether the first line of a file is a recording's. Raises RecordingError where it cannot be read."""
    with _opened(path) as file:
        return recording.is_recording(file.readline(recording.LONGEST_HEADER))


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}."
        raise RecordingError(msg) from None


def rewrite(path: Path, lines: Mapping[int, bytes]) -> None:
    """Replace lines of a file by their number, all at once or not at all. Raises RecordingError."""
    with path.open("rb") as old:
        replace_whole(path, (lines.get(number, line) for number, line in enumerate(old, start=1)))


def replace_whole(path: Path, lines: Iterable[bytes]) -> None:
    """Replace all lines of a file, all at once or not at all; a link stays a link. Raises RecordingError."""
    path = path.resolve()
    part = path.with_name(f"{path.name}.{token_hex(3)}.part")
    try:
        with private(part, os.O_EXCL) as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
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

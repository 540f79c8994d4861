"""A lock beside a file: two runs that write one recording or store would lose each other's calls."""

import errno
import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import ClassVar

from segment_pendo.base.errors import CANNOT_START
from segment_pendo.recordings.format import RecordingError

__all__ = ["InUse", "Lock"]


class InUse(RecordingError):
    """Another process writes the file; the text names it, and so does `owner`."""

    exit_code: ClassVar[int] = CANNOT_START

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(f"{path} is being recorded by {owner}. End it, or record into another file.")
        self.owner = owner


class Lock:
    """Holds FILE.lock, which has our process id in it, until `release`; the system frees it if we are killed.

    Raises InUse, or OSError where the lock cannot be made.
    """

    def __init__(self, path: Path) -> None:
        if not path.parent.is_dir():  # the library would make it
            raise FileNotFoundError(errno.ENOENT, f"there is no folder {path.parent}")
        from filelock import FileLock, Timeout  # noqa: PLC0415 - many verbs could write a recording, few do

        self._file = path.with_name(f"{path.name}.lock")
        self._lock = FileLock(self._file, blocking=False, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout:
            self._refuse_folder()
            raise InUse(path, self._owner()) from None
        except OSError:
            self._refuse_folder()
            raise
        try:
            self._file.write_text(f"{os.getpid()}\n", "ascii")
        except OSError:
            self.release()
            raise

    def _refuse_folder(self) -> None:
        """Raise OSError where the folder takes no file: the library tells that as if the lock were held."""
        if os.path.lexists(self._file):
            return
        try:
            with TemporaryFile(dir=self._file.parent):
                return
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else type(error).__name__
            said = f"the folder {self._file.parent} takes no file ({why})"
            raise OSError(error.errno, said) from None

    def _owner(self) -> str:
        try:
            return f"the process {int(self._file.read_text('ascii'))}"
        except (OSError, ValueError):
            return "another process"

    def release(self) -> None:
        """Let others write the file; nothing is left beside it."""
        if self._lock.is_locked:
            with suppress(OSError):  # a file that stays locks nobody out
                self._file.unlink()
            self._lock.release()

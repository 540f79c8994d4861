"""The SQLite file behind a store: who may open it, and one writer whose commits are shared."""

import asyncio
import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.base.steps import Prepared
from segment_pendo.recordings.lock import InUse, Lock
from segment_pendo.serve.store import schema

__all__ = ["Database", "StoreError"]

_MAGIC: Final = b"SQLite format 3\0"
_PATIENCE: Final = 5  # seconds for another connection of this machine, which only reads
# A request that is read needs so many turns of the event loop until its work waits here.
_TURNS: Final = 4
_MOST: Final = 64  # works that are committed together
_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})


class StoreError(SegmentPendoError):
    """The store cannot be used; the text says which file and why."""

    exit_code = CANNOT_START


class Database:
    """One store's tables. All of it runs in the thread that made it.

    `path` None: a temporary file without a name, which goes when it is closed. A file with a name belongs to
    one process at a time (FILE.lock) unless it is only read; only its owner may read it (0600).
    Raises StoreError.
    """

    def __init__(self, path: Path | None, *, writes: bool = True) -> None:
        self.name = str(path) if path is not None else "the store of this run"
        self._path = path
        self._listeners: list[Callable[[], None]] = []
        self._waiting: list[tuple[Prepared, asyncio.Future[None]]] = []
        self._depth = 0
        self._users = 1
        self._wiped = False
        with ExitStack() as undo, _explained(path):
            if path is not None:
                undo.enter_context(_owned(path) if writes else _looked_at(path))
            self._db = self._connected(path, writes=writes)
            undo.callback(self._remove, path)
            undo.callback(self._db.close)
            self._open(path, writes=writes)
            (self._page_size,) = self._db.execute("pragma page_size").fetchone()
            self._closing = undo.pop_all()

    @staticmethod
    def _connected(path: Path | None, *, writes: bool) -> sqlite3.Connection:
        if path is None:
            # SQLite keeps it in memory while it is small, and then in a file that has no name.
            return sqlite3.connect("", isolation_level=None, timeout=_PATIENCE)
        mode = "rw" if writes else "ro"
        uri = f"{path.absolute().as_uri()}?mode={mode}"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_PATIENCE)

    def _open(self, path: Path | None, *, writes: bool) -> None:
        (version,) = self._db.execute("pragma user_version").fetchone()
        (owner,) = self._db.execute("pragma application_id").fetchone()
        is_empty = self._db.execute("select count(*) from sqlite_master").fetchone() == (0,)
        if not is_empty and owner != schema.OWNER:
            msg = "it belongs to another program"
            raise sqlite3.DatabaseError(msg)
        if version > schema.VERSION:
            msg = f"it has format {version}, but this segment-pendo reads format {schema.VERSION}"
            raise sqlite3.DatabaseError(msg)
        if not is_empty and version < schema.OLDEST:
            msg = f"it has format {version}, which is too old"
            raise sqlite3.DatabaseError(msg)
        if not writes:
            if version != schema.VERSION:
                msg = f"it has format {version}; a `segment-pendo run` with it brings it up to date"
                raise sqlite3.DatabaseError(msg)
            return
        if path is not None:
            self._db.execute("pragma journal_mode = wal")
            # A killed process loses nothing; a power cut may.
            self._db.execute("pragma synchronous = normal")
        else:
            # It ends with its process, so there is nothing to recover: what a rollback needs is in memory.
            self._db.execute("pragma journal_mode = memory")
        with self.transaction():
            if is_empty:
                schema.create(self._db)
            else:
                schema.migrate(self._db, version)

    def shared(self) -> "Database":
        """Return this database for another store in this process; the last one that closes it closes it."""
        self._users += 1
        return self

    def close(self) -> None:
        """Keep what still waits, and close the file."""
        self.flush()
        self._users -= 1
        if not self._users:
            self._closing.close()

    def wipe(self) -> None:
        """Close the file, and delete it with what lies beside it. Raises StoreError."""
        self._wiped = True
        with _explained(self._path):
            self.close()

    def _remove(self, path: Path | None) -> None:
        """Delete the files of a store that is wiped: the connection is closed, the lock is still held."""
        if self._wiped and path is not None:
            for file in _files(path):
                file.unlink(missing_ok=True)

    # --- statements ---

    def execute(self, statement: str, values: tuple[Any, ...] | dict[str, Any] = ()) -> sqlite3.Cursor:
        return self._db.execute(statement, values)

    def executemany(self, statement: str, rows: list[tuple[Any, ...]]) -> int:
        """Execute a statement for each of some rows; return how many rows of the tables it changed."""
        return self._db.executemany(statement, rows).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit all that happens inside, or nothing. Raises OSError where it cannot be written.

        Inside another transaction it is a part of that one.
        """
        if self._depth:
            yield
            return
        self._depth += 1
        try:
            self._db.execute("begin immediate")
            yield
            self._db.execute("commit")
        except sqlite3.Error as error:
            self._roll_back()
            is_full = error.sqlite_errorcode in _FULL
            number = errno.ENOSPC if is_full else errno.EIO
            raise OSError(number, os.strerror(number) if is_full else str(error), self.name) from None
        except BaseException:
            self._roll_back()
            raise
        finally:
            self._depth -= 1

    def _roll_back(self) -> None:
        if self._db.in_transaction:
            self._db.execute("rollback")

    def used(self) -> int:
        """Return how many bytes of the file hold something."""
        (pages,) = self._db.execute("pragma page_count").fetchone()
        (free,) = self._db.execute("pragma freelist_count").fetchone()
        return int((pages - free) * self._page_size)

    # --- the writer ---

    def keep(self, work: Prepared) -> None:
        """Do the work in a transaction, after all that waits. Raises OSError: then nothing of it is done."""
        self.flush()
        self._together([work])
        self.changed()

    def soon(self, work: Prepared) -> "asyncio.Future[None]":
        """Do the work with all other work that comes in the next turns of the event loop, and commit it once.

        The future ends when it is committed; it raises OSError where that was impossible.
        """
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self._waiting.append((work, done))
        if len(self._waiting) == 1:
            loop.call_soon(self._settle, loop, 1, 1)
        return done

    def _settle(self, loop: asyncio.AbstractEventLoop, count: int, turns: int) -> None:
        """Commit what waits, once nothing came in the last turns of the loop: `count` waited before them."""
        waiting = len(self._waiting)
        turns = turns + 1 if waiting == count else 0
        if turns < _TURNS and waiting < _MOST:
            loop.call_soon(self._settle, loop, waiting, turns)
        else:
            self.flush()

    def flush(self) -> None:
        """Commit now what waits to be committed."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            self._together([work for work, _ in waiting])
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            if len(waiting) == 1:
                _end(waiting[0][1], error)
            for work, done in waiting if len(waiting) > 1 else []:
                self._alone(work, done)
        else:
            for _, done in waiting:
                _end(done, None)
        self.changed()

    def _alone(self, work: Prepared, done: "asyncio.Future[None]") -> None:
        """Do the work by itself: another one of its group may have been what failed."""
        try:
            self._together([work])
        except Exception as error:  # noqa: BLE001 - as above
            _end(done, error)
        else:
            _end(done, None)

    def _together(self, works: list[Prepared]) -> None:
        kept: list[Prepared] = []
        try:
            with self.transaction():
                for work in works:
                    work.keep()
                    kept.append(work)
        except BaseException:
            for work in reversed(kept):
                work.undo()
            raise

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change."""
        self._listeners.append(listener)

    def changed(self) -> None:
        """Tell who listens."""
        for listener in self._listeners:
            listener()


def _end(done: "asyncio.Future[None]", error: Exception | None) -> None:
    if done.done():  # who waited has been cancelled
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


@contextmanager
def _explained(path: Path | None) -> Iterator[None]:
    try:
        yield
    except InUse as error:
        msg = f"the store {path} is used by {error.owner}. End that run, or give this one a store of its own."
        raise StoreError(msg) from None
    except (sqlite3.Error, OSError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        where = "a temporary file for the store" if path is None else f"the store {path}"
        instead = ", or move this one away" if path is not None and os.path.lexists(path) else ""
        msg = f"{where} cannot be used: {why}. Give another file{instead}."
        raise StoreError(msg) from None


@contextmanager
def _owned(path: Path) -> Iterator[None]:
    """Hold the lock of a file that only its owner can read, from before it has any content."""
    _make_folder(path.parent)
    _refuse_what_is_no_file(path)
    lock = Lock(path)
    try:
        # Created by us before SQLite opens it, so that nobody else can read it at any time.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        _refuse_foreign(path)
        for file in _files(path):
            with suppress(FileNotFoundError):
                file.chmod(0o600)  # it may have been there before
        yield
    finally:
        lock.release()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(error.errno, f"the folder {folder} cannot be made ({error.strerror})") from None


def _files(path: Path) -> list[Path]:
    """Return the files that SQLite makes for a database."""
    return [path.with_name(path.name + end) for end in ("", "-wal", "-shm", "-journal")]


@contextmanager
def _looked_at(path: Path) -> Iterator[None]:
    _refuse_what_is_no_file(path)
    _refuse_foreign(path)
    yield


def _refuse_what_is_no_file(path: Path) -> None:
    # A device such as /dev/null belongs to all of the machine: nobody may lose the right to use it.
    if path.exists() and not path.is_file():
        msg = "it is not a regular file"
        raise sqlite3.DatabaseError(msg)


def _refuse_foreign(path: Path) -> None:
    # SQLite takes a short file for an empty database, and would overwrite it.
    with path.open("rb") as file:
        start = file.read(len(_MAGIC))
    if start not in {b"", _MAGIC}:
        msg = "it is not an SQLite database"
        raise sqlite3.DatabaseError(msg)

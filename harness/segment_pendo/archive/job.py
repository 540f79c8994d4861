"""One job on an archive: each part is a task of its own, whose result lies in a file when it is finished.

Whatever ends in between, the next process goes on with the parts that are not finished. The folder of the job
must be the same for all processes that work on it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial, reduce
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Protocol, Self

from segment_pendo.archive import kept
from segment_pendo.archive.order import Order
from segment_pendo.archive.partial import Partial
from segment_pendo.archive.ranges import Range, merged, ranges
from segment_pendo.archive.report import Report
from segment_pendo.archive.rows import Row, webhooks
from segment_pendo.archive.source import ArchiveError, Piece
from segment_pendo.base import js_json
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import RecordingError
from segment_pendo.recordings.reading.mapped_file import DAMAGED, Wrong, damage_of
from segment_pendo.recordings.reading.parts import Unreadable

__all__ = ["Done", "Engine", "Job"]

_KINDS: Final = ("parts", "merged", "rows")  # of results
_UNUSED: Final = 24 * 3600  # seconds after which nobody reads a file any longer
_VERSION: Final = "2"  # of the files of finished parts


class Engine(Protocol):
    """What runs tasks: one after another, on other processes, on other machines. Its `with` ends them."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def map[T, R](self, function: Callable[[T], R], tasks: Sequence[T]) -> Iterator[R]:
        """Yield the result of each task, in any order; each is run at least once, whatever worker dies."""
        ...


class Done(NamedTuple):
    """A part that was tried: the file of its result, or why it could not be read."""

    piece: Piece
    path: Path | None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """How parts are mapped, and where their results lie."""

    setup: Setup
    folder: Path

    def records(
        self, engine: Engine, pieces: Sequence[Piece], heard: Callable[[Done], None]
    ) -> tuple[list[Path], kept.Head]:
        """Map and fold all parts that are not finished; return the files with all records, and their head.

        Each record is in one of the files, which follow each other in the order of kind and id. `heard` is
        called with each part. Raises ArchiveError where the folder cannot be written.
        """
        self.prepare()
        done: list[Done] = []
        for result in engine.map(self.fold, pieces):
            heard(result)
            done.append(result)
        paths = sorted(result.path for result in done if result.path is not None)
        head = reduce(kept.Head.both, map(kept.head_of, paths), kept.Head())
        if len(paths) > 1:
            merge = partial(self.merge, tuple(paths))
            paths = [path for _, path in sorted(engine.map(merge, [*enumerate(ranges(paths))]))]
            self._forget_unused()
        return paths, head

    def fold(self, piece: Piece) -> Done:
        """Map and fold one part, unless that is finished. Raises ArchiveError."""
        path = self.path("parts", piece.digest)
        if path.exists():
            return Done(piece, path)
        records, report = Partial(), Report()
        try:
            for row in self.rows(piece):
                records.take(row)
                report.take(row)
        except Unreadable as error:
            return Done(piece, None, str(error))
        self._written(partial(kept.keep, path, records, report))
        return Done(piece, path)

    def rows(self, piece: Piece) -> Iterator[Row]:
        """Yield what becomes of each event of a part, and its damage at the end. Raises Unreadable."""
        part, name = piece.part(), piece.name
        try:
            yield from webhooks(part.lines(), self.setup, part=name)
        except RecordingError as error:
            yield Row(Order(0, name, part.line), Wrong(part.line, DAMAGED, str(error), file=name))
        damage = damage_of(part, name)
        if damage is not None:
            yield Row(Order(0, name, damage.line), damage)

    def merge(self, paths: Sequence[Path], numbered: tuple[int, Range]) -> tuple[int, Path]:
        """Put together what files have in a range, unless that is finished; return its number and the file.

        Raises ArchiveError.
        """
        number, within = numbered
        path = self.path("merged", "\n".join([*(of.name for of in paths), repr(within)]))
        if path.exists():
            path.touch()  # somebody reads it now
        else:
            self._written(partial(kept.keep_entries, path, merged(paths, within)))
        return number, path

    def path(self, kind: str, name: str) -> Path:
        """Return where a result lies: another name, setup or version lies elsewhere."""
        described = js_json.write([_VERSION, kind, name, self.setup.described()])
        return self.folder / kind / f"{blake2b(described, digest_size=12).hexdigest()}.jsonl"

    def _forget_unused(self) -> None:
        """Remove what was put together before the archive changed, unless somebody may still read it."""
        old = time.time() - _UNUSED
        for path in (self.folder / "merged").iterdir():
            with suppress(OSError):  # another process may have removed it
                if path.stat().st_mtime < old:
                    path.unlink()

    def prepare(self) -> None:
        """Make the folder. Raises ArchiveError."""
        try:
            for kind in _KINDS:
                (self.folder / kind).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unwritable(error.strerror) from None

    def _written(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            raise self._unwritable(error.strerror) from None
        except RecordingError as error:
            raise self._unwritable(str(error)) from None

    def _unwritable(self, why: str | None) -> ArchiveError:
        return ArchiveError(
            f"{self.folder} cannot be used: {why}. Give another folder for what is worked out."
        )

"""Work an archive out for the verbs of `archive`: the bar, and what is told of parts that cannot be read."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final

import click

from segment_pendo.archive.job import Done, Engine, Job
from segment_pendo.archive.rows_files import RowsFiles
from segment_pendo.archive.source import is_remote, pieces
from segment_pendo.archive.whole import Whole
from segment_pendo.base.prose import many, printable
from segment_pendo.cli.failure import CONFIGURATION, FOUND, Failure
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.reading.mapped_file import DAMAGED
from segment_pendo.serve.environment import archive_directory

__all__ = ["Archive", "say", "work_folder"]

_MOST_TOLD: Final = 10


def say(text: str) -> None:
    """Say something that is no data."""
    click.echo(printable(text), err=True)


def work_folder(source: str, given: Path | None) -> Path:
    """Return where the results of finished parts lie: the folder that is given, or one of ours."""
    if given is not None:
        return given
    name = blake2b(os.path.realpath(source).encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()
    return archive_directory(name)


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive, and how it is worked out. With `strict`, what cannot be read is a Failure."""

    source: str
    job: Job
    engine: Engine
    strict: bool = False

    @classmethod
    def of(cls, source: str, setup: Setup, engine: Engine, folder: Path, *, strict: bool) -> "Archive":
        """Return an archive. Raises Failure where the destination file has a function, which no part runs."""
        if setup.function is not None:
            message = (
                "The destination file has an insert function, and archives are mapped in parts, each by a "
                "process of its own. Take `function` out of the file; `map --no-ingest` runs it."
            )
            raise Failure(message, CONFIGURATION)
        return cls(source, Job(setup.unsigned(), folder), engine, strict)

    def worked_out(self) -> tuple[Whole, int]:
        """Return all records, and the exit code: 1 where something cannot be read.

        Raises Failure, ArchiveError.
        """
        found = pieces(self.source)
        wrong: list[str] = []
        with self.engine as engine, _bar(sum(piece.size for piece in found)) as moved:

            def heard(done: Done) -> None:
                moved(done.piece.size)
                if done.wrong:
                    wrong.append(done.wrong)

            paths, head = self.job.records(engine, found, heard)
        whole = Whole(paths, head)
        self._tell(whole, wrong)
        return whole, FOUND if wrong or head.report.errors else 0

    def mapped(self, files: RowsFiles) -> int:
        """Write the rows of all parts, say how many there are; return the exit code. Raises ArchiveError."""
        found = pieces(self.source)
        with self.engine as engine, _bar(sum(piece.size for piece in found)) as moved:
            written = files.written(engine, found, lambda each: moved(each.piece.size))
        wrong = [each for each in written if each.wrong or each.errors]
        for each in wrong[:_MOST_TOLD]:
            errors = f"{each.piece.name}: {many(each.errors, 'error')}"
            say(each.wrong or f'{errors} (look for "error" in {each.path})')
        rows = sum(each.rows for each in written)
        click.echo(f"{many(rows, 'row')} in {many(len(written), 'file')} below {files.output}")
        click.echo(f"hash {files.hash(written)}")
        return FOUND if wrong else 0

    def _path(self, part: str) -> str:
        """Return the path of a part as it is named here, as `map` does; its name is below the archive."""
        if is_remote(self.source):
            return f"{self.source.rstrip('/')}/{part}"
        base = Path(self.source) if Path(self.source).is_dir() else Path(self.source).parent
        return str(base / part)

    def _tell(self, whole: Whole, wrong: list[str]) -> None:
        for text in sorted(wrong)[:_MOST_TOLD]:
            say(text)
        for code, found in sorted(whole.head.report.errors.items()):
            if code == DAMAGED:
                where = f"{self._path(found.first.part)}:{found.first.line}"
                first = "" if found.often == 1 else ", the first"
                say(f"{many(found.often, 'part is', 'parts are')} damaged{first}: {where}: {found.message}")
            else:
                say(f"{many(found.often, 'error')} {code}, the first at {found.first.place}: {found.message}")
        if self.strict and (wrong or whole.head.report.errors):
            message = "--strict stops here: not everything in this archive can be read."
            raise Failure(message, FOUND)


@contextmanager
def _bar(length: int) -> Iterator[Callable[[int], None]]:
    """Show a bar where stderr is a terminal; yield what is called with the bytes of each part that ended."""
    if not sys.stderr.isatty():
        yield lambda _size: None
        return
    with click.progressbar(length=max(length, 1), label="parts", file=sys.stderr) as bar:
        yield bar.update

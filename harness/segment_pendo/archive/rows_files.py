"""The rows of an archive as files: one for each part, as lines of JSON or as Parquet, below one folder."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from itertools import batched
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from segment_pendo.archive.job import Engine, Job
from segment_pendo.archive.rows import Row
from segment_pendo.archive.source import ArchiveError, Piece
from segment_pendo.base import js_json
from segment_pendo.explain.rows import dumps
from segment_pendo.recordings.files import private, replace_whole
from segment_pendo.recordings.format import RecordingError
from segment_pendo.recordings.reading.mapped_file import Wrong
from segment_pendo.recordings.reading.parts import Unreadable
from segment_pendo.words import Json

__all__ = ["RowsFiles", "Style", "Written"]

type Style = Literal["ndjson", "parquet"]
_ENDS: Final[dict[Style, str]] = {"ndjson": ".jsonl", "parquet": ".parquet"}
_GROUP: Final = 10_000  # rows that are held at the same time
_TEXTS: Final = ("file", "time", "type", "user", "group", "outcome", "code", "reason", "body", "message")


class Written(NamedTuple):
    """The file of a part, how many rows it has, how many of them are errors; `wrong`: why there is none."""

    piece: Piece
    path: Path
    rows: int = 0
    errors: int = 0
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class RowsFiles:
    """Writes the rows of a job's parts below `output`, where each file has the name of its part."""

    job: Job
    output: Path
    style: Style

    def written(
        self, engine: Engine, pieces: Sequence[Piece], heard: Callable[[Written], None]
    ) -> list[Written]:
        """Write the files that are not finished; return all, in the order of the parts.

        Raises ArchiveError.
        """
        self.job.prepare()
        done: list[Written] = []
        for written in engine.map(self.write, pieces):
            heard(written)
            done.append(written)
        return sorted(done)

    def write(self, piece: Piece) -> Written:
        """Write the rows of one part, unless that is finished. Raises ArchiveError."""
        path = self._path(piece)
        # It says that the file is whole, and of this part and setup.
        mark = self.job.path("rows", f"{piece.digest} {self.style} {self.output.resolve()}")
        if mark.exists() and path.exists():
            rows, errors = map(int, mark.read_text("ascii").split())
            return Written(piece, path, rows, errors)
        counts = _Counts(self.job.rows(piece))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if self.style == "parquet":
                _write_parquet(path, counts)
            else:
                replace_whole(path, (dumps(row.row()).encode() + b"\n" for row in counts))
            replace_whole(mark, [f"{counts.rows} {counts.errors}\n".encode()])
        except Unreadable as error:
            return Written(piece, path, wrong=str(error))
        except (OSError, RecordingError) as error:
            msg = f"{path} cannot be written: {getattr(error, 'strerror', None) or error}"
            raise ArchiveError(msg) from None
        return Written(piece, path, counts.rows, counts.errors)

    def _path(self, piece: Piece) -> Path:
        words = [word for word in piece.name.split("/") if word not in {"", ".", ".."}]
        return self.output.joinpath(*words[:-1], words[-1] + _ENDS[self.style])

    def hash(self, written: Iterable[Written]) -> str:
        """Return the hash of all files, in the order of the parts. Raises OSError."""
        digest = blake2b(digest_size=16)
        for each in written:
            if not each.wrong:
                with each.path.open("rb") as file:
                    digest.update(file_digest(file, "blake2b").digest())
        return digest.hexdigest()


class _Counts:
    """The rows of a part, counted as they go by."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.rows = self.errors = 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.rows += 1
            self.errors += isinstance(row.item, Wrong)
            yield row


def _write_parquet(path: Path, rows: Iterable[Row]) -> None:
    try:
        import pyarrow as pa  # noqa: PLC0415 - slow, and of an extra
        import pyarrow.parquet as pq  # noqa: PLC0415 - as above
    except ImportError:
        msg = "Parquet needs an extra: pip install 'segment-pendo[dask]'. NDJSON does without it."
        raise ArchiveError(msg) from None
    texts = [pa.field(name, pa.string()) for name in _TEXTS]
    numbers = [pa.field("line", pa.int64()), pa.field("index", pa.int64())]
    lists = [pa.field("findings", pa.list_(pa.string())), pa.field("error", pa.string())]
    schema = pa.schema([*texts[:1], *numbers, *texts[1:], *lists])
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with private(part) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for group in batched(rows, _GROUP):
                writer.write_table(pa.Table.from_pylist([_columns(row) for row in group], schema=schema))
        part.replace(path)
    finally:
        with suppress(OSError):  # where it was replaced, it is gone
            part.unlink()


def _columns(row: Row) -> dict[str, Any]:
    """Return a row as columns: ids that are no texts as JSON, findings as codes, an error as its message."""
    made: dict[str, Any] = row.row()
    if "error" in made:
        return {"file": _text(made["file"]), "line": made["line"], "error": made["error"]["message"]}
    columns: dict[str, Any] = {name: _text(made.get(name)) for name in _TEXTS}
    findings = [finding["code"] for finding in made["findings"]]
    return columns | {"line": made["line"], "index": made["index"], "findings": findings}


def _text(value: Json) -> str | None:
    """Return a text that UTF-8 has: what it lacks is written as JSON writes it."""
    if value is None:
        return None
    text = value if isinstance(value, str) else js_json.write(value).decode()
    return text.encode("utf-8", "backslashreplace").decode()

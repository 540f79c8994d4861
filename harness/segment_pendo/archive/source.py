"""The parts of an archive: files of a folder here, or of a place that fsspec knows (s3://, gs://, abfs://)."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError
from segment_pendo.recordings.reading.parts import Part, Unreadable, parts

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["ArchiveError", "Piece", "is_remote", "pieces"]

_SCHEME: Final = "://"


class ArchiveError(SegmentPendoError):
    """An archive cannot be read, or not be worked on; the text says what to do."""

    exit_code = CANNOT_START


class Piece(NamedTuple):
    """One file of an archive. `name`: below the folder, the same on every machine; `stamp` tells a change."""

    name: str
    url: str
    stamp: str
    size: int

    @property
    def digest(self) -> str:
        """Return what tells this file, as it is now, from any other."""
        text = f"{self.name}\n{self.url}\n{self.stamp}"
        return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()

    def part(self) -> Part:
        """Return the file as it is read; it is called by its name."""
        return _Remote(self.name, url=self.url) if is_remote(self.url) else Part(self.name, Path(self.url))


@dataclass(slots=True)
class _Remote(Part):
    """A file that fsspec opens; it is read as a local one."""

    url: str = ""

    def _opened(self) -> AbstractContextManager[Any]:
        try:
            return _Reading(_fsspec().open(self.url, "rb").open())
        except OSError as error:
            raise Unreadable(self.name, error) from None


class _Reading:
    """A file of fsspec with `read1`, which some of them lack."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read1(self, size: int, /) -> bytes:
        data: bytes = self._file.read(size)
        return data

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def is_remote(source: str) -> bool:
    """Whether a source is the URL of a place that fsspec opens."""
    return _SCHEME in source


def pieces(source: str) -> list[Piece]:
    """Return the files of a folder, a pattern, a file or a URL, in the order of their names.

    Raises ArchiveError, Unreadable.
    """
    found = _remote(source) if is_remote(source) else _local(source)
    if not found:
        msg = (
            f"there is no file in {source}, and so no event; give the folder that the archive was copied to."
        )
        raise ArchiveError(msg)
    return sorted(found)


def _local(source: str) -> list[Piece]:
    base = Path(source) if Path(source).is_dir() else Path(source).parent
    found = []
    for part in parts([source]):
        if part.path is None:
            msg = "standard input is no archive: it cannot be read in parts. Use `map` and `state` for it."
            raise ArchiveError(msg)
        try:
            stat = part.path.stat()
        except OSError as error:
            raise Unreadable(part.name, error) from None
        name = part.path.relative_to(base) if part.path.is_relative_to(base) else part.path
        stamp = f"{stat.st_size}-{stat.st_mtime_ns}"
        found.append(Piece(name.as_posix(), str(part.path.resolve()), stamp, stat.st_size))
    return found


def _remote(source: str) -> list[Piece]:
    try:
        filesystem, root = _fsspec().core.url_to_fs(source)
        listed = filesystem.find(root, detail=True)
    except (
        OSError,
        ValueError,
        ImportError,
    ) as error:  # ValueError: no such scheme; ImportError: its package
        msg = f"{source} cannot be listed: {error}"
        raise ArchiveError(msg) from None
    found = []
    for path, info in listed.items():
        name = path.removeprefix(root).lstrip("/") or path.rpartition("/")[2]
        if not any(word.startswith(".") for word in name.split("/")):
            stamp = "-".join(str(info.get(key)) for key in ("size", "ETag", "etag", "mtime", "LastModified"))
            found.append(Piece(name, filesystem.unstrip_protocol(path), stamp, info.get("size") or 0))
    return found


def _fsspec() -> "ModuleType":
    try:
        import fsspec  # noqa: PLC0415 - only for URLs, and of an extra
    except ImportError:
        msg = "such a URL needs an extra (pip install 'segment-pendo[dask]') and fsspec's package for it."
        raise ArchiveError(msg) from None
    module: ModuleType = fsspec
    return module

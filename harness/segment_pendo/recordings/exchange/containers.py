"""What is inside a file that another program wrote, by its first bytes and not by its name.

Archives come packed: gzip, zip (Playwright), zlib (mitmproxy's .zhar), UTF-16, with a byte order mark.
"""

import codecs
import gzip
import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from segment_pendo.recordings.exchange.found import ImportFailure

__all__ = ["MOST_BYTES", "Content", "bounded", "is_held_whole", "opened"]

MOST_BYTES: Final = 1 << 30  # of what is unpacked: a small file must not fill the memory
_DEEPEST: Final = 3  # a gzip inside a zip, for example
_FLOWS: Final = re.compile(rb"\d{1,12}:")  # tnetstrings, as mitmproxy writes flows
_HAR: Final = re.compile(rb'\s*\{\s*"log"\s*:')
_ENCODINGS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Content:
    """What a file holds. `files`: the other files that came in the same zip, by their names."""

    kind: Literal["har", "flows", "lines"]
    data: bytes = field(repr=False)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


def is_held_whole(head: bytes) -> bool:
    """Whether a file that begins so is read whole: all but lines of JSON."""
    marks = (b"PK\x03\x04", b"\x78", *(mark for mark, _ in _ENCODINGS))
    return head.startswith(marks) or bool(_FLOWS.match(head) or _HAR.match(head))


def opened(data: bytes) -> Content:
    """Return what a file holds: an HTTP archive, flows of mitmproxy, or JSON lines. Raises ImportFailure."""
    files: Mapping[str, bytes] = {}
    for _ in range(_DEEPEST):
        if data.startswith(b"PK\x03\x04"):
            data, files = _unzipped(data)
        elif data.startswith(b"\x1f\x8b"):
            data = _gunzipped(data)
        elif data[:1] == b"\x78" and not _FLOWS.match(data):
            data = _inflated(data)
        else:
            break
    data = _as_utf8(data)
    if _FLOWS.match(data):
        return Content("flows", data, files)
    return Content("har" if _HAR.match(data) else "lines", data, files)


def _gunzipped(data: bytes) -> bytes:
    """Return the parts of a gzip file, of which there may be several, one after the other."""
    try:
        with gzip.open(io.BytesIO(data)) as file:
            return bounded(file.read(MOST_BYTES + 1))
    except (OSError, EOFError, zlib.error):
        msg = "its gzip is damaged"
        raise ImportFailure(msg) from None


def _inflated(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        return bounded(inflater.decompress(data, MOST_BYTES + 1))
    except zlib.error:
        return data  # it only looked like it


def _unzipped(data: bytes) -> tuple[bytes, Mapping[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            if sum(archive.getinfo(name).file_size for name in names) > MOST_BYTES:
                bounded(b"", too_large=True)
            files = {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, zlib.error, OSError):
        msg = "its zip is damaged or locked"
        raise ImportFailure(msg) from None
    archives = [name for name in names if name.lower().endswith(".har")] or names[:1]
    if len(archives) != 1:
        msg = f"the zip holds {len(archives)} HTTP archives; unpack it and name the one that you mean"
        raise ImportFailure(msg)
    return files[archives[0]], files


def bounded(data: bytes, *, too_large: bool = False) -> bytes:
    """Return the data. Raises ImportFailure where it is too much to be held."""
    if too_large or len(data) > MOST_BYTES:
        msg = f"it has more than {MOST_BYTES >> 30} GiB unpacked; cut it into parts"
        raise ImportFailure(msg)
    return data


def _as_utf8(data: bytes) -> bytes:
    for mark, encoding in _ENCODINGS:
        if data.startswith(mark):
            try:
                return data.decode(encoding).encode("utf-8", "surrogatepass")
            except UnicodeError:
                msg = f"it begins as {encoding.partition('-sig')[0].upper()} and goes on as something else"
                raise ImportFailure(msg) from None
    return data

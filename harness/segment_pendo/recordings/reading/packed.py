"""Unpack gzip (RFC 1952) and Zstandard (RFC 8878) piece by piece; their first bytes tell them, no name does.

Both may have several members, one after the other, as files have that were put together.
"""

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from itertools import chain
from typing import Any, Final, Literal

__all__ = ["Damaged", "Packing", "pack", "packing_of", "unpacked"]

type Packing = Literal["", "gzip", "zstd"]

_DEEPEST: Final = 3  # a gzip that a server packed once more, for example
_NAMES: Final = {"gzip": "gzip", "zstd": "Zstandard data"}
_GZIP: Final = 31  # zlib's window with gzip's header and checksum
_MOST: Final = 1 << 20  # bytes of one piece
_SLICE: Final = 512  # bytes of Zstandard that are unpacked at once: what is lost of them where one is damaged


class Damaged(Exception):
    """What is packed cannot be read on; the text says why, as a clause."""


def packing_of(head: bytes) -> Packing:
    """Return how a file is packed that begins with these four bytes."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    skippable = head[1:4] == b"\x2a\x4d\x18" and head[0] >> 4 == 5
    return "zstd" if head.startswith(b"\x28\xb5\x2f\xfd") or skippable else ""


def unpacked(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a file; where it is packed, what it holds, all that stands before a damage.

    Raises Damaged.
    """
    for _ in range(_DEEPEST):
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= 4:
                break
        chunks = chain([head] if head else [], chunks)
        packing = packing_of(head)
        if not packing:
            break
        chunks = _members(chunks, packing)
    yield from chunks


def _members(chunks: Iterable[bytes], packing: Packing) -> Iterator[bytes]:
    is_gzip = packing == "gzip"
    make: Callable[[], Any] = partial(zlib.decompressobj, _GZIP) if is_gzip else _zstd().ZstdDecompressor
    read = _inflated if is_gzip else _decompressed
    engine = make()
    for piece in chunks if is_gzip else _slices(chunks):
        chunk = piece
        while chunk := chunk.lstrip(b"\0") if engine.eof else chunk:  # blocks of a tape are filled with zeros
            engine = make() if engine.eof else engine
            yield from read(engine, chunk)
            chunk = engine.unused_data
    if not engine.eof:
        msg = f"its {_NAMES[packing]} is cut off"
        raise Damaged(msg)


def _inflated(engine: Any, chunk: bytes) -> Iterator[bytes]:
    before = engine.copy()
    try:
        data = engine.decompress(chunk)
    except zlib.error:
        yield from _before_damage(before, chunk)
        msg = f"its {_NAMES['gzip']} is damaged"
        raise Damaged(msg) from None
    yield data


def _before_damage(engine: Any, chunk: bytes) -> Iterator[bytes]:
    """Yield what can be read of a damaged chunk: byte by byte, as zlib gives nothing of one that fails."""
    for at in range(len(chunk)):
        try:
            data = engine.decompress(chunk[at : at + 1])
        except zlib.error:
            return
        yield data


def _zstd() -> Any:
    return import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")


def _slices(chunks: Iterable[bytes]) -> Iterator[bytes]:
    return (chunk[at : at + _SLICE] for chunk in chunks for at in range(0, len(chunk), _SLICE))


def _decompressed(engine: Any, chunk: bytes) -> Iterator[bytes]:
    try:
        yield engine.decompress(chunk, _MOST)
        while not (engine.needs_input or engine.eof):
            yield engine.decompress(b"", _MOST)
    except _zstd().ZstdError:
        msg = f"its {_NAMES['zstd']} is damaged"
        raise Damaged(msg) from None


def pack(lines: Iterable[bytes], packing: Packing) -> Iterator[bytes]:
    """Yield lines packed; the same lines give the same bytes at any time."""
    if not packing:
        yield from lines
        return
    engine = zlib.compressobj(wbits=_GZIP) if packing == "gzip" else _zstd().ZstdCompressor()
    for line in lines:
        yield engine.compress(line)
    yield engine.flush()

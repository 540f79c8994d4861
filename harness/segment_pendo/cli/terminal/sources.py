"""A colour for each app: the same wherever its name is printed, and never without the name."""

import zlib
from typing import Final

__all__ = ["coloured"]

_COLOURS: Final = (36, 35, 33, 32, 34, 31)  # of ANSI; the page has as many


def coloured(source: str, text: str) -> str:
    """Return a text in the colour of an app, for a terminal."""
    return f"\x1b[{_COLOURS[zlib.crc32(source.encode()) % len(_COLOURS)]}m{text}\x1b[0m"

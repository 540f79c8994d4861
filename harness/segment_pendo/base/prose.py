"""Words for people: counts, one-line values, texts that may be printed whatever an app put into them."""

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # `--help` needs prose, but none of the words
    from segment_pendo.words import Json

__all__ = ["cell", "many", "plain", "printable", "short", "tell_nobody", "whole"]

_WIDEST: Final = 60


def tell_nobody(_text: str) -> None:
    """Tell nobody: what stands where nobody wants to be told."""


def many(count: int, noun: str, plural: str = "") -> str:
    """Return a count with its noun."""
    return f"{count} {noun if count == 1 else plural or noun + 's'}"


def printable(words: str) -> str:
    """Return a text with its control characters spelled out."""
    if words.isprintable():
        return words
    return "".join(c if c.isprintable() else _escaped(ord(c)) for c in words)


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def cell(words: str) -> str:
    """Return a text so that it can stand in a cell of a Markdown table."""
    words = words.replace("&", "&amp;").replace("<", "&lt;").replace("@", "&#64;")
    words = re.sub(r"([\\|`*\[\]!])", r"\\\1", words)
    return printable(words)


def plain(value: "Json") -> str:
    """Return a value as one short printable word."""
    if value is None:
        return "-"
    word = (
        value
        if isinstance(value, str)
        else type(value).__name__
        if isinstance(value, dict | list)
        else str(value)
    )
    return short(word, _WIDEST)


def whole(words: str) -> str:
    """Return an id as `plain` does, in quotes where it is empty or has white space around it."""
    return f'"{plain(words)}"' if words != words.strip() or not words else plain(words)


def short(words: str, most: int) -> str:
    """Return a text, made printable and cut to `most` characters."""
    words = printable(words[: most + 1])
    return words if len(words) <= most else words[: most - 1] + "…"

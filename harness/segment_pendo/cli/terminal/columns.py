"""Texts that take a number of a terminal's columns: some characters take two of them, some none."""

from collections.abc import Iterable
from typing import Final

__all__ = ["cut", "fitted", "fitted_ids", "wide"]

_ELLIPSIS: Final = "…"
_BETWEEN: Final = " · "  # a group and its user
_QUOTED: Final = '" '  # the end of an event, before its user


def wide(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # noqa: PLC0415 - most texts are ASCII

    return cell_len(text)


def cut(text: str, columns: int) -> str:
    """Return a text that takes at most so many columns; where it was longer, it ends with an ellipsis."""
    if wide(text) <= columns:
        return text
    from rich.cells import set_cell_size  # noqa: PLC0415 - as above

    return set_cell_size(text, columns - 1).rstrip() + _ELLIPSIS


def fitted(text: str, columns: int) -> str:
    """Return a text that takes exactly so many columns."""
    return _padded(cut(text, columns), columns)


def fitted_ids(text: str, columns: int) -> str:
    """Return whom a line is about in exactly so many columns.

    What is too long loses its middle, since ids that are alike often differ at their ends. Of two names, each
    has its share.
    """
    return _padded(_ids(text, columns), columns)


def _ids(text: str, columns: int) -> str:
    between = _BETWEEN if _BETWEEN in text else _QUOTED if text.startswith('"') else ""
    first, _, last = text.rpartition(between) if between else ("", "", text)
    if wide(text) <= columns or not first:
        return _without_middle(text, columns)
    room = columns - len(between)
    of_last = min(wide(last), max((room + 1) // 2, room - wide(first)))
    return _without_middle(first, room - of_last) + between + _without_middle(last, of_last)


def _without_middle(text: str, columns: int) -> str:
    if wide(text) <= columns:
        return text
    room = columns - 1
    end = _taken(reversed(text), room // 2)[::-1]
    return _taken(text, room - wide(end)) + _ELLIPSIS + end


def _taken(characters: Iterable[str], columns: int) -> str:
    taken = ""
    for character in characters:
        if wide(taken + character) > columns:
            break
        taken += character
    return taken


def _padded(text: str, columns: int) -> str:
    return text + " " * (columns - wide(text))

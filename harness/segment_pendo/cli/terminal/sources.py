"""A colour for each app: the same wherever its name is printed, and never without the name."""

from functools import reduce
from typing import Final

__all__ = ["coloured"]

_COLOURS: Final = (36, 35, 33, 32, 34, 31)  # of ANSI; the page has as many


def coloured(source: str, text: str) -> str:
    """Return a text in the colour of an app, for a terminal."""
    # As the page has it (words.js): names that stand beside each other, such as web and api, differ.
    number = reduce(lambda before, letter: (before * 107 + ord(letter)) % 6007, source, 3)
    return f"\x1b[{_COLOURS[number % len(_COLOURS)]}m{text}\x1b[0m"

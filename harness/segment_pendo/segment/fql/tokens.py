"""The tokens of a trigger (D-10), and its text as JavaScript has it: in UTF-16 units."""

import re
from typing import Final, Literal, NamedTuple

__all__ = ["END", "Kind", "Token", "joined", "units"]

type Kind = Literal[
    "ident", "dot", "operator", "conditional", "string", "number", "null", "left", "right", "other", "end"
]

_BEYOND_BMP: Final = re.compile("[\U00010000-\U0010ffff]")


class Token(NamedTuple):
    """One token: `value` is its text as Segment's parser sees it; `start` and `stop` say where it stands."""

    kind: Kind
    value: str
    start: int
    stop: int


# The value of the token that ends a trigger: Segment's parser takes it for a text where a value is missing.
END: Final = "eos"


def units(text: str) -> str:
    """Return a text with one character for each UTF-16 unit, so that it is cut and searched as in JavaScript.

    Only beyond the basic plane is it another text.
    """
    return text if text.isascii() else _BEYOND_BMP.sub(_pair, text)


def _pair(match: re.Match[str]) -> str:
    code = ord(match[0]) - 0x10000
    return chr(0xD800 + (code >> 10)) + chr(0xDC00 + (code & 0x3FF))


def joined(text: str) -> str:
    """Return the text of which these are the UTF-16 units."""
    return (
        text
        if text.isascii()
        else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    )

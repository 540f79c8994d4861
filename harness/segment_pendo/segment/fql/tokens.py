"""The tokens of a trigger (D-10)."""

from typing import Final, Literal, NamedTuple

__all__ = ["END", "Kind", "Token"]

type Kind = Literal[
    "ident", "dot", "operator", "conditional", "string", "number", "null", "left", "right", "other", "end"
]


class Token(NamedTuple):
    """One token: `value` is its text as Segment's parser sees it; `start` and `stop` say where it stands."""

    kind: Kind
    value: str
    start: int
    stop: int


# The value of the token that ends a trigger: Segment's parser takes it for a text where a value is missing.
END: Final = "eos"

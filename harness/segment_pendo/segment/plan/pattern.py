r"""Regular expressions of JavaScript, written so that the library reads them as JavaScript does (D-107).

It knows most of them; not `\b` and `\B`, where words are ASCII only, `\0`, `[]` and `[^]`.
"""

from typing import Final

__all__ = ["as_written", "rewritten"]

_WORD: Final = "[A-Za-z0-9_]"
_OUTSIDE: Final = {
    r"\b": f"(?:(?<={_WORD})(?!{_WORD})|(?<!{_WORD})(?={_WORD}))",
    r"\B": f"(?:(?<={_WORD})(?={_WORD})|(?<!{_WORD})(?!{_WORD}))",
    r"\0": r"\x00",
    "[]": r"[^\s\S]",
    "[^]": r"[\s\S]",
}
_INSIDE: Final = {r"\b": r"\x08", r"\0": r"\x00"}


def rewritten(pattern: str) -> str:
    """Return a pattern as the library needs it."""
    if not any(special in pattern for special in _OUTSIDE):
        return pattern
    pieces: list[str] = []
    at, in_class = 0, False
    while at < len(pattern):
        piece = _piece(pattern, at, in_class=in_class)
        known = _INSIDE if in_class else _OUTSIDE
        at += len(piece)
        no_javascript = piece == r"\0" and pattern[at : at + 1].isdigit()
        pieces.append(piece if no_javascript else known.get(piece, piece))
        if piece in {"[", "]"}:
            in_class = piece == "["
    return "".join(pieces)


def _piece(pattern: str, at: int, *, in_class: bool) -> str:
    if pattern[at] == "\\":
        return pattern[at : at + 2]
    if not in_class:
        for whole in ("[^]", "[]"):
            if pattern.startswith(whole, at):
                return whole
    return pattern[at]


def as_written(pattern: str) -> str:
    """Return a pattern that was rewritten as it stood in the schema, nearly."""
    for short in (r"\b", r"\B"):
        pattern = pattern.replace(_OUTSIDE[short], short)
    return pattern

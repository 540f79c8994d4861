"""The words of a condition, as Segment's published lexer for FQL (npm @segment/fql-ts 1.10.1) divides them.

What looks odd is its: `!=` and a text need a blank after them, a text has no escapes, `and` is a word also
after a dot.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from segment_pendo.base.javascript.texts import joined, units

__all__ = ["ConditionError", "Token", "tokens"]

_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_DIGITS: Final = frozenset("0123456789")
_NAME: Final = _LETTERS | _DIGITS | frozenset("_-\\")
_BLANK: Final = frozenset(" \t\n")
_ENDS: Final = _BLANK | frozenset(",])") | {""}  # "" is the end of the condition
_AFTER_NAME: Final = _ENDS | frozenset(".(=!")
_WORDS: Final = {"a": ("nd", "conditional"), "o": ("r", "conditional"), "n": ("ull", "null")}
_SINGLE: Final = {
    ".": "dot", "[": "brackleft", "]": "brackright", ",": "comma", "(": "parenleft", ")": "parenright",
}  # fmt: skip
_LONGEST: Final = 100_000  # of one token


class ConditionError(ValueError):
    """A condition cannot be read. The text says why, as the end of a sentence."""


class Token(NamedTuple):
    """One word: its kind and value, and where it stands in the condition, in UTF-16 code units."""

    kind: str
    value: str
    start: int
    end: int


class _Reader:
    def __init__(self, units: str) -> None:
        self.units = units
        self.at = 0

    def peek(self) -> str:
        return self.units[self.at : self.at + 1]

    def next(self) -> str:
        char = self.peek()
        self.at += len(char)
        return char

    def accept(self, word: str) -> bool:
        """Whether the word comes and ends there. At the end of the condition what was read stays read."""
        start = self.at
        for _ in word:
            char = self.next()
            if not char:
                return False
            if char in _ENDS:
                break
        if self.units[start : self.at] == word and self.peek() in _ENDS:
            return True
        self.at = start
        return False


def tokens(condition: str) -> Iterator[Token]:
    """Yield the tokens of a condition. Raises ConditionError."""
    reader = _Reader(units(condition))
    while True:
        start = reader.at
        char = reader.next()
        if not char:
            return
        if char not in _BLANK:
            kind, value = _token(reader, char)
            yield Token(kind, joined(value), start, reader.at)


def _token(reader: _Reader, char: str) -> tuple[str, str]:
    if char == "!" and (reader.peek() in _LETTERS or reader.peek() == "("):
        return "operator", "!"
    if char in _LETTERS or char in "!=<>\\_":
        return _word(reader, char)
    if char in _DIGITS or char in "+-":
        return "number", char + _rest_of_number(reader)
    if char in "\"'":
        return "string", char + _rest_of_text(reader, char)
    if char in _SINGLE:
        return _SINGLE[char], char
    msg = f"the character at {reader.at} means nothing there"
    raise ConditionError(msg)


def _word(reader: _Reader, char: str) -> tuple[str, str]:
    if char == "=":
        return "operator", "="
    if char == "!":
        if reader.accept("="):
            return "operator", "!="
        msg = f"after the ! at {reader.at} there has to be a = and then a blank, a name or a parenthesis"
        raise ConditionError(msg)
    if char in "<>":
        return "operator", char + ("=" if reader.accept("=") else "")
    if char in _WORDS:
        rest, kind = _WORDS[char]
        if reader.accept(rest):
            return kind, char + rest
    return "ident", _name(reader, char)


def _name(reader: _Reader, char: str) -> str:
    name = ""
    while True:
        if char == "\\":
            char = reader.next()
            if not char:
                msg = "it ends with a backslash"
                raise ConditionError(msg)
        name += char
        _check_length(name)
        if reader.peek() not in _NAME:
            break
        char = reader.next()
    if reader.peek() not in _AFTER_NAME:
        msg = f"at {reader.at + 1} the name before it has to end with a blank"
        raise ConditionError(msg)
    return name


def _rest_of_number(reader: _Reader) -> str:
    digits, has_point = "", False
    while (char := reader.peek()) in _DIGITS or char == ".":
        digits += reader.next()
        if char == ".":
            if reader.peek() in _ENDS or has_point:
                msg = f"the number at {reader.at} has a decimal point too many"
                raise ConditionError(msg)
            has_point = True
        _check_length(digits)
    return digits


def _rest_of_text(reader: _Reader, quote: str) -> str:
    start = reader.at
    end = reader.units.find(quote, start)
    if end < 0:
        msg = f"the text that begins at {start} does not end"
        raise ConditionError(msg)
    _check_length(reader.units[start:end])
    reader.at = end
    reader.accept(quote)  # left there where no end of a word follows, so that the next text begins with it
    return reader.units[start : end + 1]


def _check_length(text: str) -> None:
    if len(text) >= _LONGEST:
        msg = f"a word of it has more than {_LONGEST:,} characters"
        raise ConditionError(msg)

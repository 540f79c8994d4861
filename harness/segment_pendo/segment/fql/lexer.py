"""The tokens of a trigger's text, as Segment's lexer makes them (D-10, D-13; npm @segment/fql-ts 1.10.1)."""

import re
from typing import Final, NoReturn

from segment_pendo.base.prose import short
from segment_pendo.segment.fql.codes import note
from segment_pendo.segment.fql.tokens import END, Kind, Token
from segment_pendo.segment.fql.unreadable import PATH, Unreadable

__all__ = ["lexed"]

_LONGEST: Final = 100_000  # a text, a name or a number has fewer UTF-16 units
_TERMINATORS: Final = " \t\n,])"
_AFTER_NAME: Final = _TERMINATORS + ".(=!"
_NAME: Final = re.compile(r"(?:\\[\s\S]|[A-Za-z0-9_-])+")
_ESCAPED: Final = re.compile(r"\\([\s\S])")
_NUMBER: Final = re.compile(r"[0-9+-][0-9.]*")
_LETTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NAME_STARTS: Final = _LETTERS | {"_", "\\"}
_NUMBER_STARTS: Final = frozenset("0123456789+-")
_SINGLE: Final[dict[str, Kind]] = {
    ".": "dot", "[": "other", "]": "other", ",": "other", "(": "left", ")": "right",
}  # fmt: skip
_WORDS: Final[dict[str, tuple[str, Kind]]] = {
    "a": ("and", "conditional"),
    "o": ("or", "conditional"),
    "n": ("null", "null"),
}
_SAID: Final = 30


def lexed(text: str) -> list[Token]:
    """Return the tokens of a trigger's text (in UTF-16 units), the last one its end. Raises Unreadable."""
    return _Lexer(text).tokens()


class _Lexer:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def tokens(self) -> list[Token]:
        tokens: list[Token] = []
        text = self._text
        while self._at < len(text):
            start = self._at
            if text[start] in " \t\n":
                self._at += 1
                continue
            kind, value = self._token(text[start])
            tokens.append(Token(kind, value, start, self._at))
        tokens.append(Token("end", END, len(text), len(text)))
        return tokens

    def _token(self, char: str) -> tuple[Kind, str]:
        if char in _NAME_STARTS:
            return self._word(char)
        if char in "=!<>":
            return "operator", self._operator(char)
        if char in _NUMBER_STARTS:
            return "number", self._number()
        if char in "\"'":
            return "string", self._string(char)
        if char in _SINGLE:
            self._at += 1
            return _SINGLE[char], char
        return self._invalid(char)

    def _ends(self, at: int) -> bool:
        return at >= len(self._text) or self._text[at] in _TERMINATORS

    def _accept(self, word: str) -> bool:
        """Pass over a word that stands here with its end behind it.

        At the end of the text, Segment's lexer loses what it read while it looked: `an` is the name a.
        """
        part = self._text[self._at : self._at + len(word)]
        if part == word and self._ends(self._at + len(word)):
            self._at += len(word)
            return True
        if len(part) < len(word) and not any(char in _TERMINATORS for char in part):
            self._at = len(self._text)
        return False

    def _word(self, char: str) -> tuple[Kind, str]:
        if char not in _WORDS:
            return "ident", self._name()
        word, kind = _WORDS[char]
        start = self._at
        self._at += 1
        if self._accept(word[1:]):
            return kind, word
        if self._at == len(self._text):
            return "ident", char
        self._at = start
        return "ident", self._name()

    def _name(self) -> str:
        match = _NAME.match(self._text, self._at)
        stop = match.end() if match else self._at
        if self._text[stop : stop + 1] == "\\":
            self._refuse("ends in a backslash", stop, "Take it out.")
        name = _ESCAPED.sub(r"\1", self._text[self._at : stop])
        if len(name) >= _LONGEST:
            self._refuse("has a name of 100,000 characters or more", self._at, "Shorten it.")
        if stop < len(self._text) and self._text[stop] not in _AFTER_NAME:
            self._after_name(name, stop)
        self._at = stop
        return name

    def _after_name(self, name: str, stop: int) -> NoReturn:
        char = short(self._text[stop], _SAID)
        if char == "`":
            self._back_quote(stop)
        self._refuse(
            f'has "{char}" right after the name {short(name, _SAID)}', stop, "Put a blank between them."
        )

    def _operator(self, char: str) -> str:
        self._at += 1
        if char == "=":
            return char
        if char == "!":
            following = self._text[self._at : self._at + 1]
            if following and (following in _LETTERS or following == "("):
                return char
            if self._accept("="):
                return "!="
            self._refuse(
                "has a ! that is neither != with a blank behind it nor right before a function",
                self._at - 1,
                'Write != "x" or !contains(...).',
            )
        return char + "=" if self._accept("=") else char

    def _number(self) -> str:
        match = _NUMBER.match(self._text, self._at)
        assert match
        points = match[0].count(".")
        if points > 1 or (points and match[0].endswith(".") and self._ends(match.end())):
            self._refuse("has a number with a point too much", self._at, "Write it as 1.5 or 1.")
        if len(match[0]) > _LONGEST:
            self._refuse("has a number of 100,000 digits or more", self._at, "Shorten it.")
        self._at = match.end()
        return match[0]

    def _string(self, quote: str) -> str:
        start = self._at
        stop = self._text.find(quote, start + 1)
        if stop < 0:
            self._refuse("has a text whose closing quote is missing", start, "Close it.")
        if stop - start - 1 >= _LONGEST:
            self._refuse("has a text of 100,000 characters or more", start, "Shorten it.")
        # Where something follows the quote directly, it is not passed over and opens the next text.
        self._at = stop + 1 if self._ends(stop + 1) else stop
        return self._text[start : stop + 1]

    def _invalid(self, char: str) -> NoReturn:
        if char == "`":
            self._back_quote(self._at)
        self._refuse(
            f'has "{short(char, _SAID)}" outside quotes',
            self._at,
            "Take it out, or put the text into quotes.",
        )

    def _back_quote(self, at: int) -> NoReturn:
        raise Unreadable(
            note(
                "TRIGGER_BACK_QUOTE",
                PATH,
                f"Segment cannot read this trigger, so its mapping sends nothing: a back quote at character "
                f"{at + 1}. Write the path without back quotes, with a backslash before a blank.",
            )
        )

    def _refuse(self, what: str, at: int, then: str) -> NoReturn:
        raise Unreadable(
            note(
                "TRIGGER_SYNTAX",
                PATH,
                f"Segment cannot read this trigger, so its mapping sends nothing: it {what}, at character "
                f"{at + 1}. {then}",
            )
        )

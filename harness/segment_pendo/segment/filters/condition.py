"""A condition in FQL as the tree that Segment's filter engines evaluate (D-37).

A tree is JSON, as in npm @segment/tsub: a list is a call (`["=", left, right]`), a text a path, an object
`{"value": ...}` a literal. What Segment's compiler refuses is published nowhere; here the words are those of
its lexer, and the grammar is that of its documentation.
"""

from dataclasses import dataclass
from typing import Final

from segment_pendo.base.javascript.texts import joined, units
from segment_pendo.base.js_json import MAX_DEPTH
from segment_pendo.base.prose import short
from segment_pendo.segment.filters.tokens import ConditionError, Token, tokens
from segment_pendo.words import Json

__all__ = ["ALL", "Condition", "condition_of"]

_WIDEST: Final = 40
ALL: Final = "all"  # D-34
_ARGUMENTS: Final = {
    "contains": 2, "match": 2, "semver": 3, "length": 1, "lowercase": 1, "uppercase": 1, "snakecase": 1,
    "kebabcase": 1, "titlecase": 1, "typeof": 1, "bool": 1, "string": 1, "number": 1,
}  # fmt: skip
_COMPARISONS: Final = frozenset({"=", "!=", "<", "<=", ">", ">="})
_LITERALS: Final = {"true": True, "false": False}
_END_OF_SIDE: Final = "the end, `and` or `or`"
_OPERAND: Final = "a path, a text, a number or a function"
_KEY: Final = "a name after the dot (escape what is none, such as \\0 or \\null)"
_END: Final = Token("eos", "", 0, 0)


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition that can be evaluated; `alternatives` are the sides of an `or`, each with its words."""

    tree: Json
    alternatives: tuple[tuple[Json, str], ...]


def condition_of(text: str) -> Condition:
    """Return the condition that a text says. Raises ConditionError."""
    if text.strip() == ALL:
        return Condition({"value": True}, (({"value": True}, ALL),))
    return _Parser(text).condition()


class _Parser:
    def __init__(self, text: str) -> None:
        self._units = units(text)
        self._tokens = list(tokens(text))
        self._at = 0
        self._depth = 0

    def condition(self) -> Condition:
        sides: list[tuple[Json, str]] = []
        while True:
            start = self._peek().start
            tree = self._all_of()
            end = self._tokens[self._at - 1].end
            sides.append((tree, joined(self._units[start:end])))
            if not self._skip("conditional", "or"):
                break
        if self._peek() is not _END:
            raise self._missing(_END_OF_SIDE)
        return Condition(_joined("or", [side[0] for side in sides]), tuple(sides))

    def _any_of(self) -> Json:
        sides = [self._all_of()]
        while self._skip("conditional", "or"):
            sides.append(self._all_of())
        return _joined("or", sides)

    def _all_of(self) -> Json:
        sides = [self._one()]
        while self._skip("conditional", "and"):
            sides.append(self._one())
        return _joined("and", sides)

    def _one(self) -> Json:
        if self._skip("operator", "!"):
            self._enter()
            tree: Json = ["!", self._one()]
            self._depth -= 1
            return tree
        left = self._operand()
        token = self._peek()
        is_in = token.kind == "ident" and token.value == "in"
        if is_in or (token.kind == "operator" and token.value in _COMPARISONS):
            self._at += 1
            return [token.value, left, self._operand()]
        return left

    def _operand(self) -> Json:
        token = self._peek()
        self._at += 1
        match token.kind:
            case "string":
                return {"value": token.value[1:-1]}
            case "number":
                return {"value": _number(token)}
            case "null":
                return {"value": None}
            case "brackleft":
                return {"value": self._many("brackright", "]")}
            case "parenleft":
                self._enter()
                tree = self._any_of()
                self._depth -= 1
                self._expect("parenright", ")")
                return tree
            case "ident" if self._peek().kind == "parenleft":
                return self._call(token)
            case "ident":
                return self._path(token)
        self._at -= 1
        raise self._missing(_OPERAND)

    def _call(self, name: Token) -> Json:
        self._at += 1
        if name.value not in _ARGUMENTS:
            known = ", ".join(sorted(_ARGUMENTS))
            msg = f"it has no function {short(name.value, _WIDEST)}; the functions are {known}"
            raise ConditionError(msg)
        arguments = self._many("parenright", ")")
        if len(arguments) != _ARGUMENTS[name.value]:
            msg = f"{name.value} takes {_ARGUMENTS[name.value]} arguments, not {len(arguments)}"
            raise ConditionError(msg)
        return [name.value, *arguments]

    def _many(self, closing: str, sign: str) -> list[Json]:
        values: list[Json] = []
        if self._skip(closing):
            return values
        self._enter()
        while True:
            values.append(self._operand())
            if not self._skip("comma"):
                break
        self._depth -= 1
        self._expect(closing, sign)
        return values

    def _path(self, name: Token) -> Json:
        keys = [name.value]
        while self._skip("dot"):
            if self._peek().kind != "ident":
                raise self._missing(_KEY)
            keys.append(self._peek().value)
            self._at += 1
        if len(keys) == 1 and name.value in _LITERALS:
            return {"value": _LITERALS[name.value]}
        return ".".join(key.replace(".", "\\.") for key in keys)

    # --- tokens ---

    def _peek(self) -> Token:
        return self._tokens[self._at] if self._at < len(self._tokens) else _END

    def _skip(self, kind: str, value: str = "") -> bool:
        token = self._peek()
        found = token.kind == kind and value in {"", token.value}
        self._at += found
        return found

    def _expect(self, kind: str, sign: str) -> None:
        if not self._skip(kind):
            raise self._missing(f"`{sign}`")

    def _enter(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH // 2:
            msg = f"it is nested more than {MAX_DEPTH // 2} levels"
            raise ConditionError(msg)

    def _missing(self, wanted: str) -> ConditionError:
        token = self._peek()
        if token is _END:
            return ConditionError(f"it ends where there has to be {wanted}")
        hint = "; write it in lower case" if token.value in {"AND", "OR"} else ""
        return ConditionError(
            f"at {token.start + 1} there is {short(token.value, _WIDEST)} and has to be {wanted}{hint}"
        )


def _joined(word: str, sides: list[Json]) -> Json:
    return sides[0] if len(sides) == 1 else [word, *sides]


def _number(token: Token) -> float:
    try:
        number = float(token.value)
    except ValueError:
        msg = f"{short(token.value, _WIDEST)} at {token.start + 1} is no number"
        raise ConditionError(msg) from None
    return int(number) if abs(number) < 1e15 and number.is_integer() else number

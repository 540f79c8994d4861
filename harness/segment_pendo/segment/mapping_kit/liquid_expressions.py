"""Expressions of Liquid: a strict grammar of what people write, read and evaluated as liquidjs 10 does."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from segment_pendo.base.javascript.numbers import is_number
from segment_pendo.base.javascript.texts import BLANKS, joined, length, units
from segment_pendo.base.javascript.values import UNDEFINED, NotKnown, Value, string
from segment_pendo.segment.mapping_kit.liquid_filters import FILTERS, fault_of_filter
from segment_pendo.segment.mapping_kit.numbers import is_less, numeric
from segment_pendo.segment.mapping_kit.values import Work

__all__ = ["Expression", "Refusal", "Variables", "evaluated", "expression", "is_true"]


class Refusal(Exception):
    """Why a template is not worked out."""


class Literal:
    """A word that compares in a way of its own: nil, empty, blank."""

    def __init__(self, stands_for: Value) -> None:
        self.stands_for = stands_for


NIL: Final = Literal(None)
EMPTY: Final = Literal("")
BLANK: Final = Literal("")
_WORDS: Final = {"true": True, "false": False, "nil": NIL, "null": NIL, "empty": EMPTY, "blank": BLANK}
_PRECEDENCES: Final = {
    "==": 2, "!=": 2, ">": 2, "<": 2, ">=": 2, "<=": 2, "contains": 2, "not": 1, "and": 0, "or": 0,
}  # fmt: skip
_TOKEN: Final = re.compile(
    r"""\s*(?:
      (?P<operator>==|!=|>=|<=|<|>|(?:contains|not|and|or)(?![\w?-]))
    | (?P<text>"[^"\\]*"|'[^'\\]*')(?![.\[])
    | (?P<number>[+-]?\d+(?:\.\d+)?)(?![\w?.\[-])
    | (?P<path>[A-Za-z_][\w-]*\??(?:\.[A-Za-z_][\w-]*\??|\[(?:-?\d+|"[^"\\\]]*"|'[^'\\\]]*')\])*)(?![.\[?])
    )""",
    re.ASCII | re.VERBOSE,
)
_STEP: Final = re.compile(r"""\.?([A-Za-z_][\w-]*\??)|\[(-?\d+)\]|\[["']([^\]]*)["']\]""", re.ASCII)
_FILTER: Final = re.compile(r"\s*\|\s*([A-Za-z_][\w-]*)\s*(:)?", re.ASCII)
_COMMA: Final = re.compile(r"\s*,")
_END: Final = re.compile(r"\s*\Z")


class Path(NamedTuple):
    """A place in the variables: names, and places in lists."""

    keys: tuple[str | int, ...]


class Operator(NamedTuple):
    """An operator by its word."""

    word: str


class Expression(NamedTuple):
    """Operands and operators in postfix order, and the filters that follow."""

    postfix: tuple[Value, ...]
    filters: tuple[tuple[str, tuple[Value, ...]], ...]


class Variables(NamedTuple):
    """What an expression can read: what tags have assigned goes first."""

    assigned: dict[str, Value]
    event: Mapping[str, Value]


# --- reading ---


def expression(text: str) -> Expression:
    """Return an expression with its filters. Raises Refusal for what is not worked out here."""
    operands: list[Value] = []
    waiting: list[Operator] = []
    position, wants_operand = 0, True
    while not (_END.match(text, position) or _FILTER.match(text, position)):
        token, position = _token(text, position)
        if isinstance(token, Operator) and token.word != "not":
            _check(not wants_operand, text)
            wants_operand = True
        else:
            _check(wants_operand, text)
            wants_operand = isinstance(token, Operator)
        if isinstance(token, Operator):
            # Of equals, the later one is worked out first: a or (b and c), a and (b or c).
            while waiting and _PRECEDENCES[waiting[-1].word] > _PRECEDENCES[token.word]:
                operands.append(waiting.pop())
            waiting.append(token)
        else:
            operands.append(token)
    _check(not wants_operand, text)
    return Expression((*operands, *reversed(waiting)), _filters(text, position))


def _check(holds: object, text: str) -> None:
    if not holds:
        msg = f"the Liquid expression {text.strip()!r} is not worked out here"
        raise Refusal(msg)


def _token(text: str, position: int) -> tuple[Value, int]:
    match = _TOKEN.match(text, position)
    if match is None:
        _check(None, text)
    assert match
    kind, found = match.lastgroup, match[match.lastgroup or 0]
    if kind == "operator":
        return Operator(found), match.end()
    if kind == "text":
        return found[1:-1], match.end()
    if kind == "number":
        return float(found), match.end()
    if found in _WORDS:
        return _WORDS[found], match.end()
    keys = tuple(name or (int(place) if place else quoted) for name, place, quoted in _STEP.findall(found))
    _check(keys[0] not in _WORDS, text)
    return Path(keys), match.end()


def _filters(text: str, position: int) -> tuple[tuple[str, tuple[Value, ...]], ...]:
    found: list[tuple[str, tuple[Value, ...]]] = []
    while not _END.match(text, position):
        match = _FILTER.match(text, position)
        _check(match, text)
        assert match
        position = match.end()
        arguments: list[Value] = []
        while match[2]:
            argument, position = _token(text, position)
            _check(not isinstance(argument, Operator), text)
            arguments.append(argument)
            comma = _COMMA.match(text, position)
            if comma is None:
                break
            position = comma.end()
        fault = fault_of_filter(match[1], len(arguments))
        if fault:
            raise Refusal(fault)
        found.append((match[1], tuple(arguments)))
    words = [one for _, arguments in found for one in arguments if isinstance(one, Literal)]
    _check(not words or "json" not in dict(found), text)
    return tuple(found)


# --- evaluating ---


def evaluated(read: Expression, variables: Variables, work: Work) -> Value:
    """Return the value of an expression."""
    operands: list[Value] = []
    for token in read.postfix:
        work.spend(1)
        if not isinstance(token, Operator):
            operands.append(_operand(token, variables))
            continue
        right = operands.pop()
        left = UNDEFINED if token.word == "not" else operands.pop()
        operands.append(_operated(token.word, left, right))
    value = operands[0]
    if read.filters and isinstance(value, Literal):
        msg = "a Liquid filter is given empty, blank or nil itself"
        raise NotKnown(msg)
    for name, arguments in read.filters:
        known = FILTERS.get(name)
        if known is not None:  # a filter that there is not changes nothing
            given = [_plain(_operand(one, variables)) for one in arguments]
            value = known.run(_plain(value), given, work)
            value = joined(value) if isinstance(value, str) else value
            work.spend(len(value) if isinstance(value, str | list) else 1)
    return _plain(value) if read.filters else value


def is_true(value: Value) -> bool:
    """Whether a condition holds: all does but false and nil."""
    value = _plain(value)
    return value is not None and value is not UNDEFINED and value is not False


def _plain(value: Value) -> Value:
    return value.stands_for if isinstance(value, Literal) else value


def _operand(token: Value, variables: Variables) -> Value:
    if not isinstance(token, Path):
        return token
    first = token.keys[0]
    value: Value = variables.assigned if first in variables.assigned else variables.event
    if first not in value:
        value = {}  # the globals, of which there are none: their size is 0
    for key in token.keys:
        value = UNDEFINED if isinstance(value, Literal) else _property(value, key)
    return value


def _property(value: Value, key: str | int) -> Value:
    """Return an own member; without one, size, first and last are those of the list or text."""
    if value is None or value is UNDEFINED:
        return value
    if isinstance(key, int):
        return _at(value, key)
    if isinstance(value, dict) and key in value:
        return value[key]
    if key == "size" and isinstance(value, dict | list | str):
        return length(value) if isinstance(value, str) else len(value)
    if key == "length" and isinstance(value, list | str):
        return length(value) if isinstance(value, str) else len(value)
    if key in {"first", "last"} and isinstance(value, list):
        return (value[0] if key == "first" else value[-1]) if value else UNDEFINED
    return UNDEFINED


def _at(value: Value, index: int) -> Value:
    if isinstance(value, dict):
        return value.get(str(index), UNDEFINED)
    if isinstance(value, list):
        index = index + len(value) if index < 0 else index
        return value[index] if 0 <= index < len(value) else UNDEFINED
    by_unit = units(value) if isinstance(value, str) else ""
    return by_unit[index] if 0 <= index < len(by_unit) else UNDEFINED


def _operated(word: str, left: Value, right: Value) -> Value:
    match word:
        case "not":
            return not is_true(right)
        case "and":
            return is_true(left) and is_true(right)
        case "or":
            return is_true(left) or is_true(right)
        case "==" | "!=":
            return _equal(left, right) == (word == "==")
        case "contains":
            return _contains(_plain(left), right)
    if isinstance(left, Literal) or isinstance(right, Literal):
        return False
    one, other = (left, right) if word in {"<", "<="} else (right, left)
    return is_less(one, other, or_equal=word.endswith("="))


def _contains(value: Value, searched: Value) -> bool:
    if isinstance(value, list):
        return any(_equal(one, searched) for one in value)
    return isinstance(value, str) and units(string(_plain(searched))) in units(value)


def _equal(left: Value, right: Value) -> bool:
    if isinstance(left, Literal) or isinstance(right, Literal):
        return _is(left, right) if isinstance(left, Literal) else _is(right, left)
    if isinstance(left, list):
        return (
            isinstance(right, list)
            and len(left) == len(right)
            and all(_equal(one, other) for one, other in zip(left, right, strict=True))
        )
    if is_number(left) and is_number(right):
        return numeric(left) == numeric(right)
    if isinstance(left, dict) or type(left) is not type(right):
        return left is right
    return bool(left == right)


def _is(literal: Literal, value: Value) -> bool:
    if literal is NIL:
        return _plain(value) is None or value is UNDEFINED
    if literal is BLANK:
        if value is False or _plain(value) is None or value is UNDEFINED:
            return True
        if isinstance(value, str):
            return not value.strip(BLANKS)
    return isinstance(value, dict | list | str) and not value

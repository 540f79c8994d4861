"""The conditions that Segment's parser finds in the tokens of a trigger, and what it passes over: D-11, D-13.

It skips whatever it does not know, instead of refusing it: most traps of the language come from that.
"""

from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from segment_pendo.base.javascript.members import OF_EVERY_OBJECT
from segment_pendo.base.javascript.numbers import number_of, number_text
from segment_pendo.base.prose import short
from segment_pendo.segment.fql.codes import note
from segment_pendo.segment.fql.condition import Condition, Group, Part
from segment_pendo.segment.fql.place import Place
from segment_pendo.segment.fql.tokens import END, Token
from segment_pendo.segment.fql.unreadable import PATH, Unreadable

__all__ = ["FUNCTIONS", "NOT_FUNCTIONS", "Parsed", "Run", "parsed"]

FUNCTIONS: Final = frozenset({"contains", "match"})
_TOP: Final = ("event", "name", "userId")
_OBJECTS: Final = ("properties", "traits", "context")
_MEMBERS: Final = frozenset({"type", *_TOP, *_OBJECTS})
# What may stand before a parenthesis without being meant as a function.
NOT_FUNCTIONS: Final = frozenset({"and", "or", "not"})
_NAMED: Final = 40


class Run(NamedTuple):
    """Tokens that are passed over, and the word that joins the conditions there ('': there is but one)."""

    tokens: list[Token]
    word: str


@dataclass(slots=True)
class Parsed:
    """What Segment's parser makes of a trigger: the conditions, and what traps are made of.

    `skipped` are the tokens it passes over, `called` the names among them that stand before a
    parenthesis, `used` the tokens of each condition, `joints` the words and/or of each group,
    `cut` the functions whose parenthesis ends the group around them, `empty` the parentheses without a
    condition.
    """

    tokens: list[Token]
    root: Group
    skipped: list[Run] = field(default_factory=list)
    used: list[tuple[Condition, tuple[Token, ...]]] = field(default_factory=list)
    joints: list[list[Token]] = field(default_factory=list)
    called: list[Token] = field(default_factory=list)
    cut: list[Token] = field(default_factory=list)
    empty: list[Token] = field(default_factory=list)


def parsed(tokens: list[Token]) -> Parsed:
    """Return what Segment's parser makes of the tokens. Raises Unreadable."""
    tokens = _with_paths(tokens)
    seen = Parsed(tokens, Group("and", (), 0, 0))
    part = _Level(tokens, seen).part()
    if part is None:
        raise _no_condition(tokens)
    seen.root = part if isinstance(part, Group) else Group("and", (part,), part.start, part.stop)
    return seen


def _no_condition(tokens: list[Token]) -> Unreadable:
    if len(tokens) == 1:
        return Unreadable(
            note(
                "TRIGGER_EMPTY",
                PATH,
                'The trigger is empty, so its mapping sends nothing. Write one, such as type = "identify".',
            )
        )
    return Unreadable(
        note(
            "TRIGGER_NO_CONDITION",
            PATH,
            "Segment finds no condition in this trigger, so its mapping sends nothing: from character "
            f"{tokens[0].start + 1} on, nothing names type, event, name, userId, properties, traits or "
            'context. Write one that does, such as type = "identify".',
        )
    )


def _with_paths(tokens: list[Token]) -> list[Token]:
    """Return the tokens with each name, dot, name as one; blanks around a dot do not matter."""
    joined: list[Token] = []
    names: list[str] = []  # of the last token, joined once: a path may be long
    at = 0

    def close() -> None:
        if len(names) > 1:
            joined[-1] = joined[-1]._replace(value=".".join(names))
        names.clear()

    while at < len(tokens):
        token = tokens[at]
        if names and token.kind == "dot" and tokens[at + 1].kind == "ident":
            names.append(tokens[at + 1].value)
            joined[-1] = joined[-1]._replace(stop=tokens[at + 1].stop)
            at += 2
            continue
        close()
        joined.append(token)
        names += [token.value] if token.kind == "ident" else []
        at += 1
    close()
    return joined


class _Level:
    """The parser at one level: the whole trigger, or what stands in parentheses."""

    def __init__(self, tokens: list[Token], seen: Parsed, *, inner: bool = False) -> None:
        self._tokens = tokens
        self._seen = seen
        self._inner = inner
        self._at = 0
        self._parts: list[Part] = []
        self._joints: list[Token] = []
        self._run: list[Token] = []
        self._runs: list[list[Token]] = []

    def part(self) -> Part:
        """Return what stands here: a group, its only part, or None where there is no condition."""
        while (token := self._next()) is not None and token.kind != "end":
            self._take(token)
        self._used()
        word: Literal["and", "or"] = "or" if self._joints and self._joints[-1].value == "or" else "and"
        several = len(self._parts) > 1
        self._seen.skipped += [Run(run, word if several else "") for run in self._runs]
        if not several:
            return self._parts[0] if self._parts else None
        self._seen.joints.append(self._joints)
        return Group(word, tuple(self._parts), self._tokens[0].start, self._tokens[-1].start)

    def _take(self, token: Token) -> None:
        if token.kind == "ident":
            self._name(token)
        elif token.kind == "operator" and token.value == "!":
            self._negation(token)
        elif token.kind == "left":
            self._group(token)
        elif token.kind == "conditional":
            self._used()
            self._joints.append(token)
        else:
            self._skip(token)

    def _next(self) -> Token | None:
        if self._at >= len(self._tokens):
            return None
        self._at += 1
        return self._tokens[self._at - 1]

    def _following(self) -> Token:
        return self._tokens[min(self._at, len(self._tokens) - 1)]

    def _skip(self, *tokens: Token | None) -> None:
        self._run += [token for token in tokens if token is not None and token.kind != "end"]

    def _used(self) -> None:
        """End the run of tokens that are passed over."""
        if self._run:
            self._runs.append(self._run)
            self._run = []

    def _name(self, token: Token) -> None:
        start = token.value.partition(".")[0]
        if start in _MEMBERS:
            self._condition(token, start)
        elif start in OF_EVERY_OBJECT:
            # Segment's parser looks names up in an object, which inherits these.
            self._skip(token, *self._operands(token))
        elif token.value in FUNCTIONS:
            self._function(token, negated=False)
        else:
            self._skip(token)

    def _operands(self, token: Token) -> tuple[Token, Token]:
        operator, value = self._next(), self._next()
        if operator is None or value is None:
            raise _missing(token, "an operator or a value", 'Write it as name = "value".')
        return operator, value

    def _add(self, condition: Condition, *tokens: Token) -> None:
        self._used()
        self._parts.append(condition)
        self._seen.used.append((condition, tokens))

    def _condition(self, token: Token, start: str) -> None:
        operator, value = self._operands(token)
        expected = _expected(value)
        if start in _OBJECTS:
            place = Place(start, token.value.removeprefix(start + "."))
        else:
            place = Place(start)  # D-13: whatever follows the dot
            expected = _as_text(expected)
        meant = _meant(start, operator, value)
        nothing = meant in {"exists", "not_exists", "is_true", "is_false"}
        self._add(
            Condition(place, meant, None if nothing else expected, token.start, value.stop),
            token,
            operator,
            value,
        )

    def _negation(self, token: Token) -> None:
        following = self._following()
        if following.kind == "ident" and following.value in FUNCTIONS:
            self._at += 1
            self._function(following, negated=True, start=token.start)
        else:
            self._skip(token)

    def _function(self, token: Token, *, negated: bool, start: int | None = None) -> None:
        left = self._next()
        where = self._next()
        if where is None:
            raise _missing(token, "the first argument", f'Write it as {token.value}(event, "text").')
        comma = self._next()
        value = self._next()
        if value is None:
            raise _missing(token, "the second argument", f'Write it as {token.value}(event, "text").')
        right = self._next()
        place = _searched(where)
        if place is None:
            self._skip(token, left, where, comma, value, right)
            return
        operator, expected = _pattern(token.value, value)
        condition = Condition(
            place,
            f"not_{operator}" if negated else operator,
            expected,
            token.start if start is None else start,
            max(value.stop, right.stop if right and right.kind in {"right", "end"} else 0),
        )
        self._add(condition, token, *(one for one in (left, where, comma, value, right) if one))
        if self._inner and right is not None and right.kind == "end":
            self._seen.cut.append(token)

    def _group(self, left: Token) -> None:
        called = self._called()
        stop = self._at
        while stop < len(self._tokens) and self._tokens[stop].kind != "right":
            stop += 1
        if stop == len(self._tokens):
            raise _unknown(called) if called else self._open(left)
        inside = self._tokens[self._at : stop]
        right = self._tokens[stop]
        self._at = stop + 1
        self._used()
        cut = len(self._seen.cut)
        try:
            part = _Level(
                [*inside, Token("end", END, right.start, right.stop)], self._seen, inner=True
            ).part()
        except Unreadable:
            if called:
                raise _unknown(called) from None
            raise
        self._parts.append(part)
        if part is None:
            self._seen.empty.append(left)
        if self._following().kind in {"right", "end"}:  # nothing is cut off
            del self._seen.cut[cut:]

    def _called(self) -> Token | None:
        """Return the unknown function whose parenthesis was just read."""
        before = self._run[-1] if self._run else None
        if before is None or before.kind != "ident" or before is not self._tokens[self._at - 2]:
            return None
        if before.value.lower() in NOT_FUNCTIONS:
            return None
        self._seen.called.append(before)
        return before

    def _open(self, left: Token) -> Unreadable:
        if self._inner:
            return Unreadable(
                note(
                    "TRIGGER_NESTED_PARENTHESES",
                    PATH,
                    "Segment cannot read this trigger, so its mapping sends nothing: parentheses stand "
                    f"inside parentheses, at character {left.start + 1}. Write it with one level of "
                    "parentheses, or as several mappings.",
                )
            )
        return _missing(left, "a closing parenthesis", "Close it.")


def _unknown(called: Token) -> Unreadable:
    return Unreadable(
        note(
            "TRIGGER_UNKNOWN_FUNCTION",
            PATH,
            "Segment cannot read this trigger, so its mapping sends nothing: at character "
            f"{called.start + 1} it calls {short(called.value, _NAMED)}, which is none of its functions. It "
            "has contains and match; express it with them, or filter in the app.",
        )
    )


def _missing(token: Token, what: str, then: str) -> Unreadable:
    return Unreadable(
        note(
            "TRIGGER_SYNTAX",
            PATH,
            "Segment cannot read this trigger, so its mapping sends nothing: "
            f"after {short(token.value, _NAMED)} at character {token.start + 1}, {what} is missing. {then}",
        )
    )


def _meant(start: str, operator: Token, value: Token) -> str:
    """Return the operator that Segment makes of what stands there (D-10, D-12)."""
    if operator.value not in {"=", "!="} or start in {"type", "event"}:
        return operator.value
    equal = operator.value == "="
    if value.value == "null":
        return "not_exists" if equal else "exists"
    if start == "name":
        return operator.value
    if equal and value.value in {"true", "false"}:
        return f"is_{value.value}"
    if value.kind == "number" and start != "userId":
        return "number_equals" if equal else "number_not_equals"
    return operator.value


def _expected(value: Token) -> str | float | bool:
    """Return the value that a token stands for; only double quotes are taken off a text."""
    if value.kind == "string":
        return value.value.removeprefix('"').removesuffix('"')
    if value.kind == "number":
        return number_of(value.value)
    if value.kind == "ident" and value.value in {"true", "false"}:
        return value.value == "true"
    return value.value


def _as_text(expected: str | float | bool) -> str:
    if isinstance(expected, bool):
        return "true" if expected else "false"
    return expected if isinstance(expected, str) else number_text(expected)


def _searched(where: Token) -> Place | None:
    """Return where a function searches; None where Segment passes it over."""
    if where.value in _TOP:
        return Place(where.value)
    for member in _OBJECTS:
        if where.value.startswith(member):
            return Place(member, where.value.removeprefix(member + "."))
    return None


def _pattern(function: str, value: Token) -> tuple[str, str]:
    """Return the operator and the text of a function; of match, a star counts only at one end (D-13)."""
    text = _as_text(_expected(value))
    if function == "contains":
        return "contains", text
    return ("starts_with", text[:-1]) if value.value.endswith('*"') else ("ends_with", text[1:])

"""Triggers and events, made at random: near hits, far misses, and texts that no author would write."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any

from fql_oracle import Case

from segment_pendo.base import js_json

TYPES = ("identify", "group", "track", "page", "screen", "alias")
TEXTS = (
    "pro", "Pro", "Signed Up", "Signed", "5", "05", "5.0", "1e3", "true", "false", "null", "eos", "", " ",
    " 5 ", "0x10",
    "0b2", "Infinity", "-", "NaN", "a*", "*a", "a", "*", "x😀y", "😀", "\ud83d", "\ude00b", "é", "É", "'a'",
    "a\\b", "a b", "track",
    "Track", "undefined", "toString", "Object", "1_000", "\u00a05", "a\nb", "[a]", "$.a", "and", "1e400",
)  # fmt: skip
NUMBERS = (
    "5", "0", "-0", "5.0", "1.5", "-1", "1e21", "1e400", "-1e400", "9007199254740993", "1e-7", "100", "2",
    "1000",
    "0.1", "12345678901234567890", "1e-400", "16",
)  # fmt: skip
LEAVES = ("true", "false", "null")
KEYS = (
    "plan", "n", "a", "b", "my plan", "a.b", "0", "1", "length", "constructor", "__proto__", "toString",
    "é", "😀",
    "name", "type", "properties", "traits", "x-y", "a_b", "prototype", "page", "url", "event", "caller",
    "[", "", "plan", "n", "a", "b",
)  # fmt: skip
MEMBERS = ("properties", "traits", "context")
PLAIN = ("type", "event", "name", "userId")
ODD_NAMES = (
    "groupId", "anonymousId", "messageId", "message.event", "foo", "constructor", "__proto__.x",
    "toString", "properties",
    "traits", "context", "event.x", "type.y", "userId.z", "propertiesX", "contextual.a", "AND", "Type",
    "contains",
    "match", "null.x", "true", "and.x", "\\type", "proper\\ties.n", "properties\\.n", "properties.\\[",
    "properties\\.",
    "traits.a\\[0\\]", "traits . plan", "valueOf", "an", "nul", "o", "n", "a", "context.é",
    "properties.constructor.name", "traits.toString.length", "properties.n.toFixed",
    "properties.a.constructor.MAX_VALUE",
    "traits.__proto__.__proto__", "properties.constructor.caller", "properties.a.trimLeft.name",
    "traits.a.0.length",
    "properties.a.constructor.prototype.length", "context.constructor.constructor.name", "traits.keys.length",
)  # fmt: skip
OPERATORS = ("=", "=", "=", "!=", "!=", "<", "<=", ">", ">=")
ODD_OPERATORS = (
    "==", "!", "<>", "=>", "contains", "starts_with", "not_ends_with", "exists", "not_exists", "is_true",
    "is_false",
    "number_equals", "number_not_equals", "not_contains", "in", ",", ".", "(", ")", "and", "~", "&&",
    "\\=", "[",
)  # fmt: skip
FUNCTIONS = ("contains", "match")
ODD_FUNCTIONS = (
    "Contains",
    "lowercase",
    "length",
    "typeof",
    "not",
    "and",
    "or",
    "foo.contains",
    "starts_with",
)
PIECES = (
    "(", ")", "!", "=", "!=", " ", "\n", "\r", "\t", ",", ".", '"', "'", "`", "\\", "[", "]", "and", "or",
    "null", "5", "-", "+",
    "1.", ".5", "1.2.3", "true", "contains(", "match(", "type", "event", "\u00a0", "é", "😀", "\ud83d",
    "AND", "OR", ";", "#", "{",
    "()", "(())", '""', "eos", "an", "nul", "o", "-1", "properties.", ")(", "!(", "<", "<=", '*"',
)  # fmt: skip
# What authors write, and what of it is a trap.
WRITTEN = (
    'type = "track"', 'type="track"', '!(type = "track")', 'not type = "track"', '!type = "track"',
    'traits.n = "5"',
    "traits.n = 5", "traits.n != 5", "traits.x != null", "traits.x = null", 'traits.plan != "pro"',
    'traits.x != "pro"',
    "traits.x != 5", '!contains(event, "x")', '!contains(traits.x, "x")', '!match(traits.x, "x*")',
    'type = "track" OR type = "identify"', 'type = "identify" AND traits.n = 5',
    'type = "identify" or(event = "X")',
    'type = "a" or event = "b" and userId = "u"', 'type = "a" and event = "b" or userId = "u"',
    'lowercase(event) = "x"',
    '`traits.plan` = "pro"', 'groupId = "g"', 'type = "identify" and groupId = "h"', 'type = "Identify"',
    'type != "Identify"', "type = 'identify'", 'type == "identify"', "type != null", "event = null",
    "traits.yes != true",
    "traits.yes = true", 'traits.yes = "true"', "userId = true", "name = true", 'event.name = "Signed Up"',
    'properties = "x"', "properties != null", 'contains(traits, "x")', "traits.constructor != null",
    'match(event, "Signed Up")', 'match(event, "Signed*Up")', 'match(event, "*Up")', 'match(event, "Si*")',
    'match(event, "*")', 'match(event, "*igned*")', "traits.n <=5", "traits.n <= 5", 'traits.n <= "5"',
    'traits.n > "abc"', 'type = "track" and (contains(event, "S") or contains(event, "b"))',
    '(contains(event, "S") and type = "track") or userId = "v"', '(type = "track" and contains(event, "S"))',
    '(type = "identify" and (traits.n = 5))', "type =", "type", 'type = "track" and ()',
    '() or type = "identify"',
    'foo(type = "identify")', "traits.n ~ 5", "traits.n > 4.", 'event = "Signed Up', '(type = "identify"',
    'contains(type, "i")', 'contains("event", "S")', "traits.n=5", "traits.plan=pro", 'traits.plan!="x"',
    'type = "identify")', "traits.\\[ = 5", "traits.n in [5]", "event = Signed Up", "event = Signed",
    'type = "identify" && traits.n = 5', 'type = "identify"\r\nand traits.n = 5',
    'type = "identify"\nand traits.n = 5',
    'traits.my\\ plan = "pro"', 'traits["my plan"] = "pro"', "", " ", 'event = "Signed \\"Up\\""',
    "event = no", "event = on",
    "traits.n.x = 5", "traits.list.0 = 1", "traits.list.length = 2", "traits.plan.length = 3",
    "traits.list != null",
    'traits.plan contains "r"', "traits.plan exists", 'message.event = "Signed Up"',
    'event = "a" event = "Signed Up"',
)  # fmt: skip
WRITTEN_FOR = (
    '{"type":"identify","userId":"u","traits":{"plan":"pro","n":5,"yes":true,"list":[1,2],"my plan":"pro"}}',
    '{"type":"track","userId":"u","event":"Signed Up","properties":{"n":"5","properties":"x"}}',
    '{"type":"identify","userId":"v","event":"no","traits":{"plan":"free","n":"5","yes":"true","x":null}}',
)
# Texts, names and numbers at the limits of Segment's lexer.
LIMITS = (
    'type = "' + "x" * 99_999 + '"', 'type = "' + "x" * 100_000 + '"', 'event != "' + "😀" * 49_999 + 'x"',
    'event != "' + "😀" * 50_000 + '"', "type != " + "x" * 99_999, "type != " + "x" * 100_000, "a" * 99_999,
    "properties.n < " + "9" * 100_000, "properties.n < " + "9" * 100_001,
    "properties.n > -" + "0" * 99_999 + "9",
    "properties.n < 0." + "3" * 99_000, "type != " + "\\x" * 99_999,
    'properties.n < "' + "0x" + "f" * 90_000 + '"',
)  # fmt: skip
# What makes a careless reader slow, or recurse: a piece that is repeated, and what stands around it.
_REPEATED = (
    ("", "(", ""), ("", ")", ""), ("", "()", ""), ("", "(()", ""), ("", "!(", ""), ("", '"', ""),
    ("", "'\"", ""), ("", "\\", ""),
    ("a", ".a", ""), ("properties", ".a", " = 5"), ("properties", " . a", " = 5"), ("", "contains(", ""),
    ("", 'type = "track" and ', 'type = "track"'), ("", 'type = "Tracks" or ', "x"), ("", "(type = ", ""),
    ("", "contains(event, ", ""), ("", 'match(event, "a*") ', ""), ("", "-", ""), ("", "type = ", ""),
    ("", "\n", ""),
    ("", "type != null or ", "()"), ("foo(", "foo(", "))"), ("", "foo(type = null) ", ""),
    ("", '(contains(event, "a") or ', ""),
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9_-]")


class _Maker:
    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, some: tuple[str, ...]) -> str:
        return self.random.choice(some)

    # --- events ---

    def value(self, depth: int = 0) -> str:
        kind = self.random.random()
        if kind < 0.4:
            return json.dumps(self.one(TEXTS))
        if kind < 0.6:
            return self.one(NUMBERS)
        if kind < 0.75 or depth > 2:
            return self.one(LEAVES)
        if kind < 0.9:
            return self.members(depth + 1)
        return "[" + ",".join(self.value(depth + 1) for _ in range(self.random.randrange(3))) + "]"

    def members(self, depth: int = 0) -> str:
        count = self.random.randrange(1, 5)
        return "{" + ",".join(f"{json.dumps(self.one(KEYS))}:{self.value(depth)}" for _ in range(count)) + "}"

    def event(self) -> str:
        parts = [("type", json.dumps(self.one(TYPES)) if self.chance(0.95) else self.value())]
        parts += [(name, self.text_mostly()) for name in PLAIN[1:] if self.chance(0.6)]
        parts += [
            (name, self.members() if self.chance(0.9) else self.value())
            for name in MEMBERS
            if self.chance(0.7)
        ]
        parts += [("groupId", '"g"')] if self.chance(0.2) else []
        self.random.shuffle(parts)
        return "{" + ",".join(f'"{name}":{value}' for name, value in parts) + "}"

    def text_mostly(self) -> str:
        return json.dumps(self.one(TEXTS)) if self.chance(0.85) else self.value()

    # --- triggers ---

    def place(self, event: Any) -> tuple[str, Any]:
        """The text of a path, and what Python finds there."""
        if self.chance(0.09):
            return self.one(ODD_NAMES), self.one(TEXTS)
        name = self.one((*PLAIN, *MEMBERS, *MEMBERS))
        if name in PLAIN:
            return name, event.get(name)
        names, value = [name], event.get(name)
        while isinstance(value, dict | list) and value and (len(names) == 1 or self.chance(0.9)):
            key = self.random.choice(list(value) if isinstance(value, dict) else range(len(value)))
            if key in {"", "😀"} and self.chance(0.9):  # no trigger can name them
                break
            names.append(self.escaped(str(key)))
            value = value[key]
        if len(names) == 1 or self.chance(0.04):
            names.append(self.escaped(self.one(KEYS)))
        return ".".join(names), value

    def escaped(self, key: str) -> str:
        if self.chance(0.02):
            return key
        first = key[:1] if key[:1].isascii() and key[:1].isalpha() else key[:1] and "\\" + key[:1]
        return first + "".join(c if _NAME.fullmatch(c) else "\\" + c for c in key[1:])

    def literal(self, value: Any) -> str:
        if isinstance(value, bool):
            return "true" if value else "false"
        if value is None:
            return "null"
        if isinstance(value, int | float):
            return js_json.keep(value).decode()
        if not isinstance(value, str):
            return '""'
        return f'"{value}"' if self.chance(0.95) else f"'{value}'"

    def condition(self, event: Any) -> str:
        if self.chance(0.25):
            return self.function(event)
        name, value = self.place(event)
        if self.chance(0.5):
            return self.fitting(name, value)
        operator = self.one(OPERATORS)
        if self.chance(0.05):
            operator = self.one(ODD_OPERATORS)
        if self.chance(0.45):
            value = self.other(value)
        words = [name, operator, self.literal(value)]
        if self.chance(0.04):
            words.pop(self.random.randrange(3))
        blank = "" if self.chance(0.04) else " "
        return blank.join(words)

    def fitting(self, name: str, value: Any) -> str:
        """A condition that holds, if Segment reads it as its author would."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{name} {self.one(('=', '<=', '>=', '!= 7 and ' + name + ' ='))} {self.literal(value)}"
        if value is None:
            return f"{name} {self.one(('= null', '= null', '!= 5', '!= true', '!= ' + '"pro"'))}"
        if isinstance(value, dict | list):
            return f"{name} != null"
        if isinstance(value, str) and self.chance(0.3):
            return f"{name} != {self.one(('null', '5', 'false', '"pro"', '"X"'))}"
        return f"{name} = {self.literal(value)}"

    def other(self, value: Any) -> Any:
        kind = self.random.randrange(5)
        if kind == 0:
            return self.one(TEXTS)
        if kind == 1:
            return self.random.choice([True, False, None])
        if kind == 2:
            return js_json.read(self.one(NUMBERS).encode()).value
        if kind == 3 and isinstance(value, str):
            return self.one((*TYPES, value.upper(), value + "*"))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value) if self.chance(0.5) else value + 1
        return value if isinstance(value, str) else str(value)

    def function(self, event: Any) -> str:
        name, value = self.place(event)
        text = value if isinstance(value, str) else self.one(TEXTS)
        start, stop = sorted((self.random.randrange(len(text) + 1), self.random.randrange(len(text) + 1)))
        function = self.one(FUNCTIONS) if self.chance(0.96) else self.one(ODD_FUNCTIONS)
        if function == "match" and self.chance(0.85):
            pattern = text[:stop] + "*" if self.chance(0.5) else "*" + text[start:]
        else:
            pattern = text[start:stop]
        given = f'"{pattern}"' if self.chance(0.94) else self.literal(self.other(value))
        named = name if self.chance(0.97) else f'"{name}"'
        comma = ", " if self.chance(0.95) else self.one((",", " ", ""))
        sign = self.one(("!", "!", "!", "!", "! ", "not ")) if self.chance(0.3) else ""
        return f"{sign}{function}({named}{comma}{given})"

    def trigger(self, event: Any) -> str:
        if self.chance(0.03):
            return "".join(self.one(PIECES) for _ in range(self.random.randrange(12)))
        joint = self.one((" and ", " or "))
        parts: list[str] = []
        for _ in range(self.random.choice((1, 1, 1, 2, 2, 3, 4))):
            if parts:
                parts.append(joint if self.chance(0.85) else self.joint())
            parts.append(self.part(event))
        text = "".join(parts)
        for _ in range(self.random.choice((1, 2, 5)) if self.chance(0.1) else 0):
            text = self.mutated(text)
        return text

    def joint(self) -> str:
        return self.one(
            (" and ", " or ", " AND ", " OR ", " and", "or ", "\nor\n", " ", " && ", ",", " And ")
        )

    def part(self, event: Any) -> str:
        if self.chance(0.84):
            return self.condition(event)
        inside = [self.condition(event) for _ in range(self.random.choice((0, 1, 2, 2, 2, 3)))]
        if self.chance(0.06):
            inside.append(f"({self.condition(event)})")
        sign = self.one(("!", "not ", "foo", "lowercase")) if self.chance(0.15) else ""
        return f"{sign}({self.one((' and ', ' or ')).join(inside)})"

    def mutated(self, text: str) -> str:
        at = self.random.randrange(len(text) + 1)
        kind = self.random.randrange(4)
        if kind == 0:
            return text[:at] + text[at + self.random.choice((1, 1, 1, 3, 8)) :]
        if kind == 1:
            return text[:at] + self.one(PIECES) + text[at:]
        if kind == 2:
            return text[:at]
        other = self.random.randrange(len(text) + 1)
        return text[:at] + text[other : other + 6] + text[at:]


def cases(seed: int, count: int) -> Iterator[Case]:
    """Pairs of a trigger and an event, the same ones for the same seed."""
    maker = _Maker(seed)
    for _ in range(count):
        event = maker.event()
        yield Case(maker.trigger(js_json.read(event.encode()).value), event)


def hostile(size: int) -> list[str]:
    """Triggers of about this size that make a careless reader slow, or recurse."""
    return [before + piece * (size // len(piece)) + after for before, piece, after in _REPEATED]

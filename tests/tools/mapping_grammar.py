"""Events and mappings made by a grammar: plain ones, odd ones, hostile ones."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any

from mapping_oracle import Case
from strategies import ODD_NUMBERS

KEYS = (
    "a", "b", "plan", "name", "email", "tags", "address", "1", "10", "2", "01", "x y", "a.b", "", "groupId",
    "constructor", "toString", "length", "__proto__", "valueOf", "@path", "headers", "toJSON", "É", "😀",
)  # fmt: skip
TEXTS = (
    "", " ", "pro", "Pro Plan", "null", "{{a}}", "{{{b}}}", "$.traits.a", "$&", "😀b", "\ud83d", "é", "ß",
    "ΑΣ", "İ", "ſ", "K", "a-b", "a.b", '{"a":1}', '[1,{"b":null}]', "1e400", "\ufeff1", "12", "0x10", "a\nb",
    "undefined", "[object Object]", '{"__proto__":{"a":1},"2":1,"1":1.0}', "POST", "x" * 40, "\u2028", "[[",
)  # fmt: skip
ROOTS = ("traits", "properties", "context", "userId", "type", "event", "a", "b", "missing")
PATTERNS = (
    "a",
    "b",
    " ",
    ".",
    "-",
    "P",
    "😀",
    "\ud83d",
    "ß",
    "s",
    "ss",
    "K",
    "Σ",
    "plan",
    "",
    "o",
    "\n",
    "^",
    "é",
)
REPLACEMENTS = ("", "_", "$&$&", "$$", "$1", "$`", "$'", "$<a>", "😀", "x" * 10, "{{a}}")
HEADERS = (
    "X-A", "x-a", "b", "Content-Type", "content-length", "User-Agent", "X-Signature", "Accept", "10", "2",
    "accept-encoding", "headers", "constructor", "bad name", "", "é", "Authorization", "x_y",
)  # fmt: skip
INHERITED = (
    "length", "constructor", "toString", "__proto__", "name", "prototype", "keys", "trimLeft", "0", "1", "-1",
    "caller", "MAX_VALUE", "NaN", "charAt", "map", "toFixed", "valueOf", "call",
)  # fmt: skip


class Grammar:
    """Cases, one after the other, from a seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def case(self) -> Case:
        """An event and a mapping for it."""
        return Case(self.event(), json.dumps(self.mapping()))

    # --- events, as texts ---

    def event(self) -> str:
        members = [f'"type":"{self.pick(("track", "identify", "group", "page"))}"']
        members += [
            f"{json.dumps(key)}:{self.json_object(3)}" for key in ("traits", "properties") if self.one_in(2)
        ]
        if self.one_in(3):
            members.append(f'"context":{self.json_object(2) if self.one_in(2) else self.context()}')
        members += [
            f"{json.dumps(self.pick(ROOTS[3:]))}:{self.json(2)}" for _ in range(self.random.randrange(4))
        ]
        if self.one_in(6):
            members.append(f"{json.dumps(self.pick(KEYS))}:{self.json(3)}")
        self.random.shuffle(members)
        return "{" + ",".join(members) + "}"

    def context(self) -> str:
        inner = self.pick(
            (
                "null",
                "{}",
                '"x"',
                "[]",
                '{"computation_class":"audience","computation_key":' + self.json(1) + "}",
            )
        )
        return self.word(
            ("null", '"x"', "[]", f'{{"personas":{inner}}}', '{"groupId":"g-1"}', '{"groupId":7}')
        )

    def json(self, depth: int) -> str:
        if depth and self.one_in(3):
            return self.json_object(depth - 1)
        if depth and self.one_in(4):
            return "[" + ",".join(self.json(depth - 1) for _ in range(self.random.randrange(4))) + "]"
        text = json.dumps(self.pick(TEXTS))
        number = str(self.random.randrange(-5, 200))
        return self.word((text, text, self.word(ODD_NUMBERS), number, self.word(("true", "false", "null"))))

    def json_object(self, depth: int) -> str:
        count = self.random.randrange(5)
        return "{" + ",".join(f"{json.dumps(self.key())}:{self.json(depth)}" for _ in range(count)) + "}"

    # --- mappings ---

    def mapping(self) -> Any:
        made: dict[str, Any] = {}
        if not self.one_in(12):
            made["data"] = self.data()
        if self.one_in(4):
            made["headers"] = self.headers()
        if self.one_in(8):
            made["method"] = self.pick(
                (
                    "PUT",
                    "PATCH",
                    "GET",
                    "post",
                    None,
                    "",
                    ["POST"],
                    5,
                    self.directive(1),
                    {"@path": "$.method"},
                )
            )
        if self.one_in(12):
            made["batch_size"] = self.pick(
                (0, 10, "10", "x", None, True, " ", "0x1", [5], [[5]], 1e300, self.value(1))
            )
        if self.one_in(12):
            made["batch_keys"] = self.pick((["url"], "url", [], [None], [["a"]], {}, [{}], 7, self.value(1)))
        if self.one_in(15):
            made["enable_batching"] = self.value(1)
        if self.one_in(25):
            made[self.pick((*KEYS, "__segment_internal_matching_key", "then"))] = self.value(2)
        if self.one_in(30):
            made["__segment_internal_directive"] = self.pick(
                (
                    {"@transform": {"apply": self.object(1)}},
                    {"@transform": {"apply": self.directive(1)}},
                    {"@transform": {}}, {"@if": {"exists": 1, "then": {"@path": "$."}}}, {}, [],
                    "a", None, 7, {"@merge": {"objects": [], "direction": "left"}}, {"@path": "$."},
                    {"a": {}}, {"@a": {}, "b": {}},
                )
            )  # fmt: skip
        return made

    def data(self) -> Any:
        if self.one_in(10):
            return self.pick(({"@path": "$."}, {"@path": ""}, {"@path": "."}, None, "", "x", [], {}, 7))
        if self.one_in(6):
            return self.value(3)
        return self.object(3) if self.one_in(2) else self.directive(3)

    def headers(self) -> Any:
        if self.one_in(6):
            return self.value(2)
        return {self.pick(HEADERS): self.header() for _ in range(self.random.randrange(4))}

    def header(self) -> Any:
        return self.pick(
            (self.pick(TEXTS), "v", None, 5, {"@path": self.path()}, self.value(2), self.headers_within())
        )

    def headers_within(self) -> Any:
        return self.pick(
            ({"headers": {"a b": 1}}, {"X": "y"}, [["a", "b"]], [["a b", "c"]], ["a"], {"bad name": 1})
        )

    def object(self, depth: int) -> dict[str, Any]:
        return {self.key(): self.value(depth) for _ in range(self.random.randrange(1, 4))}

    def value(self, depth: int) -> Any:
        if not depth or self.one_in(5):
            return self.scalar()
        kind = self.random.randrange(10)
        if kind < 6:
            return self.directive(depth)
        if kind < 8:
            return self.object(depth - 1)
        return [self.value(depth - 1) for _ in range(self.random.randrange(3))]

    def scalar(self) -> Any:
        return self.pick(
            (
                self.pick(TEXTS),
                "x",
                0,
                1,
                -0.0,
                1.5,
                1e21,
                2**53 + 1,
                True,
                False,
                None,
                {},
                [],
                {"@path": self.path()},
            )
        )

    def path(self) -> str:
        keys = [self.pick(ROOTS), *(self.key() for _ in range(self.random.randrange(3)))]
        if self.one_in(3):
            keys.append(self.pick(INHERITED))
        if self.one_in(8):
            keys.append(self.pick(INHERITED))
        text = "".join(self.step(key) for key in keys)
        if self.one_in(20):
            return self.word(TEXTS)
        return self.word(("$", "$", "$", "$", "", "$.", "a", "$$")) + text

    def step(self, key: str) -> str:
        return self.word(
            (f".{key}", f".{key}", f".{key}", f'["{key}"]', f"['{key}']", f"[{key}]", f".[{key}]")
        )

    def directive(self, depth: int) -> Any:
        if self.one_in(40):
            return self.pick(
                (
                    {"@bogus": 1}, {"@path": 5}, {"@path": "$.a", "@template": "x"}, {"@path": "$.a", "x": 1},
                    {"@path": "$.a", "_metadata": 1}, {"_metadata": 1}, {"@if": []}, {"@case": "x"},
                    {"@flatten": {"value": {"@path": "$."}}}, {"@json": {}},
                    {"@merge": {"objects": [1], "direction": "left"}},
                    {"@arrayPath": []}, {"@arrayPath": "$.a"}, {"@transform": {"apply": [], "mapping": {}}},
                    {"@literal": {"@bogus": 1}}, {"@liquid": 5}, {"@": 1},
                    {"@replace": {"pattern": "x" * 11, "value": "a"}}, {"@excludeWhenNull": None},
                    {"@path": {"@path": {"@literal": "$.a"}}}, {"@template": None}, [{"@bogus": 1}],
                )
            )  # fmt: skip
        inner = depth - 1
        name = self.pick(_DIRECTIVES)
        made = self.path() if name == "path" else getattr(self, name)(max(inner, 0))
        return {"@" + name.rstrip("_"): made}

    def literal(self, depth: int) -> Any:
        return self.value(depth)

    excludeWhenNull = literal  # noqa: N815

    def template(self, depth: int) -> Any:
        if self.one_in(15):
            return self.value(depth)
        if self.one_in(20):
            return self.word(("{{a.0}}{{a.1}}", "{{{a.0}}}{{userId[1]}}", "{{traits.a.0}}{{traits.a.1}}"))
        pieces = ("x", " ", "{", "}}", "$", *("{{%s}}",) * 4, "{{ %s }}", "{{{%s}}}", "{{$.%s}}")
        return "".join(
            piece.replace("%s", self.path().removeprefix("$.") if self.one_in(2) else self.pick(ROOTS))
            for piece in (self.pick(pieces) for _ in range(self.random.randrange(4)))
        )

    def if_(self, depth: int) -> Any:
        made = {self.pick(("exists", "exists", "blank")): self.value(depth)}
        for name in ("then", "else"):
            if not self.one_in(4):
                made[name] = self.value(depth)
        if self.one_in(10):
            made["blank"] = self.value(depth)
        return made

    def case_(self, depth: int) -> Any:
        made = {"operator": self.pick(("lower", "upper", "lower", "upper", "Upper", "title", ""))}
        made["value"] = self.textual(depth)
        return made

    def textual(self, depth: int) -> Any:
        return self.pick(
            (self.pick(TEXTS), {"@path": self.path()}, {"@path": self.path()}, self.value(depth))
        )

    def replace(self, depth: int) -> Any:
        made = {"pattern": self.pick(PATTERNS), "value": self.textual(depth)}
        for name, values in (
            ("replacement", REPLACEMENTS), ("ignorecase", (True, False)), ("global", (True, False)),
            ("pattern2", (*PATTERNS, "x" * 11, 5, None)),
            ("replacement2", (*REPLACEMENTS, "x" * 11, 5, None)),
        ):  # fmt: skip
            if self.one_in(3):
                made[name] = self.pick(values)
        return made

    def arrayPath(self, depth: int) -> Any:  # noqa: N802
        made: list[Any] = [{"@path": self.path()} if self.one_in(3) else self.path()]
        if self.one_in(4):
            made[0] = self.value(depth)
        if not self.one_in(4):
            made.append(
                self.value(depth)
                if self.one_in(2)
                else {"k": {"@path": self.pick(("", "$.a", "length", "0"))}}
            )
        return made

    def flatten(self, depth: int) -> Any:
        made = {
            "separator": self.pick((".", "_", "_", "", "1")),
            "value": self.pick(({"@path": self.path()}, self.value(depth))),
        }
        if self.one_in(3):
            made["omitArrays"] = self.pick((True, False, 1, "no"))
        return made

    def json_(self, depth: int) -> Any:
        made = {"mode": self.pick(("encode", "decode", "encode", "decode", "Encode", "x"))}
        made["value"] = self.value(depth)
        return made

    def merge(self, depth: int) -> Any:
        made = {"objects": [self.value(depth) for _ in range(self.random.randrange(4))]}
        if not self.one_in(10):
            made["direction"] = self.pick(("left", "right", "Left", "up"))
        return made

    def transform(self, depth: int) -> Any:
        apply = self.object(depth) if self.one_in(2) else self.value(depth)
        return {"apply": apply, "mapping": self.value(depth)}

    # --- the random numbers ---

    def key(self) -> str:
        return self.word(KEYS[:9] if self.random.random() < 0.7 else KEYS)

    def word(self, options: Sequence[str]) -> str:
        return str(self.pick(options))

    def pick(self, options: Sequence[Any]) -> Any:
        return options[self.random.randrange(len(options))]

    def one_in(self, many: int) -> bool:
        return self.random.randrange(many) == 0


_DIRECTIVES = (
    "path",
    "path",
    "path",
    "template",
    "literal",
    "excludeWhenNull",
    "if_",
    "case_",
    "replace",
    "arrayPath",
    "flatten",
    "json_",
    "merge",
    "transform",
)

"""Mappings with Liquid templates, made by a grammar: what people write, and what they mistype."""

from typing import Any

from mapping_grammar import Grammar

_PATHS = (
    "type", "traits", "traits.plan", "traits.name", "a", "b", "traits.tags", "traits.tags[0]",
    "traits.tags[-1]", "traits.a", "missing", "missing.x", "traits.size", "traits.tags.first",
    "traits.tags.last", "traits['x y']", "userId.size", "event", "size", "first", "traits.constructor",
    "properties.a", "userId", "userId.length",
)  # fmt: skip
_LITERALS = (
    '"x"',
    "'Pro'", '""', "1", "-2", "1.5", "0", "true", "false", "nil", "empty", "blank", '" "', "'{'", '"a"',
)  # fmt: skip
_OPERATORS = ("==", "!=", "<", ">", "<=", ">=", "contains", "and", "or")
_ALONE = (
    "upcase", "downcase", "capitalize", "strip", "lstrip", "rstrip", "strip_newlines", "escape", "url_encode",
    "size", "first", "last", "json", "abs", "ceil", "floor", "round", "nonsense", "join", "truncate",
)  # fmt: skip
_WITH_ONE = (
    "append", "prepend", "remove", "remove_first", "split", "join", "default", "plus", "minus", "times",
    "divided_by", "modulo", "at_least", "at_most", "round", "slice", "truncate",
)  # fmt: skip
_NOT_HERE = ("date: '%Y'", "map: 'a'", "sort", "strip_html", "append")


class LiquidGrammar(Grammar):
    """Cases whose data is written by a template."""

    def mapping(self) -> Any:
        return {"data": {"r": {"@liquid": self.written(2)}}}

    def written(self, depth: int) -> str:
        return "".join(self.part(depth) for _ in range(self.random.randrange(1, 4)))

    def part(self, depth: int) -> str:
        kind = self.random.randrange(9)
        if kind < 3:
            return str(self.pick(("x", " ", "\n ", "é", "a b", "}", "{", "\u00a0")))
        if kind < 6:
            return str(self.pick(("{{ %s }}", "{{ %s }}", "{{- %s -}}", "{{%s}}"))) % self.filtered()
        if kind == 6 and depth:
            return self.condition(depth - 1)
        if kind == 7:
            return self.tag(f"assign {self.pick(('a', 'v', 'size', 'userId'))} = {self.filtered()}")
        name = self.pick(("capture", "comment"))
        begin = "capture v" if name == "capture" else name
        return (
            self.pick((self.tag(begin) + self.written(0) + self.tag(f"end{name}"), "{{ v }}"))
            if depth
            else ""
        )

    def condition(self, depth: int) -> str:
        name = self.pick(("if", "if", "unless"))
        text = self.tag(f"{name} {self.filtered()}") + self.written(depth)
        if self.one_in(4):
            text += self.tag(f"elsif {self.filtered()}") + self.written(depth)
        if self.one_in(2):
            text += self.tag("else") + self.written(depth)
        return text + self.tag(f"end{name}")

    def tag(self, text: str) -> str:
        return str(self.pick(("{%% %s %%}", "{%% %s %%}", "{%%- %s -%%}"))) % text

    def filtered(self) -> str:
        count = self.pick((0, 0, 1, 1, 2, 3))
        return self.expression() + "".join(" | " + self.filter() for _ in range(count))

    def expression(self) -> str:
        text = self.operand()
        while self.one_in(3):
            text += f" {self.pick(_OPERATORS)} {self.operand()}"
        return f"not {text}" if self.one_in(12) else text

    def operand(self) -> str:
        return str(self.pick(_LITERALS if self.one_in(3) else _PATHS))

    def filter(self) -> str:
        if self.one_in(60):
            return str(self.pick(_NOT_HERE))
        kind = self.random.randrange(5)
        if kind < 2:
            return str(self.pick(_ALONE))
        if kind < 4:
            return f"{self.pick(_WITH_ONE)}: {self.operand()}"
        name = self.pick(("replace", "replace_first", "truncate", "slice"))
        return f"{name}: {self.operand()}, {self.operand()}"

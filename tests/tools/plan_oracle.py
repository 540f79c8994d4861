"""ajv (npm, tests/oracles) as something to ask, and a grammar of schemas with values that nearly fit them."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from node_process import NodeProcess
from plan_samples import DIVISORS, FORMATS, NAMES, NUMBERS, PATTERNS, PLAIN_NAMES, TEXTS

from segment_pendo.base import js_json
from segment_pendo.segment.plan.judge import Judge, Unusable
from segment_pendo.segment.plan.schema import as_javascript

KEPT = Path(__file__).parents[2] / "fixtures" / "oracles" / "plan.jsonl"
PROGRAM = "plan.cjs"

type Verdict = bool | str | None
"""Whether a value fits; None where the schema is refused, "crash" where ajv died of the value."""

type Rule = Callable[[Any, Any], Verdict]


class Case(NamedTuple):
    """A schema and values, as JSON texts."""

    schema: str
    values: Sequence[str]


class Ajv(NodeProcess):
    """ajv 8 with ajv-formats; a context manager."""

    def __init__(self) -> None:
        super().__init__(PROGRAM)

    def ask(self, cases: Sequence[Case]) -> list[list[Verdict]]:
        """What ajv says to each value of each case."""
        answers = self.answers([case._asdict() for case in cases])
        return [
            [None] * len(case.values)
            if "error" in answer
            else [verdict.get("valid", "crash") for verdict in answer["verdicts"]]
            for case, answer in zip(cases, answers, strict=True)
        ]

    def places(self, cases: Sequence[Case]) -> list[list[set[str]]]:
        """Where in each value of each case ajv sees something wrong, as JSON pointers."""
        answers = self.answers([case._asdict() for case in cases])
        return [
            [{place for place, *_ in verdict.get("errors", ())} for verdict in answer.get("verdicts", ())]
            for answer in answers
        ]


def value_of(text: str) -> Any:
    """A JSON text as our code reads it."""
    return js_json.read(text.encode()).value


def ours(schema: Any, value: Any) -> Verdict:
    """What our code says to a value."""
    try:
        judge = Judge(schema)
    except Unusable:
        return None
    return not judge.wrong(value)


def kept() -> list[tuple[Case, list[Verdict]]]:
    """The verdicts of fixtures/oracles, made by tests/tools/make_oracles.py."""
    rows = (json.loads(line) for line in KEPT.read_text("ascii").splitlines())
    return [(Case(row["schema"], row["values"]), row["verdicts"]) for row in rows]


def differing(rule: Rule) -> Iterator[tuple[str, str, Verdict]]:
    """The kept verdicts that a rule does not give."""
    for case, verdicts in kept():
        for text, verdict in zip(case.values, verdicts, strict=True):
            if rule(value_of(case.schema), value_of(text)) != verdict:
                yield case.schema, text, verdict


# What no grammar meets often enough.
PLAIN: Final = (
    Case(r'{"pattern": "^\\d$"}', ('"1"', r'"\u0661"')),
    Case(r'{"pattern": "^\\w$"}', ('"a"', r'"\u00e9"')),
    Case(r'{"pattern": "\\bb"}', ('"a b"', r'"\u00e9b"', '"ab"')),
    Case('{"multipleOf": 0.1}', ("0.3", "0.5", "1e300")),
    Case('{"uniqueItems": true}', ("[1, 1.0]", "[true, 1]", '[{"a": 1}, {"a": 1}]')),
    Case('{"required": ["constructor"]}', ("{}", '{"constructor": 1}')),
)
TYPES: Final = ("string", "number", "integer", "boolean", "null", "object", "array")


class Grammar:
    """Draft-07 schemas, and values that fit them or fail by little; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._r = Random(seed)
        self._within_definitions = False

    def cases(self, count: int, values: int = 4) -> Iterator[Case]:
        """Cases with `values` values each."""
        for _ in range(count):
            schema = self._whole()
            texts = [self.text(schema, 4) for _ in range(values)]
            yield Case(_spelled(schema), [_spelled(text) for text in texts])

    def schema(self, depth: int) -> Any:
        r = self._r
        if r.random() < 0.06:
            return r.random() < 0.5
        made: dict[str, Any] = {}
        for _ in range(r.choice((1, 1, 1, 2, 2, 3))):
            made |= r.choice(self._KINDS if depth else self._FLAT)(self, depth - 1)
        return made

    def _whole(self) -> Any:
        self._within_definitions = False
        made = self.schema(3)
        if "#/definitions" in _spelled(made):
            self._within_definitions = True
            made["definitions"] = {"d": self.schema(1), "a/b": self.schema(0)}
        return made

    def _type(self, _: int) -> Any:
        some = self._r.sample(TYPES, self._r.choice((1, 1, 1, 2, 3)))
        return {"type": some[0] if len(some) == 1 else some}

    def _number(self, _: int) -> Any:
        key = self._r.choice(
            ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "multipleOf")
        )
        return {key: Spelled(self._r.choice(DIVISORS if key == "multipleOf" else NUMBERS))}

    def _string(self, _: int) -> Any:
        r = self._r
        key = r.choice(("minLength", "maxLength", "pattern", "pattern"))
        return {key: r.choice(PATTERNS) if key == "pattern" else r.choice((0, 1, 2, 3, Spelled("2.0")))}

    def _format(self, _: int) -> Any:
        return {"format": self._r.choice(tuple(FORMATS))}

    def _enum(self, _: int) -> Any:
        if self._r.random() < 0.4:
            return {"const": self.any(2)}
        values: list[Any] = []
        for value in (self.any(1) for _ in range(self._r.choice((1, 2, 3)))):
            if all(
                as_javascript(value_of(_spelled(value))) != as_javascript(value_of(_spelled(other)))
                for other in values
            ):
                values.append(value)
        return {"enum": values}

    def _object(self, depth: int) -> Any:
        r = self._r
        made: dict[str, Any] = {}
        if r.random() < 0.8:
            made["properties"] = {name: self.schema(depth) for name in r.sample(NAMES, r.choice((1, 2, 3)))}
        if r.random() < 0.04:
            made.setdefault("properties", {})["b"] = {"$ref": "#"}  # as a tree has it
        if r.random() < 0.5:
            # In a "not", ajv 8.17 takes the name '' for none missing; no rule of JSON Schema's.
            made["required"] = r.sample([name for name in NAMES if name], r.choice((1, 1, 2)))
        if r.random() < 0.4:
            made["additionalProperties"] = r.choice((False, False, True, self.schema(depth)))
        if r.random() < 0.2:
            made["patternProperties"] = {r.choice(PATTERNS): self.schema(depth)}
        if r.random() < 0.1:
            made["propertyNames"] = self.schema(0)
        if r.random() < 0.1:
            made[r.choice(("minProperties", "maxProperties"))] = r.choice((0, 1, 2))
        if r.random() < 0.2:
            made["dependencies"] = {r.choice(NAMES): r.choice(([r.choice(NAMES[:4])], self.schema(depth)))}
        return made

    def _array(self, depth: int) -> Any:
        r = self._r
        made: dict[str, Any] = {}
        if r.random() < 0.7:
            made["items"] = r.choice(
                (self.schema(depth), [self.schema(depth) for _ in range(r.choice((1, 2)))])
            )
        if r.random() < 0.2:
            made["additionalItems"] = r.choice((False, self.schema(depth)))
        if r.random() < 0.2:
            made["uniqueItems"] = r.random() < 0.8
        if r.random() < 0.2:
            # In a loop, ajv 8.17 lets an empty array pass after one that fits; no rule of JSON Schema's.
            made |= {"contains": self.schema(depth), "minItems": 1}
        if r.random() < 0.2:
            made.setdefault(r.choice(("minItems", "maxItems")), r.choice((0, 1, 2)))
        return made

    def _logic(self, depth: int) -> Any:
        r = self._r
        key = r.choice(("allOf", "anyOf", "oneOf", "not", "if"))
        if key == "not":
            return {"not": self.schema(depth)}
        if key == "if":
            return {one: self.schema(depth) for one in ("if", *r.sample(("then", "else"), r.choice((1, 2))))}
        return {key: [self.schema(depth) for _ in range(r.choice((1, 2, 3)))]}

    def _ref(self, _: int) -> Any:
        if self._within_definitions:
            return {}
        return {"$ref": self._r.choice(("#/definitions/d", "#/definitions/a~1b"))}

    _FLAT = (_type, _type, _number, _string, _format, _enum)
    _KINDS = (*_FLAT, _object, _object, _object, _object, _array, _array, _logic, _logic, _ref)

    def any(self, depth: int) -> Any:
        """Any value."""
        r = self._r
        kind = r.choice(
            ("text", "text", "number", "number", "word", "object", "array")
            if depth
            else ("text", "number", "word")
        )
        if kind == "object":
            return {name: self.any(depth - 1) for name in r.sample(PLAIN_NAMES, r.choice((0, 1, 2)))}
        if kind == "array":
            return [self.any(depth - 1) for _ in range(r.choice((0, 1, 2, 3)))]
        if kind == "text":
            return r.choice(TEXTS)
        return Spelled(r.choice(NUMBERS)) if kind == "number" else r.choice((None, True, False))

    def text(self, schema: Any, depth: int) -> Any:
        """A value that may fit a schema."""
        r = self._r
        if not isinstance(schema, dict) or not schema or r.random() < 0.12 or depth <= 0:
            return self.any(2 if depth > 0 else 0)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return r.choice(schema["enum"])
        if "format" in schema:
            return r.choice(FORMATS[schema["format"]])
        if "pattern" in schema or "minLength" in schema or "maxLength" in schema:
            return r.choice(TEXTS)
        if "multipleOf" in schema or "minimum" in schema or "maximum" in schema:
            return Spelled(r.choice(NUMBERS))
        if not schema.keys().isdisjoint(
            (
                "properties",
                "required",
                "additionalProperties",
                "patternProperties",
                "propertyNames",
                "dependencies",
            )
        ):
            return self._fitting_object(schema, depth)
        if not schema.keys().isdisjoint(("items", "contains", "uniqueItems", "minItems", "maxItems")):
            items = schema.get("items", schema.get("contains"))
            lists = items if isinstance(items, list) else [items] * 3
            return [self.text(r.choice(lists), depth - 1) for _ in range(r.choice((0, 1, 2, 3)))]
        for key in ("allOf", "anyOf", "oneOf"):
            if key in schema:
                return self.text(r.choice(schema[key]), depth - 1)
        return self._of_type(schema)

    def _fitting_object(self, schema: Any, depth: int) -> Any:
        r = self._r
        made: dict[str, Any] = {}
        for name, one in schema.get("properties", {}).items():
            if r.random() < 0.85:
                made[name] = self.text(one, depth - 1)
        for name in schema.get("required", ()):
            if r.random() < 0.9 and name not in made:
                made[name] = self.any(1)
        for name in schema.get("dependencies", ()):
            if r.random() < 0.7:
                made.setdefault(name, self.any(1))
        if r.random() < (0.6 if "patternProperties" in schema else 0.2):
            made[r.choice(NAMES)] = self.any(1)
        return made

    def _of_type(self, schema: Any) -> Any:
        types = schema.get("type")
        kind = self._r.choice(types) if isinstance(types, list) else types
        if kind == "string":
            return self._r.choice(TEXTS)
        if kind in {"number", "integer"}:
            return Spelled(self._r.choice(NUMBERS))
        if kind == "boolean":
            return self._r.random() < 0.5
        if kind == "object":
            return {self._r.choice(NAMES): self.any(1)}
        return None if kind == "null" else self.any(2)


class Spelled(str):
    """The text of a number."""

    __slots__ = ()


def _spelled(value: Any) -> str:
    """Return a value as JSON text, its numbers as they are spelled."""
    if isinstance(value, Spelled):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)}: {_spelled(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_spelled, value)) + "]"
    return json.dumps(value)

"""The rules of a tracking plan, read in the shapes that Segment's Public API and Terraform give (D-4)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.javascript.numbers import is_number
from segment_pendo.base.prose import plain
from segment_pendo.base.suggestion import as_sentence, nearest, unknown
from segment_pendo.segment.plan.error import wrong
from segment_pendo.segment.plan.judge import Judge, Unusable
from segment_pendo.segment.plan.schema import target
from segment_pendo.words import Json, JsonObject

__all__ = ["COMMON", "KINDS", "Rule", "members_of", "read", "rule"]

type Path = tuple[str | int, ...]

COMMON: Final = "COMMON"
KINDS: Final = ("TRACK", "IDENTIFY", "GROUP", "PAGE", "SCREEN", COMMON)
_MEMBERS: Final = ("type", "key", "version", "jsonSchema", "createdAt", "updatedAt", "deprecatedAt")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a plan says about the calls of one type, or of one event.

    `planned` are the names of properties or traits that it knows, `patterns` those of names.
    """

    kind: str
    key: str
    version: float
    judge: Judge
    planned: frozenset[str]
    patterns: Judge | None

    @property
    def name(self) -> str:
        """Return how people call the rule."""
        if self.kind == COMMON:
            return "the rule for all calls"
        return f'the rule for "{plain(self.key)}"' if self.key else f"the rule for {self.kind.lower()} calls"

    def is_planned(self, name: str) -> bool:
        """Whether the rule knows a property or trait of this name (D-104)."""
        return name in self.planned or (self.patterns is not None and not self.patterns.wrong({name: None}))


def members_of(kind: str) -> str:
    """Return where a call of this type or rule has what a plan is about."""
    return "traits" if kind.upper() in {"IDENTIFY", "GROUP"} else "properties"


def read(values: Json, path: Path) -> list[Rule]:
    """Return the rules of a list. Raises PlanError."""
    if not isinstance(values, list):
        raise wrong(path, "a list of rules is expected, each with type, key and jsonSchema.")
    rules: dict[tuple[str, str, float], Rule] = {}
    for index, value in enumerate(values):
        one = _read(value, (*path, index))
        if (one.kind, one.key, one.version) in rules:
            raise wrong(
                (*path, index), f"{one.name} has come before; give it another version, or leave one out."
            )
        rules[one.kind, one.key, one.version] = one
    return list(rules.values())


def _read(value: Json, path: Path) -> Rule:
    if not isinstance(value, dict):
        raise wrong(path, "a rule is expected: an object with type, key and jsonSchema.")
    spelled = {re.sub(r"_([a-z])", lambda found: found[1].upper(), name): name for name in value}
    mistake = unknown(spelled, _MEMBERS, "a rule has no member")
    if mistake:
        raise wrong(path, as_sentence(mistake))
    if "jsonSchema" not in spelled:
        raise wrong(path, "the rule has no jsonSchema; add it.")
    schema_path = (*path, spelled["jsonSchema"])
    schema = _schema(value[spelled["jsonSchema"]], schema_path)
    kind, key = _kind(value.get("type"), (*path, "type")), _key(value, path)
    if kind == "TRACK" and not key:
        raise wrong((*path, "key"), "a rule of type TRACK needs the name of its event as its key.")
    return rule(kind, key, _version(value.get("version"), (*path, "version")), schema, schema_path)


def _kind(value: Json, path: Path) -> str:
    if isinstance(value, str) and value in KINDS:
        return value
    near = nearest(value, KINDS) if isinstance(value, str) else None
    raise wrong(path, f"one of {', '.join(KINDS)} is expected{f'; did you mean {near}?' if near else '.'}")


def _key(value: JsonObject, path: Path) -> str:
    key = value.get("key")
    if key is not None and not isinstance(key, str):
        raise wrong((*path, "key"), "a text is expected: the name of the event.")
    return key or ""


def _version(value: Json, path: Path) -> float:
    if value is None:
        return 1
    if not is_number(value):
        raise wrong(path, "a number is expected.")
    return value


def _schema(value: Json, path: Path) -> Json:
    """Return a schema; Terraform has it as a text."""
    if not isinstance(value, str):
        return value
    try:
        return js_json.read(value.encode("utf-8", "surrogatepass")).value
    except RecursionError as error:
        raise wrong(path, f"the JSON is {error}; make it simpler.") from None
    except ValueError as error:
        raise wrong(path, f"the text is not JSON: {js_json.why(error)}; correct it.") from None


def rule(kind: str, key: str, version: float, schema: Json, path: Path) -> Rule:
    """Return the rule with this schema. Raises PlanError."""
    try:
        judge = Judge(schema)
        planned = frozenset[str]()
        patterns: list[Json] = []
        if isinstance(schema, dict) and kind != COMMON:
            known = list(_known(schema, members_of(kind)))
            planned = frozenset(name for names, _ in known for name in names)
            patterns = [pattern for _, found in known for pattern in found]
        named = _named_so(patterns) if patterns else None
    except Unusable as error:
        raise wrong((*path, *error.path), error.why) from None
    return Rule(kind, key, version, judge, planned, named)


def _named_so(patterns: list[Json]) -> Judge:
    return Judge({"propertyNames": {"anyOf": [{"pattern": pattern} for pattern in patterns]}})


def _known(root: JsonObject, members: str) -> Iterator[tuple[list[str], list[Json]]]:
    """Yield the names, and the patterns of names, that a schema of a call has for its properties or traits.

    They may also stand behind a $ref, or in a branch.
    """
    for call in _branches(root, root):
        held = call.get("properties")
        part = held.get(members) if isinstance(held, dict) else None
        for one in _branches(part, root) if isinstance(part, dict) else ():
            names, patterns = one.get("properties"), one.get("patternProperties")
            yield (
                list(names) if isinstance(names, dict) else [],
                list(patterns) if isinstance(patterns, dict) else [],
            )


def _branches(schema: JsonObject, root: JsonObject) -> Iterator[JsonObject]:
    """Yield a schema and those that are applied to the same value, each once."""
    stack: list[Json] = [schema]
    seen: set[int] = set()
    while stack:
        one = stack.pop()
        if not isinstance(one, dict) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        for key in ("allOf", "anyOf", "oneOf"):
            held = one.get(key)
            stack += held if isinstance(held, list) else ()
        stack += [one.get(key) for key in ("if", "then", "else")]
        reference = one.get("$ref")
        stack += [target(root, reference)] if isinstance(reference, str) else ()

"""A JSON Schema as it is judged: read, made safe, written as the library needs it.

What is refused is what could not be judged as ajv judges it, and what would take for ever (D-107).
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import short
from segment_pendo.segment.plan.pattern import rewritten
from segment_pendo.words import Json, JsonObject

__all__ = ["DRAFTS", "Unusable", "as_javascript", "inner", "prepared", "target"]

DRAFTS: Final = tuple(f"http://json-schema.org/draft-0{number}/schema" for number in (7, 6, 4))
_MAX_SAFE: Final = js_json.MAX_SAFE_INTEGER
# Keywords whose value is a schema, or holds some: applied to the same value, or to what is in it.
_SAME: Final[tuple[str, ...]] = ("not", "if", "then", "else")
_SAME_LISTS: Final = ("allOf", "anyOf", "oneOf")
_INSIDE: Final = {
    "additionalProperties": "*",
    "propertyNames": "*",
    "additionalItems": "[",
    "contains": "[",
}
_NAMED: Final = ("definitions", "$defs", "properties", "patternProperties")


class Unusable(ValueError):
    """A schema that cannot be judged: where in it, and why."""

    def __init__(self, path: tuple[str | int, ...], why: str) -> None:
        super().__init__(f"{json_path(*path)}: {why}")
        self.path = path
        self.why = why


class Inner(NamedTuple):
    """A schema in a schema.

    `slot` says what of a value it is applied to: '' is the value itself, '.NAME' a member, '*' any member,
    '[INDEX' an element, '[' any element; None where nothing applies it by itself (definitions).
    """

    path: tuple[str | int, ...]
    slot: str | None
    schema: Json


def inner(schema: JsonObject) -> Iterator[Inner]:
    """Yield the schemas that a schema holds, one level down."""
    for name in (key for key in _SAME if key in schema):
        yield Inner((name,), "", schema[name])
    for name in _SAME_LISTS:
        yield from _listed(schema, name, "")
    for name, slot in _INSIDE.items():
        if name in schema:
            yield Inner((name,), slot, schema[name])
    if isinstance(schema.get("items"), list):
        for listed in _listed(schema, "items", "["):
            yield listed._replace(slot=f"[{listed.path[1]}")
    elif "items" in schema:
        yield Inner(("items",), "[", schema["items"])
    for key in (*_NAMED, "dependencies"):
        held = schema.get(key)
        for name, one in held.items() if isinstance(held, dict) else ():
            if not (key == "dependencies" and isinstance(one, list)):
                yield Inner((key, name), _slot(key, name), one)


def _slot(key: str, name: str) -> str | None:
    if key in {"definitions", "$defs"}:
        return None
    return {"properties": f".{name}", "patternProperties": "*"}.get(key, "")


def _listed(schema: JsonObject, key: str, slot: str) -> Iterator[Inner]:
    held = schema.get(key)
    for index, one in enumerate(held if isinstance(held, list) else ()):
        yield Inner((key, index), slot, one)


# --- values as JavaScript has them ---


def as_javascript(value: Json) -> Json:
    """Return a value as JavaScript has it, and as the library can hold it.

    Numbers are doubles; one that is infinite there is written as null, so it is judged as null. A lone
    surrogate, which the library cannot hold, becomes a character that nobody uses, one for each.
    """
    if isinstance(value, str):
        return value if value.isascii() else _without_surrogates(value)
    if isinstance(value, dict):
        return {_without_surrogates(key): as_javascript(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_javascript(one) for one in value]
    if value is None or isinstance(value, bool):
        return value
    return _number(value)


def _number(number: float) -> float | None:
    if js_json.is_infinite(number) or number != number:  # noqa: PLR0124 - NaN, of a test
        return None
    double = float(number)
    return int(double) if double.is_integer() and abs(double) <= _MAX_SAFE else double


def _without_surrogates(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return "".join(chr(ord(c) + 0x102000) if "\ud800" <= c <= "\udfff" else c for c in text)
    return text


# --- schemas as they are judged ---


def prepared(schema: JsonObject) -> JsonObject:
    """Return the schema as the library shall have it. Raises Unusable."""
    _check_draft(schema)
    made = _prepared(schema, (), root=True)
    assert isinstance(made, dict)
    return made


def _check_draft(schema: JsonObject) -> None:
    draft = schema.get("$schema")
    if draft is None:
        return
    known = isinstance(draft, str) and draft.removesuffix("#").replace("https:", "http:") in DRAFTS
    if not known:
        named = short(draft, 60) if isinstance(draft, str) else "this"
        raise Unusable(
            ("$schema",),
            f"{named} is a JSON Schema that is unknown here; Segment uses draft-07. "
            f'Write it so and name it: "{DRAFTS[0]}#".',
        )


def _prepared(schema: Json, path: tuple[str | int, ...], *, root: bool = False) -> Json:
    """Return a schema and those in it.

    It calls itself for each level (js_json.MAX_DEPTH).
    """
    if not isinstance(schema, dict):
        return as_javascript(schema)
    if not root and isinstance(schema.get("$id"), str):
        raise Unusable((*path, "$id"), "a schema within a schema has an $id; leave it out.")
    made: JsonObject = {
        key: value for key, value in schema.items() if key not in {"$id", "$schema", "__proto__", "$ref"}
    }
    holders = {str(one.path[0]) for one in inner(made)}
    for key in made:
        if key not in holders:
            made[key] = as_javascript(made[key])
    if isinstance(made.get("pattern"), str):
        made["pattern"] = rewritten(str(made["pattern"]))
    for key in holders:
        made[key] = _held(made[key], (*path, key))
    return _with_reference(made, schema, path)


def _held(held: Json, path: tuple[str | int, ...]) -> Json:
    if isinstance(held, list):
        return [_prepared(one, (*path, index)) for index, one in enumerate(held)]
    if isinstance(held, dict) and path[-1] in {*_NAMED, "dependencies"}:
        spelled = rewritten if path[-1] == "patternProperties" else str
        return {
            spelled(_without_surrogates(name)): (
                as_javascript(one) if isinstance(one, list) else _prepared(one, (*path, name))
            )
            for name, one in held.items()
            if name != "__proto__"  # JavaScript's prototype, and no member of its own, to ajv
        }
    return _prepared(held, path)


def _with_reference(made: JsonObject, schema: JsonObject, path: tuple[str | int, ...]) -> JsonObject:
    """Return a schema with its $ref as one of allOf: what stands beside a $ref counts too, as in ajv 8."""
    if "$ref" not in schema:
        return made
    reference = schema["$ref"]
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        named = short(reference, 60) if isinstance(reference, str) else "this"
        raise Unusable(
            (*path, "$ref"),
            f"{named} is not in this schema, and nothing is fetched here. "
            'Copy it into "definitions" and refer to "#/definitions/NAME".',
        )
    every = made.get("allOf", [])
    if not isinstance(every, list):
        return made | {"$ref": reference}  # the library says what is wrong with it
    return made | {"allOf": [*every, {"$ref": _without_surrogates(reference)}]}


def target(root: Json, reference: str) -> Json | None:
    """Return the schema that a $ref within the same schema means, or None where there is none."""
    from urllib.parse import unquote  # noqa: PLC0415 - few schemas have a $ref

    found = root
    for step in unquote(reference).split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, list) and name.isascii() and name.isdigit() and int(name[:9]) < len(found):
            found = found[int(name[:9])]
        elif isinstance(found, dict) and name in found:
            found = found[name]
        else:
            return None
    return found

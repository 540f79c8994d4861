"""The kept verdicts of ajv: ours are the same, and those of wrong rules are not."""

import re
from collections.abc import Callable
from typing import Any

import jsonschema_rs
import pytest
from plan_oracle import Rule, Verdict, differing, kept, ours


def test_the_verdicts_of_ajv_are_ours() -> None:
    assert list(differing(ours)) == []
    assert sum(len(case.values) for case, _ in kept()) > 1000


# --- wrong rules, each of which one could believe ---


def each(change: Callable[[dict[str, Any]], Any], value: Any) -> Any:
    """A schema with each object in it changed, the inner ones first."""
    if isinstance(value, dict):
        return change({key: each(change, one) for key, one in value.items()})
    return [each(change, one) for one in value] if isinstance(value, list) else value


def of_schemas(change: Callable[[dict[str, Any]], Any]) -> Rule:
    return lambda schema, value: ours(each(change, schema), value)


def without(*keys: str) -> Rule:
    return of_schemas(lambda one: {key: held for key, held in one.items() if key not in keys})


def renamed(old: str, new: str) -> Rule:
    return of_schemas(lambda one: {new if key == old else key: held for key, held in one.items()})


def patterns(change: Callable[[str], str]) -> Rule:
    return of_schemas(lambda one: one | {"pattern": change(one["pattern"])} if "pattern" in one else one)


def of_values(change: Callable[[Any], Any]) -> Rule:
    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            value = {key: walk(one) for key, one in value.items()}
        elif isinstance(value, list):
            value = [walk(one) for one in value]
        return change(value)

    return lambda schema, value: ours(schema, walk(value))


def plain_library(schema: Any, value: Any) -> Verdict:
    """The library, asked without what we tell it."""
    try:
        return jsonschema_rs.Draft7Validator(schema, validate_formats=True, offline=True).is_valid(value)
    except ValueError:
        return None


def utf16(value: Any) -> Any:
    return re.sub(r"[^\x00-\uffff]", "\ue000\ue000", value) if isinstance(value, str) else value


def without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: one for key, one in value.items() if one is not None}


def alone(schema: dict[str, Any]) -> dict[str, Any]:
    return (
        {key: held for key, held in schema.items() if key in {"$ref", "definitions"}}
        if "$ref" in schema
        else schema
    )


def owned_by_all(schema: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(schema.get("required"), list):
        return schema
    names = [name for name in schema["required"] if name not in {"constructor", "toString"}]
    return schema | {"required": names}


MUTANTS: dict[str, Rule] = {
    "the library by itself": plain_library,
    "characters are UTF-16 units": of_values(utf16),
    "null is absent": of_values(without_nulls),
    "true is 1": of_values(lambda one: int(one) if isinstance(one, bool) else one),
    "only $ref counts where it stands": of_schemas(alone),
    "all objects have a constructor": of_schemas(owned_by_all),
    "a pattern is for the whole text": patterns(lambda pattern: f"^(?:{pattern})$"),
    "digits are those of all scripts": patterns(lambda pattern: pattern.replace(r"\d", r"\p{Nd}")),
    "formats are not asked": without("format"),
    "dependencies are not asked": without("dependencies"),
    "names are not asked": without("propertyNames"),
    "equal elements are welcome": without("uniqueItems"),
    "additionalItems count nowhere": without("additionalItems"),
    "one or more of oneOf": renamed("oneOf", "anyOf"),
    "exclusive is inclusive": renamed("exclusiveMinimum", "minimum"),
    "if does not matter": without("if"),
    "patternProperties count nowhere": without("patternProperties"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_rule_is_found(name: str) -> None:
    assert next(differing(MUTANTS[name]), None), name

"""What a JSON Schema says about a value: draft-07 as npm ajv 8 judges it (D-107).

Texts are asked for their format (Segment's documentation writes dates as "format": "date-time"). The names
that every object of JavaScript has (constructor) are no members here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from segment_pendo.base.javascript.numbers import is_number
from segment_pendo.base.prose import plain, short
from segment_pendo.segment.plan import bounds
from segment_pendo.segment.plan.formats import FORMATS
from segment_pendo.segment.plan.pattern import as_written
from segment_pendo.segment.plan.schema import DRAFTS, Unusable, as_javascript, prepared
from segment_pendo.words import Json, JsonObject

if TYPE_CHECKING:
    import jsonschema_rs

__all__ = ["Judge", "Unusable", "Wrong"]

MOST: Final = 20  # things that are said about one value; who mends twenty mends them all
# Of a pattern with look-around or back-references; all others take linear time.
_BACKTRACKS: Final = 10_000
_INFINITE: Final = float("inf")
_MOST_NAMED: Final = 5

type Path = tuple[str | int, ...]


class Wrong(NamedTuple):
    """Something that does not fit: where, by which keyword, and a sentence.

    `path` leads to a member that is missing or not allowed, too.
    """

    path: Path
    keyword: str
    says: str


class _MultipleOf:
    """Division of doubles, as in JavaScript: 0.3 is no multiple of 0.1, nor is 1e300 of 1."""

    def __init__(self, _schema: dict[str, Any], divisor: float, _path: list[str | int]) -> None:
        self._divisor = float(divisor)

    def validate(self, value: Any) -> None:
        if not is_number(value):
            return
        try:
            quotient = value / self._divisor
        except (OverflowError, ZeroDivisionError):
            quotient = _INFINITE
        # parseInt reads the text of a number, in which one of 1e21 and more has an exponent.
        if not (quotient.is_integer() and abs(quotient) < 1e21):
            raise ValueError(plain(self._divisor))


class Judge:
    """A schema that is ready to judge. Raises Unusable where it is none, or none that can be judged."""

    def __init__(self, schema: Json) -> None:
        if not isinstance(schema, dict | bool):
            raise Unusable((), "a JSON Schema is an object.")
        self._schema = prepared(schema) if isinstance(schema, dict) else schema
        if isinstance(self._schema, dict):
            self._validator = _compiled(self._schema | {"$schema": f"{DRAFTS[0]}#"})
            bounds.check(self._schema)
        else:
            self._validator = _compiled(self._schema)

    def wrong(self, value: Json) -> list[Wrong]:
        """Return what does not fit, at most MOST things; nothing where the value fits."""
        judged = as_javascript(value)
        if self._validator.is_valid(judged):
            return []
        found = list(islice(self._wrong(judged), MOST)) or [Wrong((), "schema", "does not fit")]
        return [one._replace(path=_in(value, one.path)) for one in found]

    def _wrong(self, value: Json) -> Iterator[Wrong]:
        for error in self._validator.iter_errors(value):
            path = tuple(error.instance_path)
            kind = error.kind.as_dict()
            keyword = error.kind.name
            of_members = _is_of_members(error, path)
            path = _whole(value, path, error, of_members=of_members)
            if keyword == "additionalProperties" or of_members:
                for name in kind.get("unexpected") or _names(value, path):
                    yield Wrong((*path, name), "additionalProperties", "is not in the plan")
            elif keyword == "required":
                yield Wrong((*path, str(kind["property"])), "required", "is required")
            else:
                yield Wrong(path, keyword, _says(error))


def _is_of_members(error: "jsonschema_rs.ValidationError", path: Path) -> bool:
    """Whether an error is that of "additionalProperties": false, not that of a member with this name."""
    if error.kind.name != "falseSchema" or error.schema_path[-1:] != ["additionalProperties"]:
        return False
    return not (path[-1:] == ("additionalProperties",) and error.schema_path[-2:-1] == ["properties"])


def _whole(value: Json, path: Path, error: "jsonschema_rs.ValidationError", *, of_members: bool) -> Path:
    """Return the path of an error with the members named '', which the library leaves out.

    What it says stands there is the value or, where `of_members`, maybe a member that is one too many. Where
    equal values stand in both places, it is the one without ''.
    """
    there = error.instance
    found = _with_empty_keys(
        value, path, lambda one: bool(one == there) and (not of_members or isinstance(one, dict))
    )
    if found is None and of_members:
        found = _with_empty_keys(value, path, lambda one: isinstance(one, dict) and there in one.values())
    return path if found is None else found


def _with_empty_keys(value: Json, path: Path, there: Callable[[Json], bool]) -> Path | None:
    """Return a path, with members named '' put in, that leads to what is there; or None."""
    if not path and there(value):
        return ()
    if path:
        rest = _with_empty_keys(_at(value, path[0]), path[1:], there)
        if rest is not None:
            return (path[0], *rest)
    if not isinstance(value, dict) or "" not in value:
        return None
    rest = _with_empty_keys(value[""], path, there)
    return None if rest is None else ("", *rest)


def _in(value: Json, path: Path) -> Path:
    """Return a path that the library tells as one in the value itself.

    The library takes a member named "1" for an element, and a key has been read `as_javascript`.
    """
    keys: list[str | int] = []
    for key in path:
        if isinstance(value, dict):
            keys.append(_own(value, str(key)))
        else:
            keys.append(key)
        value = _at(value, keys[-1])
    return tuple(keys)


def _own(value: JsonObject, name: str) -> str:
    if name in value or name.isascii():
        return name
    return next((one for one in value if as_javascript(one) == name), name)


def _at(value: Json, key: str | int) -> Json:
    if isinstance(value, dict):
        return value.get(str(key))
    return value[key] if isinstance(value, list) and isinstance(key, int) and key < len(value) else None


def _names(value: Json, path: Path) -> list[str]:
    for key in path:
        value = _at(value, key)
    return list(value) if isinstance(value, dict) else []


# --- the library ---


def _compiled(schema: dict[str, Any] | bool) -> "jsonschema_rs.Draft7Validator":
    import jsonschema_rs  # noqa: PLC0415 - only where there is a plan

    try:
        return jsonschema_rs.Draft7Validator(
            schema,
            formats=dict(FORMATS),
            validate_formats=True,
            offline=True,
            pattern_options=jsonschema_rs.FancyRegexOptions(backtrack_limit=_BACKTRACKS),
            keywords={"multipleOf": _MultipleOf},
        )
    except jsonschema_rs.ValidationError as error:
        raise Unusable(tuple(error.instance_path), _unusable(error)) from None
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise Unusable((), f"{short(str(error), 100)}; correct the schema.") from None


def _unusable(error: "jsonschema_rs.ValidationError") -> str:
    if error.kind.name == "format" or '"regex"' in error.message:
        return (
            f"{plain(_json(error.instance))} is not a regular expression that can be used here; correct it "
            "(as in JavaScript, and of moderate size)."
        )
    if not error.schema_path:  # the library's word for a $ref that leads nowhere
        return "a $ref leads to nothing; correct it."
    return f"{plain(_json(error.instance))} {_says(error)}; correct the schema."


def _json(value: Any) -> Json:
    """Return a value of the library, which types it more widely."""
    return value  # type: ignore[no-any-return]


# --- sentences; each stands behind a path ---

_TYPES: Final = {bool: "boolean", int: "number", float: "number", str: "string", dict: "object",
                 list: "array", type(None): "null"}  # fmt: skip
_SENTENCES: Final = {
    "additionalItems": "has more than {limit} elements",
    "anyOf": "fits none of the alternatives",
    "const": "is not {expected_value}",
    "contains": "has no element that fits",
    "enum": "is not one of {options}",
    "exclusiveMaximum": "is not less than {limit}",
    "exclusiveMinimum": "is not more than {limit}",
    "falseSchema": "may not be there",
    "format": "is no {format}",
    "maxItems": "has more than {limit} elements",
    "maxLength": "has more than {limit} characters",
    "maxProperties": "has more than {limit} members",
    "maximum": "is more than {limit}",
    "minItems": "has fewer than {limit} elements",
    "minLength": "has fewer than {limit} characters",
    "minProperties": "has fewer than {limit} members",
    "minimum": "is less than {limit}",
    "not": "fits what is excluded",
    "oneOf": "does not fit exactly one of the alternatives",
    "pattern": "does not match {pattern}",
    "propertyNames": "has a member whose name does not fit",
    "type": "is {is_type}, not {types}",
    "uniqueItems": "has equal elements",
}


def _says(error: "jsonschema_rs.ValidationError") -> str:
    """Return what is wrong, without the value, which may be personal."""
    keyword, kind = error.kind.name, error.kind.as_dict()
    if keyword == "pattern" and "Error executing regex" in error.message:
        return "takes too long to match its pattern; simplify the pattern"
    if keyword == "multipleOf":
        return f"is no multiple of {error.message}"
    words = {name: _listed(one if isinstance(one, list) else [one]) for name, one in kind.items()}
    words["pattern"] = plain(as_written(str(kind.get("pattern"))))
    words["is_type"] = _TYPES.get(type(error.instance), "another type")
    return _SENTENCES.get(keyword, "does not fit").format_map(defaultdict(str, words))


def _listed(values: Sequence[Any]) -> str:
    some = ", ".join(map(plain, values[:_MOST_NAMED]))
    return some if len(values) <= _MOST_NAMED else f"{some} and {len(values) - _MOST_NAMED} more"

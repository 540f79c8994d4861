"""How Pendo takes the traits of one webhook: which become fields, and which are lost (facts section 3)."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from segment_pendo.base.js_json import is_infinite, is_ordinary_number, write
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Json, JsonObject

__all__ = ["Field", "fields", "plain_types", "type_of"]

_INT64: Final = 2**63
_EXACT: Final = 2**53  # smaller ones JavaScript writes as they are


class Field(NamedTuple):
    """One trait, or a part of one, at `path` below traits.

    `name` is the field of metadata that it sets (or removes), None where it is lost. `rule` says why: it is
    an id of RULES.
    """

    path: tuple[str | int, ...]
    name: str | None
    value: Json
    rule: str
    removes: bool = False


def fields(traits: Json, switches: PendoSwitches = DEFAULT) -> tuple[Field, ...]:
    """Return every trait of a call in its order, each part once. Never raises, whatever the JSON."""
    if not isinstance(traits, dict):
        return ()
    taken: list[Field] = []
    lower = switches.key_case == "lower"
    for key, value in traits.items():
        if key == "__proto__":  # no JavaScript writes it into the body
            continue
        if _is_plain(value):
            name = key.lower() if lower else key
            taken.append(Field((key,), name, value, "1.31" if name == key else "3.31"))
        elif isinstance(value, dict) and switches.nested == "ignored":
            taken.append(Field((key,), None, value, "3.20"))
        else:
            taken += _taken((key,), key, value, switches)
    names = [field.name for field in taken if field.name is not None]
    return tuple(taken) if len(set(names)) == len(names) else tuple(_unique(taken, switches))


def _is_plain(value: Json) -> bool:
    """Whether a trait is a text, boolean or number that needs no closer look, as most are."""
    if isinstance(value, str):
        return value != ""
    return isinstance(value, bool) or (type(value) is int and -_EXACT < value < _EXACT)


def _taken(path: tuple[str | int, ...], name: str, value: Json, switches: PendoSwitches) -> Iterator[Field]:
    if isinstance(value, dict):
        yield from _object(path, name, value, switches)
        return
    sent, name = name, name.lower() if switches.key_case == "lower" else name
    if isinstance(value, list):
        yield from _list(path, name, value, switches)
    elif value is None or is_infinite(value):  # JavaScript writes what is no finite number as null
        yield _special(Field(path, name, None, "3.09"), switches.null)
    elif value == "" and isinstance(value, str):
        yield _special(Field(path, name, "", "3.10"), switches.empty)
    else:
        yield Field(path, name, value, "1.31" if name == sent else "3.31")


def _object(
    path: tuple[str | int, ...], name: str, value: JsonObject, switches: PendoSwitches
) -> Iterator[Field]:
    if switches.nested == "ignored":
        yield Field(path, None, value, "3.20")
        return
    between = "_" if switches.nested == "underscore" else "."
    for key, inner in value.items():
        if key != "__proto__":
            yield from _taken((*path, key), f"{name}{between}{key}", inner, switches)


def _special(field: Field, reading: str) -> Field:
    if reading == "ignored":
        return field._replace(name=None)
    return field._replace(removes=reading == "removed")


def _list(
    path: tuple[str | int, ...], name: str, value: list[Json], switches: PendoSwitches
) -> Iterator[Field]:
    if switches.list == "ignored":
        yield Field(path, None, value, "3.04")
        return
    # A list inside a list counts as an object there, too.
    kept: list[Json] = [
        None if is_infinite(item) else item for item in value if not isinstance(item, dict | list)
    ]
    text = ",".join(item if isinstance(item, str) else write(item).decode() for item in kept)
    yield Field(path, name, text if switches.list == "text" else kept, "3.04")
    for index, item in enumerate(value):
        if isinstance(item, dict | list):
            yield Field((*path, index), None, item, "3.21")


def _unique(taken: list[Field], switches: PendoSwitches) -> Iterator[Field]:
    """Yield the fields; of those with the same name, all but one are lost (3.31)."""
    winner: dict[str, int] = {}
    for index, field in enumerate(taken):
        if field.name is not None and (field.name not in winner or switches.same_key == "last"):
            winner[field.name] = index
    for index, field in enumerate(taken):
        lost = field.name is not None and winner[field.name] != index
        yield field._replace(name=None, rule="3.31") if lost else field


_PLAIN: Final = frozenset({str, bool, int, float, dict})
_TYPES: Final = {str: "string", bool: "boolean", int: "integer", float: "float"}


def plain_types(traits: JsonObject, switches: PendoSwitches = DEFAULT) -> tuple[str, ...] | None:
    """Return the types of the fields that traits set, '' for a trait that is lost.

    None where it takes `fields` and a closer look to know: one of the values is no plain one.
    """
    values = traits.values()
    types = tuple([_TYPES.get(type(value), "") for value in values])
    if "" in values:
        return None
    if "integer" in types or "float" in types:
        for value in values:
            if type(value) is int or type(value) is float:
                is_plain = -_EXACT < value < _EXACT and (type(value) is int or is_ordinary_number(value))
                if not is_plain:
                    return None
    if "" in types and not (switches.nested == "ignored" and _PLAIN.issuperset(map(type, values))):
        return None
    return types


def type_of(value: Json) -> str:
    """Return the type of a value as Pendo's metadata schema names it (3.02, 3.07); '' for null."""
    if isinstance(value, bool):
        return "boolean"
    if type(value) is int and -_EXACT < value < _EXACT:
        return "integer"
    if is_infinite(value):
        return ""
    if isinstance(value, int | float):
        whole = "." not in (text := write(value).decode()) and "e" not in text
        return "integer" if whole and -_INT64 <= int(text) < _INT64 else "float"
    if isinstance(value, str):
        return "string"
    return "list" if isinstance(value, list) else ""

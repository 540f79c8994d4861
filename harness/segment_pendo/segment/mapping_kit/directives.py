"""What each directive makes of an event (D-20), as Segment's code runs it: with its quirks."""

from collections.abc import Callable
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.javascript.texts import joined, units
from segment_pendo.base.javascript.values import (
    UNDEFINED,
    Made,
    NotKnown,
    Thrown,
    Value,
    class_of,
    is_function,
    is_truthy,
    string,
)
from segment_pendo.segment.mapping_kit.liquid import rendered
from segment_pendo.segment.mapping_kit.paths import read_from_root
from segment_pendo.segment.mapping_kit.texts import replaced, template
from segment_pendo.segment.mapping_kit.validation import ROOT, is_directive, refusal
from segment_pendo.segment.mapping_kit.values import Work, jsonable

__all__ = ["Scope", "cleaned", "resolved"]


class Scope(NamedTuple):
    """What a directive reads from, and what the event may still cost."""

    payload: Value
    work: Work


def resolved(mapping: Value, scope: Scope) -> Value:
    """Return what a mapping makes of a payload. Raises Thrown where Segment's code throws.

    It calls itself for each level of the mapping (validation.MOST_LEVELS).
    """
    if isinstance(mapping, dict):
        if is_directive(mapping):
            return _run(mapping, scope)
        made = Made()
        for key, value in js_json.members(mapping):
            try:
                made.put(key, resolved(value, scope))
            except Thrown as failed:
                failed.where.insert(0, key)
                raise
        return made
    if isinstance(mapping, list):
        return [resolved(value, scope) for value in mapping]
    return mapping


def _run(mapping: dict[str, Value], scope: Scope) -> Value:
    name = next(key for key, _ in js_json.members(mapping) if key.startswith("@"))
    run = _DIRECTIVES.get(name)
    scope.work.spend(1)
    try:
        if run is None:
            msg = "this is no directive of Segment's"
            raise Thrown(msg)
        return run(mapping[name], scope)
    except Thrown as failed:
        failed.where.insert(0, name)
        raise


# --- one function for each directive ---


def _options(value: Value, *needed: str) -> dict[str, Value]:
    if not isinstance(value, dict):
        msg = f"it needs an object, not {class_of(value)}"
        raise Thrown(msg)
    for name in needed:
        if not is_truthy(value.get(name)):
            msg = f"it needs {name}"
            raise Thrown(msg)
    return value


def _text(value: Value, scope: Scope) -> str:
    text = resolved(value, scope)
    if not isinstance(text, str):
        msg = f"it needs a text, not {class_of(text)}"
        raise Thrown(msg)
    return text


def _path(value: Value, scope: Scope) -> Value:
    return read_from_root(scope.payload, _text(value, scope))


def _template(value: Value, scope: Scope) -> Value:
    return template(_text(value, scope), scope.payload, scope.work)


def _liquid(value: Value, scope: Scope) -> Value:
    return rendered(value, scope.payload, scope.work)


def _if(value: Value, scope: Scope) -> Value:
    options = _options(value)
    if not is_truthy(options.get("exists")) and not is_truthy(options.get("blank")):
        msg = "it needs exists or blank"
        raise Thrown(msg)
    if "exists" in options:
        tested = resolved(options["exists"], scope)
        holds = tested is not UNDEFINED and tested is not None
    else:
        tested = resolved(options["blank"], scope)
        holds = tested is not UNDEFINED and tested is not None and not _equals_empty(tested)
    if holds:
        return resolved(options["then"], scope) if "then" in options else UNDEFINED
    # An `else` that counts as false is never given.
    return resolved(options["else"], scope) if is_truthy(options.get("else")) else UNDEFINED


def _equals_empty(value: Value) -> bool:
    """Whether JavaScript's value == "" holds: for 0, false and an empty list as well."""
    if isinstance(value, str):
        return not value
    if isinstance(value, bool | int | float):
        return value == 0
    return string(value) == ""


def _case(value: Value, scope: Scope) -> Value:
    options = _options(value, "operator")
    if not is_truthy(options.get("value")):
        return UNDEFINED
    text = resolved(options["value"], scope)
    if not isinstance(text, str):
        return text
    match options["operator"]:
        case "lower":
            return text.lower()
        case "upper":
            return text.upper()
    msg = 'operator is neither "lower" nor "upper"'
    raise Thrown(msg)


def _replace(value: Value, scope: Scope) -> Value:
    options = _options(value, "pattern")
    if not is_truthy(options.get("value")):
        return UNDEFINED
    text = resolved(options["value"], scope)
    if isinstance(text, bool | int | float):
        text = string(text)
    pattern, replacement = options["pattern"], _or(options, "replacement", "")
    ignorecase, everywhere = _or(options, "ignorecase", default=False), _or(options, "global", default=True)
    if not all(isinstance(one, str) for one in (text, pattern, replacement)) or not (
        isinstance(ignorecase, bool) and isinstance(everywhere, bool)
    ):
        return ""
    more = {"ignorecase": ignorecase, "everywhere": everywhere}
    text = replaced(text, pattern, replacement, work=scope.work, **more)
    second, its = options.get("pattern2"), _or(options, "replacement2", "")
    if second and isinstance(second, str) and isinstance(its, str):
        text = replaced(text, second, its, work=scope.work, **more)
    return text


def _or(options: dict[str, Value], name: str, default: Value) -> Value:
    value = options.get(name)
    return default if value is None else value


def _array_path(value: Value, scope: Scope) -> Value:
    if not isinstance(value, list):
        msg = f"it needs a list, not {class_of(value)}"
        raise Thrown(msg)
    path, shape = (*value, UNDEFINED, UNDEFINED)[:2]
    found = read_from_root(scope.payload, path) if isinstance(path, str) else resolved(path, scope)
    if isinstance(found, dict | list) and isinstance(shape, dict) and shape:
        items = found if isinstance(found, list) else [found]
        return [resolved(shape, Scope(item, scope.work)) for item in items]
    return found


def _literal(value: Value, scope: Scope) -> Value:
    return resolved(value, scope)


def _flatten(value: Value, scope: Scope) -> Value:
    options = _options(value, "separator")
    separator = resolved(options["separator"], scope)
    if not isinstance(separator, str):
        msg = "separator must be a text"
        raise Thrown(msg)
    flat: dict[str, Value] = {}
    shape = _Flat(separator, is_truthy(options.get("omitArrays")), scope.work)
    _flattened(resolved(options["value"], scope) if "value" in options else UNDEFINED, "", shape, flat)
    return flat


class _Flat(NamedTuple):
    separator: str
    omits_arrays: bool
    work: Work


def _flattened(value: Value, prefix: str, shape: _Flat, flat: dict[str, Value]) -> None:
    """Put the leaves of a value under their joined keys; an empty object or list leaves nothing (D-22)."""
    inner: list[tuple[str, Value]]
    if isinstance(value, dict):
        inner = list(js_json.members(value))
    elif isinstance(value, list) and not shape.omits_arrays:
        inner = [(str(index), one) for index, one in enumerate(value)]
    else:
        flat[prefix] = value
        return
    for key, one in inner:
        shape.work.spend(1 + len(prefix))
        _flattened(one, joined(f"{prefix}{shape.separator}{key}") if prefix else key, shape, flat)


def _json(value: Value, scope: Scope) -> Value:
    options = _options(value, "mode", "value")
    found = resolved(options["value"], scope)
    if options["mode"] == "encode":
        return _encoded(found, scope.work)
    if options["mode"] != "decode":
        return UNDEFINED
    if not isinstance(found, str):
        return found
    try:
        decoded = js_json.parse(found)
    except ValueError:
        return found
    except RecursionError:
        msg = f"a text nests more than {js_json.MAX_DEPTH} levels"
        raise NotKnown(msg) from None
    scope.work.spend(len(found))
    return decoded


def _encoded(value: Value, work: Work) -> Value:
    if value is UNDEFINED or is_function(value):
        return UNDEFINED
    text = js_json.stringify(jsonable(value, work))
    work.spend(len(text))
    return text


def _merge(value: Value, scope: Scope) -> Value:
    """Return one object of several, as the usual repair for Pendo's track calls does (D-23)."""
    options = _options(value, "direction")
    direction = resolved(options["direction"], scope)
    objects = _options(value, "objects")["objects"]
    if not isinstance(objects, list):
        msg = f"objects must be a list, not {class_of(objects)}"
        raise Thrown(msg)
    found = [resolved(one, scope) for one in objects]
    if direction == "left":
        found.reverse()
    made = Made()
    for one in found:
        scope.work.spend(1 + (len(one) if isinstance(one, dict | list | str) else 0))
        for key, inner in _own_members(one):
            made.put(key, inner)
    return made


def _own_members(value: Value) -> list[tuple[str, Value]]:
    """Return what Object.assign takes from a value: of a text, its characters."""
    if isinstance(value, dict):
        return list(js_json.members(value))
    inner = units(value) if isinstance(value, str) else value if isinstance(value, list) else ()
    return [(str(index), one) for index, one in enumerate(inner)]


def _transform(value: Value, scope: Scope) -> Value:
    options = _options(value, "mapping", "apply")
    if not isinstance(options["apply"], dict):
        msg = "apply must be an object"
        raise Thrown(msg)
    payload = Made() if scope.payload is UNDEFINED else scope.payload
    if not isinstance(payload, dict):
        msg = f"it needs an object to read from, not {class_of(payload)}"
        raise Thrown(msg)
    applied = options["apply"]
    if ROOT in applied:
        msg = f"{ROOT} within apply"
        raise NotKnown(msg)
    refused = refusal(applied)
    if refused is not None:
        raise Thrown(refused.message)
    made = cleaned(resolved(applied, Scope(payload, scope.work)), scope.work)
    return resolved(options["mapping"], Scope(made, scope.work))


def _exclude_when_null(value: Value, scope: Scope) -> Value:
    found = resolved(value, scope)
    return UNDEFINED if found is None else _without_nulls(found, scope.work)


def _without_nulls(value: Value, work: Work) -> Value:
    """Return an object whose members that are null are absent, but not those within lists."""
    if not isinstance(value, dict):
        return value
    made = Made()
    for key, one in js_json.members(value):
        work.spend(1)
        made.put(key, UNDEFINED if one is None else _without_nulls(one, work))
    return made


_DIRECTIVES: Final[dict[str, Callable[[Value, Scope], Value]]] = {
    "@path": _path,
    "@template": _template,
    "@literal": _literal,
    "@if": _if,
    "@case": _case,
    "@arrayPath": _array_path,
    "@flatten": _flatten,
    "@merge": _merge,
    "@replace": _replace,
    "@json": _json,
    "@transform": _transform,
    "@excludeWhenNull": _exclude_when_null,
    "@liquid": _liquid,
}


def cleaned(value: Value, work: Work) -> Value:
    """Return a copy without the members that are undefined; keys named `__proto__` are lost (W-28)."""
    work.spend(1)
    if isinstance(value, dict):
        made = Made()
        for key, one in js_json.members(value):
            if one is not UNDEFINED:
                made.put(key, cleaned(one, work))
        return made
    return [cleaned(one, work) for one in value] if isinstance(value, list) else value

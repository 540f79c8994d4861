"""What is odd in a mapping itself, whatever event comes: traps that Segment's own checks let pass."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from segment_pendo.base.javascript.texts import length
from segment_pendo.base.javascript.values import is_truthy
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import short
from segment_pendo.base.suggestion import nearest
from segment_pendo.segment.mapping_kit.codes import note
from segment_pendo.segment.mapping_kit.paths import keys_of
from segment_pendo.segment.mapping_kit.request import FIELDS, METHODS, header_fault
from segment_pendo.segment.mapping_kit.texts import LONGEST_PATTERN
from segment_pendo.segment.mapping_kit.validation import DIRECTIVES, ROOT, is_directive
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["findings"]

type Where = tuple[str | int, ...]

_OPTIONS: Final[dict[str, tuple[str, ...]]] = {
    "@if": ("exists", "blank", "then", "else"),
    "@case": ("operator", "value"),
    "@replace": (
        "pattern", "replacement", "pattern2", "replacement2", "value", "ignorecase", "global",
    ),
    "@flatten": ("separator", "value", "omitArrays"),
    "@json": ("value", "mode"),
    "@merge": ("objects", "direction"),
    "@transform": ("apply", "mapping"),
}  # fmt: skip
_NEEDED: Final[dict[str, tuple[str, ...]]] = {
    "@case": ("operator",),
    "@flatten": ("separator",),
    "@merge": ("direction",),
    "@json": ("mode", "value"),
}
_WORDS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "@json": ("mode", ("encode", "decode")),
    "@merge": ("direction", ("left", "right")),
    "@case": ("operator", ("lower", "upper")),
}
# What gives a text or nothing.
_TEXTUAL: Final = ("@template", "@liquid", "@replace")
# Segment keeps these in a mapping for itself.
_INTERNAL: Final = "__segment_internal_"
_PLACES: Final = re.compile(r"\{\{\{?([^}]+)\}\}\}?")
_REPLACED: Final = ("content-type", "content-length")
_CUT: Final = 60


def findings(mapping: JsonObject) -> Iterator[Finding]:
    """Yield what is odd in a mapping, with paths into it."""
    yield from _fields(mapping)
    yield from _within(mapping, (), is_run=True)


# --- the fields of the action ---


def _fields(mapping: JsonObject) -> Iterator[Finding]:
    for key in mapping:
        if key not in FIELDS and not key.startswith(_INTERNAL):
            near = nearest(key, FIELDS)
            hint = f"; perhaps {near} is meant" if near else ""
            text = f"{short(key, _CUT)} is no field of the action, and Segment drops it{hint}."
            yield note("MAPPING_FIELD_UNKNOWN", json_path(key), text)
    if ROOT in mapping:
        return
    yield from _method(mapping.get("method"))
    yield from _data(mapping.get("data"))
    headers = mapping.get("headers")
    if isinstance(headers, dict) and not is_directive(headers):
        for name, value in headers.items():
            yield from _header(name, value)


def _method(method: Json) -> Iterator[Finding]:
    only = method[0] if isinstance(method, list) and len(method) == 1 else method
    if is_directive(only):
        return
    if only not in METHODS:
        text = f"The action takes {', '.join(METHODS)}; with this method nothing is sent."
        yield note("MAPPING_METHOD_REFUSED", "$.method", text)
    elif only != "POST":
        text = f"The mapping sends {only}; Pendo is known to take POST only."
        yield note("MAPPING_METHOD_NOT_POST", "$.method", text)


def _data(data: Json) -> Iterator[Finding]:
    if data is None or data == "":
        text = "The mapping gives no data: Segment sends requests without a body."
        yield note("MAPPING_DATA_ABSENT", "$.data", text)
    elif not isinstance(data, dict) or _is_textual(data):
        text = "data must become an object; this never does, so nothing is sent."
        yield note("MAPPING_DATA_NEVER_OBJECT", "$.data", text)


def _is_textual(data: JsonObject) -> bool:
    name = next(iter(data), "")
    inner = data.get(name)
    encoded = name == "@json" and isinstance(inner, dict) and inner.get("mode") == "encode"
    return is_directive(data) and (name in _TEXTUAL or encoded)


def _header(name: str, value: Json) -> Iterator[Finding]:
    path = json_path("headers", name)
    fault = header_fault(name, value if isinstance(value, str) else "")
    if fault:
        text = f"{short(name, _CUT)!r} {fault}; Segment refuses every request of this mapping."
        yield note("MAPPING_HEADER_REFUSED", path, text)
    elif name.lower() in _REPLACED:
        yield note("MAPPING_HEADER_REPLACED", path, f"Segment's code sets {name} itself.")
    elif value == "undefined":
        text = 'A header with the value "undefined" is taken away.'
        yield note("MAPPING_HEADER_REPLACED", path, text)


# --- directives, wherever they are ---


def _within(value: Json, where: Where, *, is_run: bool) -> Iterator[Finding]:
    """Yield what is odd in a part of a mapping.

    `is_run`: whether a text here is sent as it stands. It calls itself for each level
    (validation.MOST_LEVELS).
    """
    if isinstance(value, dict) and is_directive(value):
        for name, inner in value.items():
            if name.startswith("@"):
                yield from _directive(name, inner, (*where, name))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _within(inner, (*where, key), is_run=is_run)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _within(inner, (*where, index), is_run=is_run)
    elif isinstance(value, str) and is_run:
        yield from _text(value, where)


def _text(text: str, where: Where) -> Iterator[Finding]:
    if text.startswith("$."):
        message = f"{short(text, _CUT)!r} is sent as it is: it stands in no @path."
        yield note("MAPPING_PATH_LITERAL", json_path(*where), message)
    elif _PLACES.search(text):
        message = f"{short(text, _CUT)!r} is sent as it is: it stands in no @template."
        yield note("MAPPING_TEMPLATE_EMPTY", json_path(*where), message)


def _directive(name: str, value: Json, where: Where) -> Iterator[Finding]:
    path = json_path(*where)
    if name not in DIRECTIVES:
        yield note("MAPPING_ALWAYS_FAILS", path, f"There is no directive {short(name, _CUT)}.")
        return
    if isinstance(value, str):
        yield from _text(value, where) if name == "@literal" else _of_text(name, value, path)
        return
    if name == "@literal" and is_directive(value):
        text = "What stands under @literal is run as a directive."
        yield note("MAPPING_LITERAL_RUN", path, text)
    if name == "@arrayPath" and isinstance(value, list) and value and isinstance(value[0], str):
        yield from _unreadable(value[0], path)
        yield from _within(value[1:], where, is_run=True)
        return
    if name in _OPTIONS and isinstance(value, dict):
        yield from _of_options(name, value, where)
    yield from _within(value, where, is_run=name == "@literal")


def _of_text(name: str, text: str, path: str) -> Iterator[Finding]:
    if name == "@path":
        yield from _unreadable(text, path)
    elif name == "@template":
        for place in _PLACES.findall(text):
            if place.strip().startswith("$"):
                message = (
                    f"{{{{{short(place.strip(), _CUT)}}}}} is always empty: leave out what begins with $."
                )
                yield note("MAPPING_TEMPLATE_PATH", path, message)


def _unreadable(text: str, path: str) -> Iterator[Finding]:
    keys = keys_of(text.replace("$.", "", 1))
    why = ""
    if keys and keys[0].startswith("$"):
        why = "only $. at the start stands for the event"
    elif any("*" in key for key in keys):
        why = "there are no stars in these paths; @arrayPath goes through a list"
    elif re.search(r"""\[["'][^"'\]]*\.""", text):
        why = "a dot separates keys within quotes, too"
    if why:
        yield note("MAPPING_PATH_UNREADABLE", path, f"{short(text, _CUT)!r} reads nothing: {why}.")


def _of_options(name: str, options: Mapping[str, Json], where: Where) -> Iterator[Finding]:
    path = json_path(*where)
    for option in options:
        if option not in _OPTIONS[name]:
            near = nearest(option, _OPTIONS[name])
            hint = f"perhaps {near} is meant." if near else f"it reads {', '.join(_OPTIONS[name])}."
            text = f"{name} does not read {short(option, _CUT)}; {hint}"
            yield note("MAPPING_OPTION_IGNORED", json_path(*where, option), text)
    for needed in _NEEDED.get(name, ()):
        if not is_truthy(options.get(needed)):
            yield note("MAPPING_ALWAYS_FAILS", path, f"{name} needs {needed}, which counts as true.")
    if name == "@if":
        yield from _of_condition(options, path)
    if name == "@replace":
        long = [one for one in ("pattern2", "replacement2") if _is_long(options.get(one))]
        if long:
            text = f"{long[0]} has more than {LONGEST_PATTERN} characters."
            yield note("MAPPING_ALWAYS_FAILS", path, text)
    yield from _of_word(name, options, where)


def _is_long(value: Json) -> bool:
    return isinstance(value, str) and length(value) > LONGEST_PATTERN


def _of_condition(options: Mapping[str, Json], path: str) -> Iterator[Finding]:
    if not is_truthy(options.get("exists")) and not is_truthy(options.get("blank")):
        yield note("MAPPING_ALWAYS_FAILS", path, "@if needs exists or blank.")
    elif "exists" in options and "blank" in options:
        yield note("MAPPING_BRANCH_LOST", path, "blank is not looked at, as exists stands beside it.")
    if "else" in options and not is_truthy(options["else"]):
        yield note("MAPPING_BRANCH_LOST", path, "This else counts as false, and is never given.")


def _of_word(name: str, options: Mapping[str, Json], where: Where) -> Iterator[Finding]:
    option, words = _WORDS.get(name, ("", ()))
    word = options.get(option)
    if not isinstance(word, str) or not word or word in words:
        return
    path = json_path(*where, option)
    if name == "@case":
        yield note("MAPPING_ALWAYS_FAILS", path, "operator must be lower or upper where value is a text.")
    else:
        text = f"{short(word, _CUT)} is no word that {name} knows; write {' or '.join(words)}."
        yield note("MAPPING_WORD_CASE", path, text)

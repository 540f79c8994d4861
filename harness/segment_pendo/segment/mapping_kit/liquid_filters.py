"""The filters of Liquid that are worked out here, as liquidjs 10 has them."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple
from urllib.parse import quote

from segment_pendo.base import js_json
from segment_pendo.base.javascript.numbers import is_number
from segment_pendo.base.javascript.texts import BLANKS, joined, length, units
from segment_pendo.base.javascript.values import UNDEFINED, NotKnown, Thrown, Value, is_truthy, string
from segment_pendo.segment.mapping_kit.numbers import is_whole, numeric
from segment_pendo.segment.mapping_kit.values import Work, jsonable

__all__ = ["FILTERS", "Filter", "fault_of_filter", "text_of"]

# What Segment turns off: a template with one of them fails.
DISABLED: Final = frozenset(
    [
        "array_to_sentence_string",
        "concat",
        "find",
        "find_exp",
        "find_index",
        "find_index_exp",
        "group_by",
        "group_by_exp",
        "has",
        "has_exp",
        "map",
        "newline_to_br",
        "reject",
        "reject_exp",
        "reverse",
        "sort",
        "sort_natural",
        "uniq",
        "where_exp",
        "type",
    ]
)
# What liquidjs has beside FILTERS. A filter that it does not have gives its value unchanged.
_NOT_HERE: Final = frozenset(
    [
        "xml_escape",
        "escape_once",
        "strip_html",
        "url_decode",
        "cgi_escape",
        "uri_escape",
        "slugify",
        "sum",
        "compact",
        "push",
        "unshift",
        "pop",
        "shift",
        "where",
        "sample",
        "date",
        "date_to_xmlschema",
        "date_to_rfc822",
        "date_to_string",
        "date_to_long_string",
        "remove_last",
        "replace_last",
        "squish",
        "truncatewords",
        "normalize_whitespace",
        "number_of_words",
        "base64_encode",
        "base64_decode",
        "sha256",
        "hmac_sha256",
        "raw",
        "jsonify",
        "to_integer",
        "inspect",
    ]
)


class Filter(NamedTuple):
    """A filter: how many arguments it may have, and what it gives for a value and its arguments."""

    least: int
    most: int
    run: Callable[[Value, Sequence[Value], Work], Value]


def fault_of_filter(name: str, arguments: int) -> str:
    """Return why a filter cannot be worked out, or ''."""
    if name in DISABLED:
        return f"Segment turns the Liquid filter {name} off, and fails on it"
    known = FILTERS.get(name)
    if name in _NOT_HERE or (known is not None and not known.least <= arguments <= known.most):
        return f"the Liquid filter {name}{' with these arguments' if known else ''} is not worked out here"
    return ""


def text_of(value: Value) -> str:
    """Return what liquidjs writes for a value: nothing for null, lists without commas."""
    if value is None or value is UNDEFINED:
        return ""
    return "".join(map(text_of, value)) if isinstance(value, list) else string(value)


def _on_text(change: Callable[[str], Value]) -> Filter:
    return Filter(0, 0, lambda value, _arguments, _work: change(text_of(value)))


def _with_text(change: Callable[[str, str], str]) -> Filter:
    return Filter(1, 1, lambda value, arguments, _work: change(text_of(value), text_of(arguments[0])))


def _capitalize(text: str) -> str:
    first = text[:1]
    return (first if first > "\uffff" else first.upper()) + text[1:].lower()


def _parts(text: str, separator: str) -> list[str]:
    text, separator = units(text), units(separator)
    return [joined(part) for part in (text.split(separator) if separator else text)]


def _replace(value: Value, arguments: Sequence[Value], work: Work) -> Value:
    text, pattern, replacement = units(text_of(value)), units(text_of(arguments[0])), text_of(arguments[1])
    parts = text.split(pattern) if pattern else list(text)
    work.spend(len(text) + len(parts) * len(replacement))
    return joined(units(replacement).join(parts))


def _replace_first(value: Value, arguments: Sequence[Value], _work: Work) -> Value:
    text, pattern, replacement = (units(text_of(one)) for one in (value, *arguments))
    return joined(text.replace(pattern, replacement, 1))


def _remove_first(text: str, pattern: str) -> str:
    return joined(units(text).replace(units(pattern), "", 1))


def _split(value: Value, arguments: Sequence[Value], _work: Work) -> Value:
    parts = _parts(text_of(value), text_of(arguments[0]))
    while parts and parts[-1] == "":
        parts.pop()
    return parts


def _given(arguments: Sequence[Value], index: int, default: Value) -> Value:
    value = arguments[index] if index < len(arguments) else UNDEFINED
    return default if value is UNDEFINED else value


def _join(value: Value, arguments: Sequence[Value], work: Work) -> Value:
    items = value if isinstance(value, list) else [] if value is None or value is UNDEFINED else [value]
    separator = " " if _given(arguments, 0, None) is None else text_of(arguments[0])
    texts = ["" if one is None or one is UNDEFINED else string(one) for one in items]
    work.spend(sum(map(len, texts)) + len(texts) * len(separator))
    return separator.join(texts)


def _default(value: Value, arguments: Sequence[Value], _work: Work) -> Value:
    if isinstance(value, list | str):
        return value or arguments[0]
    return arguments[0] if value is None or value is UNDEFINED or value is False else value


def _size(value: Value, _arguments: Sequence[Value], _work: Work) -> Value:
    if isinstance(value, str):
        return length(value)
    if isinstance(value, list):
        return len(value)
    own = value.get("length") if isinstance(value, dict) else 0
    return own if is_truthy(own) else 0


def _at(index: int) -> Filter:
    def run(value: Value, _arguments: Sequence[Value], _work: Work) -> Value:
        if isinstance(value, dict) and "length" in value:
            msg = "a Liquid filter reads a member of an object with a length of its own"
            raise NotKnown(msg)
        items = units(value) if isinstance(value, str) else value
        if not isinstance(items, list | str) or items == "":
            return ""
        return items[index] if items else UNDEFINED

    return Filter(0, 0, run)


# Segment limits the memory of a template: slice takes its length from it, whatever it gives.
_LARGEST: Final = 1_000_000


def _whole(value: Value) -> int:
    usual = is_number(value) and is_whole(value)
    if not usual or abs(value) > _LARGEST:
        msg = "a Liquid filter is given no whole number, or a huge one"
        raise NotKnown(msg)
    return int(value)


def _truncate(value: Value, arguments: Sequence[Value], _work: Work) -> Value:
    most = _whole(_given(arguments, 0, 50))
    ellipsis = text_of(_given(arguments, 1, "..."))
    text = text_of(value)
    if len(text) <= max(most, 0):
        return value
    return text[: max(most - len(ellipsis), 0)] + ellipsis


def _slice(value: Value, arguments: Sequence[Value], _work: Work) -> Value:
    begin, count = _whole(arguments[0]), _whole(_given(arguments, 1, 1))
    if value is None or value is UNDEFINED:
        return []
    items = value if isinstance(value, list) else text_of(value)
    begin = begin + len(items) if begin < 0 else begin
    return items[:0] if begin < 0 or count < 0 else items[begin : begin + count]


def _url_encode(text: str) -> str:
    try:
        return quote(text, safe="-_.!~*'()").replace("%20", "+")
    except UnicodeEncodeError:
        msg = "a lone surrogate cannot be encoded for a URL"
        raise Thrown(msg) from None


def _json(value: Value, _arguments: Sequence[Value], work: Work) -> Value:
    return UNDEFINED if value is UNDEFINED else js_json.stringify(jsonable(value, work))


def _numbers(calculate: Callable[..., float], count: int) -> Filter:
    def run(value: Value, arguments: Sequence[Value], _work: Work) -> Value:
        given = [numeric(one) for one in (value, *arguments)]
        return calculate(*(0.0 if one != one else one for one in given))  # noqa: PLR0124 - NaN

    return Filter(count, count, run)


def _divided(one: float, other: float) -> float:
    if other:
        return one / other
    if one == 0 or math.isnan(one):
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1, other)


def _remainder(one: float, other: float) -> float:
    return math.nan if other == 0 or math.isinf(one) else math.fmod(one, other)


def _modulo(one: float, other: float) -> float:
    return _remainder(_remainder(one, other) + other, other)


def _whole_or(change: Callable[[float], int]) -> Filter:
    return _numbers(lambda one: float(change(one)) if math.isfinite(one) else one, 0)


def _shifted(value: float, by: int) -> float:
    mantissa, _, power = string(value).partition("e")
    return float(f"{mantissa}e{int(power or 0) + by}")


def _round(value: Value, arguments: Sequence[Value], _work: Work) -> Value:
    given = numeric(value)
    given = 0.0 if math.isnan(given) else given
    digits = _whole(_given(arguments, 0, 0))
    scaled = _shifted(abs(given), digits) if math.isfinite(given) else math.inf
    if not scaled <= js_json.MAX_SAFE_INTEGER:
        return given
    down = math.floor(scaled)
    rounded = _shifted(float(down + (scaled - down >= 0.5)), -digits)
    return -rounded if given < 0 else rounded


_ESCAPED: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"})
FILTERS: Final[dict[str, Filter]] = {
    "append": _with_text(lambda text, other: text + other),
    "prepend": _with_text(lambda text, other: other + text),
    "upcase": _on_text(str.upper),
    "downcase": _on_text(str.lower),
    "capitalize": _on_text(_capitalize),
    "strip": _on_text(lambda text: text.strip(BLANKS)),
    "lstrip": _on_text(lambda text: text.lstrip(BLANKS)),
    "rstrip": _on_text(lambda text: text.rstrip(BLANKS)),
    "strip_newlines": _on_text(lambda text: re.sub(r"\r?\n", "", text)),
    "escape": _on_text(lambda text: text.translate(_ESCAPED)),
    "url_encode": _on_text(_url_encode),
    "remove": _with_text(lambda text, other: "".join(_parts(text, other))),
    "remove_first": _with_text(_remove_first),
    "replace": Filter(2, 2, _replace),
    "replace_first": Filter(2, 2, _replace_first),
    "split": Filter(1, 1, _split),
    "join": Filter(0, 1, _join),
    "default": Filter(1, 1, _default),
    "size": Filter(0, 0, _size),
    "first": _at(0),
    "last": _at(-1),
    "truncate": Filter(0, 2, _truncate),
    "slice": Filter(1, 2, _slice),
    "json": Filter(0, 0, _json),
    "abs": _numbers(abs, 0),
    "ceil": _whole_or(math.ceil),
    "floor": _whole_or(math.floor),
    "plus": _numbers(lambda one, other: one + other, 1),
    "minus": _numbers(lambda one, other: one - other, 1),
    "times": _numbers(lambda one, other: one * other, 1),
    "divided_by": _numbers(_divided, 1),
    "modulo": _numbers(_modulo, 1),
    "at_least": _numbers(max, 1),
    "at_most": _numbers(min, 1),
    "round": Filter(0, 1, _round),
}

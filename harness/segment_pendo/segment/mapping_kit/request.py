"""The request of the Webhook action: how its fields are checked, and the headers that go out."""

import re
from collections.abc import Iterator
from math import isfinite, isnan
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.javascript.members import OF_EVERY_OBJECT
from segment_pendo.base.javascript.numbers import double, is_number, number_of
from segment_pendo.base.javascript.values import (
    UNDEFINED,
    NotKnown,
    Prototype,
    Thrown,
    Value,
    is_object,
    string,
)
from segment_pendo.words import Headers

__all__ = ["FIELDS", "METHODS", "Absent", "Wrong", "checked", "extra_headers", "header_fault", "wire_headers"]

METHODS: Final = ("POST", "PUT", "PATCH")
FIELDS: Final = ("url", "method", "headers", "data", "batch_size", "batch_keys", "enable_batching")
_NO_NAME: Final = re.compile(r"[^\^_`a-zA-Z\-0-9!#$%&'*+.|~]")
_NO_VALUE: Final = re.compile(r"[^\t\x20-\x7e\x80-\xff]")


class Wrong(Exception):
    """Why Segment's code refuses a field, so that nothing is sent; `code` is ours."""

    def __init__(self, reason: str, code: str) -> None:
        super().__init__(reason)
        self.code, self.reason = code, reason


class Absent:
    """What a field has that is not there."""


ABSENT: Final = Absent()


class Checked(NamedTuple):
    """The fields as they are used: `data` is None where the request has no body."""

    method: str
    headers: dict[str, Value]
    data: dict[str, Value] | None


# --- fields ---


def checked(root: dict[str, Value]) -> Checked:
    """Return the fields of the action. Raises Wrong where Segment refuses one (D-21)."""
    method = _only(_present(root, "method"))
    if method not in METHODS or not isinstance(method, str):
        msg = f"method must be one of {', '.join(METHODS)}"
        raise Wrong(msg, "MAPPING_METHOD")
    _check_batching(root)
    headers = _object(root, "headers", "MAPPING_HEADERS_NOT_OBJECT")
    data = _object(root, "data", "MAPPING_DATA_NOT_OBJECT")
    return Checked(method, headers or {}, data)


def _present(root: dict[str, Value], field: str) -> Value:
    """Return a field; null and an empty text count as absent."""
    value = root.get(field, UNDEFINED)
    return ABSENT if value is None or value is UNDEFINED or value == "" else value


def _only(value: Value) -> Value:
    """Return the one element of a list that has one: ajv takes it out where no object is asked for."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _object(root: dict[str, Value], field: str, code: str) -> dict[str, Value] | None:
    value = _present(root, field)
    if value is ABSENT:
        return None
    if isinstance(value, dict):
        return value
    if isinstance(value, Prototype) and is_object(value):
        msg = f"{field} is the prototype of a class of JavaScript"
        raise NotKnown(msg)
    msg = f"{field} must be an object"
    raise Wrong(msg, code)


def _check_batching(root: dict[str, Value]) -> None:
    size = _only(_present(root, "batch_size"))
    if size is not ABSENT and not _is_numeric(size):
        msg = "batch_size must be a number"
        raise Wrong(msg, "MAPPING_BATCHING")
    keys = _present(root, "batch_keys")
    if keys is ABSENT:
        return
    for key in keys if isinstance(keys, list) else [keys]:
        one = _only(key)
        if key is not UNDEFINED and not (one is None or isinstance(one, str | bool | int | float)):
            msg = "batch_keys must be a list of texts"
            raise Wrong(msg, "MAPPING_BATCHING")


def _is_numeric(value: Value) -> bool:
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return value != "" and not isnan(number_of(value))
    return is_number(value) and isfinite(double(value))


# --- headers (D-26) ---


def extra_headers(headers: dict[str, Value]) -> Headers:
    """Return the headers that a mapping adds: lower-case, in order of their names as they were written.

    Raises Thrown where Segment's code refuses one, and with it the request.
    """
    _check_inner(headers)
    made = _collected(js_json.members(headers))
    return tuple((name.lower(), ", ".join(made[name])) for name in sorted(made))


def header_fault(name: str, value: str) -> str:
    """Return why a header is refused, or ''."""
    if name == "" or _NO_NAME.search(name):
        return "is no name of a header"
    return "has a character that no header may have" if _NO_VALUE.search(value) else ""


def _collected(pairs: Iterator[tuple[Value, Value]]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    spelled: dict[str, str] = {}
    for key, value in pairs:
        name, text = string(key), string(value)
        fault = header_fault(name, text)
        if fault:
            msg = f"the header {name!r} {fault}"
            raise Thrown(msg)
        made.setdefault(spelled.setdefault(name.lower(), name), []).append(text)
    return made


def _check_inner(headers: dict[str, Value]) -> None:
    """Check what Segment's code takes for options with headers of their own: a member named headers."""
    for key, value in js_json.members(headers):
        if isinstance(value, dict) and (key == "headers" or key in OF_EVERY_OBJECT):
            _check_inner(value)
    inner = headers.get("headers")
    if isinstance(inner, list):
        _collected(_pairs(inner))
    elif isinstance(inner, dict):
        _collected(js_json.members(inner))


def _pairs(listed: list[Value]) -> Iterator[tuple[Value, Value]]:
    for pair in listed:
        if not isinstance(pair, list) or len(pair) != 2:
            msg = "a member of headers is a list, but not one of pairs"
            raise Thrown(msg)
    return ((pair[0], pair[1]) for pair in listed)


def wire_headers(extra: Headers, signature: str = "", *, body: bool = True) -> Headers:
    """Return all headers of a request in the order of the wire, without Content-Length (W-23, D-26).

    `signature` is that of the body, '' where there is none. A mapping may replace any of them but
    Content-Type, and takes one away by the value "undefined".
    """
    made = {"user-agent": "Segment (Actions)"} | ({"x-signature": signature} if signature else {})
    for name, value in extra:
        if value == "undefined":
            made.pop(name, None)
        else:
            made[name] = value
    if body:
        made["content-type"] = "application/json"
    made.setdefault("accept", "*/*")
    made.setdefault("user-agent", "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)")
    made.setdefault("accept-encoding", "gzip,deflate")
    made.pop("content-length", None)
    return tuple(js_json.members(made))

"""Read calls and captured requests out of NDJSON, a JSON array, or one indented JSON value."""

import base64
import json
import re
from collections.abc import Iterator
from itertools import repeat
from typing import NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.headers import header, header_pairs
from segment_pendo.words import Json, JsonObject, SdkRequest

__all__ = ["Item", "items"]


_BETWEEN = re.compile(r"[\s,]*")


class Item(NamedTuple):
    """One value of the input: a request, a bare call (`request` is None), or an error."""

    line: int
    request: SdkRequest | None = None
    call: JsonObject | None = None
    ordinary: bool = False
    error: tuple[str, str] | None = None


def items(data: bytes) -> Iterator[Item]:
    """Yield every value with the line where it starts.

    Never raises: what cannot be read becomes an item with an error.
    """
    whole = data.strip()
    if not whole.removeprefix(b"\xef\xbb\xbf"):
        return
    lines = data.split(b"\n")
    first = next(index for index, line in enumerate(lines) if line.strip())
    if _stands_alone(lines[first]):
        yield from _lines(lines)
        return
    # The first line is not JSON by itself: an indented value or array, or damage.
    try:
        parsed = js_json.read(whole)
    except (ValueError, RecursionError) as error:
        if sum(1 for line in lines if line.strip()) > 1 and any(_stands_alone(line) for line in lines):
            yield from _lines(lines)
        else:
            yield Item(first + 1, error=_unreadable(error))
        return
    yield from _spread(parsed, first + 1, data)


def _stands_alone(line: bytes) -> bool:
    try:
        js_json.read(line.strip())
    except (ValueError, RecursionError):
        return False
    return True


def _lines(lines: list[bytes]) -> Iterator[Item]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            parsed = js_json.read(line)
        except (ValueError, RecursionError) as error:
            yield Item(number, error=_unreadable(error))
            continue
        yield from _spread(parsed, number, line)


def _spread(parsed: js_json.Parsed, line: int, text: bytes) -> Iterator[Item]:
    if not isinstance(parsed.value, list):
        yield _item(parsed.value, line, ordinary=parsed.ordinary)
        return
    starts = _starts(text.decode("utf-8", "replace")) if b"\n" in text.strip() else repeat(line)
    for value, start in zip(parsed.value, starts, strict=False):
        yield _item(value, start, ordinary=parsed.ordinary)


def _starts(text: str) -> Iterator[int]:
    """Yield the line on which each member of a JSON array starts; the text must be valid JSON."""
    decoder = json.JSONDecoder()
    line, counted = 1, 0
    position = _past_blanks(text, text.index("[") + 1)
    while text[position] != "]":
        line += text.count("\n", counted, position)
        counted = position
        yield line
        _, position = decoder.raw_decode(text, position)
        position = _past_blanks(text, position)


def _past_blanks(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    return match.end() if match else position


def _item(value: Json, line: int, *, ordinary: bool) -> Item:
    if not isinstance(value, dict):
        return Item(
            line,
            error=(
                "not_an_object",
                "This value is not a JSON object; expected a call or a captured request.",
            ),
        )
    if "method" in value and "path" in value:
        return _captured(value, line)
    return Item(line, call=value, ordinary=ordinary)


def _captured(value: JsonObject, line: int) -> Item:
    method, path, query = value["method"], value["path"], value.get("query") or ""
    pairs, encoded = value.get("headers") or [], value.get("body_b64") or ""
    if not (
        isinstance(method, str)
        and isinstance(path, str)
        and isinstance(query, str)
        and isinstance(encoded, str)
    ):
        return Item(
            line,
            error=("bad_capture", "method, path, query and body_b64 of a captured request must be strings."),
        )
    try:
        body = base64.b64decode(encoded, validate=True)
        headers = header_pairs(pairs)
    except ValueError:  # binascii.Error is one
        return Item(
            line, error=("bad_capture", "body_b64 must be base64, and headers a list of [name, value] pairs.")
        )
    return Item(line, request=SdkRequest(method.upper(), path, query, headers, body, header(headers, "host")))


def _unreadable(error: ValueError | RecursionError) -> tuple[str, str]:
    if isinstance(error, RecursionError):
        return "too_deep", "The JSON nests too deeply to be read."
    return "bad_json", f"This is not JSON: {js_json.why(error)}."

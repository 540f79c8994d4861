"""Read calls and captured requests out of NDJSON, a JSON array, or one indented JSON value."""

import base64
import io
import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.headers import header, header_pairs
from segment_pendo.recordings.reading.parts import LONGEST_LINE
from segment_pendo.words import Json, JsonObject, SdkRequest

__all__ = ["Item", "items", "items_of", "may_go_on"]


_BETWEEN = re.compile(r"[\s,]*")
_BOM: Final = b"\xef\xbb\xbf"
# An indented value is looked at when it has so many bytes, and again when it has so many times as many.
_FIRST_LOOK: Final = 1 << 20
_LOOK: Final = 8
_MOST_WRONG: Final = 1000  # damaged lines before the first good one that are told one by one
_TOO_LARGE: Final = (
    f"This indented value has more than {LONGEST_LINE >> 20} MiB, and would be held whole; write one call a "
    "line, of which there may be any number."
)

type _Numbered = tuple[int, bytes]


class Item(NamedTuple):
    """One value of the input: a request, a bare call (`request` is None), or an error."""

    line: int
    request: SdkRequest | None = None
    call: JsonObject | None = None
    ordinary: bool = False
    error: tuple[str, str] | None = None


def items(data: bytes) -> Iterator[Item]:
    """Yield every value of a text, as `items_of` does."""
    return items_of(io.BytesIO(data))


def items_of(lines: Iterable[bytes]) -> Iterator[Item]:
    """Yield every value with the line where it starts, as soon as that line is there.

    One indented value or array is held whole, up to LONGEST_LINE bytes. Never raises for what cannot be read:
    that becomes an item with an error.
    """
    numbered = enumerate(lines, start=1)
    for number, line in numbered:
        if line.strip():
            first = [(number, line)]
            is_value = _error(line.strip()) is None
            yield from _lines(chain(first, numbered)) if is_value else _indented(first, numbered)
            return


def _error(text: bytes) -> ValueError | RecursionError | None:
    """Return why a text is not JSON, or None if it is."""
    try:
        js_json.read(text)
    except (ValueError, RecursionError) as error:
        return error
    return None


def _lines(numbered: Iterable[_Numbered]) -> Iterator[Item]:
    for number, line in numbered:
        if line.strip():
            yield from _line(number, line.removesuffix(b"\n"))


def _line(number: int, line: bytes) -> Iterator[Item]:
    try:
        parsed = js_json.read(line)
    except (ValueError, RecursionError) as error:
        yield Item(number, error=_unreadable(error))
        return
    yield from _spread(parsed, number, line)


def _indented(held: list[_Numbered], numbered: Iterator[_Numbered]) -> Iterator[Item]:
    """Yield the items of an input whose first line is no JSON by itself: an indented value, or damage."""
    start, size, looked = held[0][0], 0, 0
    for number, line in chain([*held], numbered):
        held += [(number, line)] if size else []
        size += len(line)
        if size > LONGEST_LINE:
            yield Item(start, error=("too_large", _TOO_LARGE))
            return
        if size > looked:
            looked = max(_LOOK * size, _FIRST_LOOK)
            error = _certain_error(_joined(held).lstrip())
            if error is not None:
                yield from _damaged(held, numbered, error)
                return
    text = _joined(held)
    if not text.strip().removeprefix(_BOM):
        return
    try:
        parsed = js_json.read(text.strip())
    except (ValueError, RecursionError) as error:
        yield from _damaged(held, numbered, error)
        return
    yield from _spread(parsed, start, text)


def _joined(held: list[_Numbered]) -> bytes:
    return b"".join(line for _, line in held)


def _certain_error(text: bytes) -> ValueError | RecursionError | None:
    """Return why no lines after these can make them one JSON value, or None if some can."""
    error = _error(text)
    if isinstance(error, ValueError):
        # No token goes on in the next line, so only an error at the very end may be mended there.
        end = len(text.removeprefix(_BOM).decode("utf-8", "replace").rstrip(" \t\r\n"))
        return error if getattr(error, "pos", 0) < end else None
    return error


def may_go_on(text: bytes) -> bool:
    """Whether a text is the beginning of a JSON value that goes on in the next line."""
    return _error(text) is not None and _certain_error(text) is None


def _damaged(
    held: list[_Numbered], numbered: Iterator[_Numbered], error: ValueError | RecursionError
) -> Iterator[Item]:
    """Yield the items of lines whose first is damaged; one error where none of them is JSON."""
    wrong: list[Item] = []
    count = 0
    rest = chain(held, numbered)
    for number, line in rest:
        if not line.strip():
            continue
        if _error(line.strip()) is None:
            yield from wrong
            if count > len(wrong):
                message = f"{count - len(wrong)} lines up to here are not JSON."
                yield Item(number - 1, error=("bad_json", message))
            yield from _lines(chain([(number, line)], rest))
            return
        count += 1
        wrong += _line(number, line.removesuffix(b"\n")) if count <= _MOST_WRONG else ()
    alone = _error(held[0][1].strip()) if count == 1 else None
    yield Item(held[0][0], error=_unreadable(alone or error))


def _spread(parsed: js_json.Parsed, line: int, text: bytes) -> Iterator[Item]:
    if not isinstance(parsed.value, list):
        yield _item(parsed.value, line, ordinary=parsed.ordinary)
        return
    starts = _starts(text.decode("utf-8", "replace"), line) if b"\n" in text.strip() else repeat(line)
    for value, start in zip(parsed.value, starts, strict=False):
        yield _item(value, start, ordinary=parsed.ordinary)


def _starts(text: str, line: int) -> Iterator[int]:
    """Yield the line on which each member of a JSON array starts, which itself starts on `line`.

    The text must be valid JSON.
    """
    decoder = json.JSONDecoder()
    counted = 0
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

"""Find what looks like a secret or a person: keys, tokens, e-mail and IP addresses, phone and card numbers.

Addresses and numbers that are reserved for examples are not reported. Names of people have no shape, so they
cannot be found.
"""

import base64
import binascii
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.steps import Steps, finished
from segment_pendo.recordings.redaction.key_names import is_secret
from segment_pendo.recordings.redaction.shapes import SHAPES, is_random
from segment_pendo.words import Json

__all__ = ["PARAMETER", "STAND_IN", "Suspect", "suspects", "without_secrets", "without_secrets_in_steps"]


class Suspect(NamedTuple):
    """Something that looks like a secret or a person.

    `what` it looks like, `at` which character of the text (counted from 1), and as much of it as finds it
    again.
    """

    what: str
    at: int
    shown: str


# What stands for a value that is not there.
_NO_VALUE = re.compile(
    r"REDACTED|SECRET|<.*>|\$?\{.*\}|[*x.•-]+|none|null|undefined|true|false|string|text|your.*|s3cret",
    re.IGNORECASE,
)
# A text under its key, also where JSON stands in a JSON text; a parameter of a query.
_MEMBER = re.compile(r'"([\w .-]{1,60})\\*"\s*:\s*\\*"([^"\\]{1,200})')
PARAMETER: Final = re.compile(r"(?<=[?&;])([\w.\[\]-]{1,40})=([^&#;\"'<>\\]{1,2000})")
_BASIC = re.compile(r"\bBasic ([A-Za-z0-9+/]{8,}={0,2})")
_WRITE_KEY = re.compile(r"[A-Za-z0-9]{32}")


def _masked(text: str) -> str:
    return text[:3] + "…" + text[-3:] if len(text) > 10 else text[:2] + "…"


def suspects(text: str) -> Iterator[Suspect]:
    """Yield what looks like a secret or a person in a line, also in a Basic header or a captured body."""
    by_shape = list(_plain(text))
    yield from by_shape
    for match in _named(text):
        known = any(match.start() < suspect.at <= match.end() for suspect in by_shape)
        if not known and not _NO_VALUE.fullmatch(match[2]):
            yield Suspect(f"secret named {match[1]}", match.start() + 1, _masked(match[2]))
    for match in _BASIC.finditer(text) if "Basic " in text else ():
        user = _decoded(match[1]).decode("utf-8", "replace").partition(":")[0]
        if _WRITE_KEY.fullmatch(user) and is_random(user):
            yield Suspect("write key in a Basic header", match.start() + 1, _masked(user))
    if '"body_b64"' in text:
        for inner in _bodies(text):
            for suspect in _plain(inner):
                yield Suspect(f"{suspect.what} in body_b64", text.index('"body_b64"') + 1, suspect.shown)


STAND_IN: Final = "REDACTED"  # looks like no secret itself
_SECRETS: Final = tuple(shape for shape in SHAPES if shape.is_secret)


def _named(text: str) -> Iterator[re.Match[str]]:
    """Yield the members and parameters of a text whose name is that of a secret."""
    for pattern, sign in ((_MEMBER, '"'), (PARAMETER, "=")):
        if sign in text:
            yield from (match for match in pattern.finditer(text) if is_secret(match[1]))


def without_secrets(text: str) -> str:
    """Return a text in which each value that looks like a secret is replaced, its name left."""
    return finished(without_secrets_in_steps(text))


def without_secrets_in_steps(text: str) -> Steps[str]:
    """Do the same as `without_secrets`, a shape a step."""
    quoted = f'"{text}"'  # as it stands in a line
    for shape in _SECRETS:
        if shape.has_clue(quoted):
            quoted = yield from shape.replaced_in_steps(partial(_blanked, shape.is_suspect), quoted)
            yield None
    return quoted[1:-1]


def _blanked(is_suspect: Callable[[str], bool], match: re.Match[str]) -> str:
    if not is_suspect(match[0]):
        return match[0]
    named = _NAMED.match(match[0])
    return f"{named[1]}{STAND_IN}" if named else STAND_IN


_NAMED: Final = re.compile(r"(.*?(?:[=:]\s*\\*[\"']?|/data/\w+/))[^=:/\s\"']+$", re.DOTALL)


def _plain(text: str) -> Iterator[Suspect]:
    for shape in SHAPES:
        for match in shape.matches(text):
            if shape.is_suspect(match[0]):
                yield Suspect(shape.what, match.start() + 1, _masked(match[0]))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _bodies(line: str) -> Iterator[str]:
    try:
        value: Json = js_json.read(line.encode("utf-8", "surrogatepass")).value
    except (ValueError, RecursionError):
        return
    encoded = value.get("body_b64") if isinstance(value, dict) else None
    body = _decoded(encoded) if isinstance(encoded, str) else b""
    if body.startswith(b"\x1f\x8b"):
        try:
            body = gzip.decompress(body)
        except (OSError, EOFError, zlib.error):
            return
    yield body.decode("utf-8", "replace")

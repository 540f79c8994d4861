"""Find what looks like a secret or a person: keys, tokens, e-mail and IP addresses, phone and card numbers.

Addresses and numbers that are reserved for examples are not reported. Names of people have no shape, so they
cannot be found.
"""

import base64
import binascii
import gzip
import ipaddress
import re
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.recordings.key_names import is_secret
from segment_pendo.words import Json

__all__ = [
    "EMAIL",
    "IPV4",
    "IPV6",
    "MAC",
    "PARAMETER",
    "PHONE",
    "PHONE_OF_AMERICA",
    "PLACE",
    "SSN",
    "STAND_IN",
    "Suspect",
    "is_global",
    "suspects",
    "without_secrets",
]

_EXAMPLE = re.compile(
    r"@(?:[a-z0-9-]+\.)*(?:example(?:\.(?:com|org|net))?|test|invalid|localhost)$", re.IGNORECASE
)
# 555-01xx is for fiction in North America, as are these of other countries' authorities.
_FICTION = re.compile(r"55501\d\d$")
# In a URL, @ stands as %40. A domain ends in letters: logo@2x.png and react@18.2.0 are files and versions.
EMAIL: Final = re.compile(
    r"(?<![\w.+%-])(?!\d+x\.)([\w.+'-]{1,64}?)(@|%40|%2540|&#64;|\uff20)(?!\dx\.)[\w-]{1,63}(?:\.[\w-]{1,63})*\.[^\W\d_]{2,63}(?![\w-])",
    re.IGNORECASE,
)
# A version is none: it stands under such a key, in JSON or in the JSON text of a webhook.
IPV4: Final = re.compile(
    r"(?<![\d.vV])(?<![A-Za-z]/)(?<!(?:ersion|.build)\":\")(?<!(?:ersion|.build)\": \")"
    r"(?<!(?:ersion|.build)\\\":\\\")(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)",
    re.ASCII,
)
IPV6: Final = re.compile(
    r"(?<![0-9A-Fa-f:])(?:(?:[0-9A-Fa-f]{1,4}:){2,7}:?(?:[0-9A-Fa-f]{1,4}:?){0,6}"
    r"|[23][0-9A-Fa-f]{3}::(?:[0-9A-Fa-f]{1,4}:){0,5}[0-9A-Fa-f]{1,4})(?![0-9A-Fa-f:])"
)
PHONE_OF_AMERICA: Final = re.compile(
    r"(?<![\w+.(-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[-.])[2-9]\d\d[-.]\d{4}(?![\w-])", re.ASCII
)
SSN: Final = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\w-])", re.ASCII)
MAC: Final = re.compile(r"(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}(?![0-9A-Fa-f:])")
PLACE: Final = re.compile(
    r"(?<![\w.,\[-])-?\d{1,2}\.\d{4,}, ?-?\d{1,3}\.\d{4,}(?![\w.,\]])", re.ASCII
)  # not two numbers of a list
PHONE: Final = re.compile(r"(?<![\w+.:])\+[1-9][\d ().-]{6,18}\d(?!\w)", re.ASCII)
_EVERYBODYS: Final = {
    "8.8.8.8",
    "8.8.4.4",
    "1.1.1.1",
    "24.5.68.47",
}  # name servers, and the address of Segment's own examples


class Suspect(NamedTuple):
    """Something that looks like a secret or a person.

    `what` it looks like, `at` which character of the text (counted from 1), and as much of it as finds it
    again.
    """

    what: str
    at: int
    shown: str


def _anything(_text: str) -> bool:
    return True


def _has_a_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _is_somebodys_mail(text: str) -> bool:
    return not _EXAMPLE.search(text.replace("%40", "@"))


def is_global(text: str) -> bool:
    """Whether a text is an IP address of the public internet: not private, not reserved for examples."""
    try:
        return ipaddress.ip_address(text).is_global
    except ValueError:
        return False


def _is_public(text: str) -> bool:
    return is_global(text) and text not in _EVERYBODYS


def _is_somebodys_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 8 <= len(digits) <= 15 and len(set(digits)) > 3 and not _FICTION.search(digits)


def _is_card(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    number = "".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])
    return 15 <= len(plain) <= 34 and int(number) % 97 == 1


def _is_random(text: str) -> bool:
    """Whether a text may be a real key: made-up keys repeat themselves or consist of words."""
    value = re.split(r"[=:/\s\"']", text.rstrip("\"'"))[-1]
    return (
        len(set(value.lower())) >= 12
        and any(character.isdigit() for character in value)
        and any(character.isalpha() for character in value)
    )


# One table for what `scan` reports and what redaction replaces. The last column says whether one of this
# shape is reported: examples are not. Shapes of persons get a pseudonym, those of _SECRETS a stand-in.
_PATTERNS: Final[tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...]] = (
    ("e-mail address", EMAIL, _is_somebodys_mail),
    ("IP address", IPV4, _is_public),
    ("IP address", IPV6, _is_public),
    ("phone number", PHONE, _is_somebodys_phone),
    ("phone number", PHONE_OF_AMERICA, _is_somebodys_phone),
    ("social security number", SSN, _anything),
    ("address of a device", MAC, _anything),
    ("place", PLACE, _anything),
    (
        "card number",
        re.compile(
            r"(?<![\w.-])(?:[3-6]\d{3}([ -]?)\d{4}\1\d{4}\1\d{4}|3[47]\d{13}|3[47]\d\d[ -]\d{6}[ -]\d{5})"
            r"(?![\w-]|\.\d)",
            re.ASCII,
        ),
        _is_card,
    ),
    (
        "bank account",
        re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", re.ASCII),
        _is_iban,
    ),
    (
        "private key",
        re.compile(
            r"-----BEGIN(?: |\+|%20)(?:[A-Z]+(?: |\+|%20))*PRIVATE(?: |\+|%20)KEY-----"
            r"(?:[^-]*-----END[A-Z %20+]*KEY-----|[^\"-]*)"
        ),
        _anything,
    ),
    (
        "token",
        re.compile(  # also behind %22 or an escaped line break
            r"(?:(?<![A-Za-z0-9_-])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt]))"
            r"eyJ[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*){2,4}"
        ),
        _anything,
    ),
    (
        "token",
        re.compile(
            r"(?<![A-Za-z0-9_])(?:[srp]k_(?:live|test)_\w{16,}|whsec_\w{16,}|gh[pousr]_\w{30,}|github_pat_\w{20,}"
            r"|glpat-[\w-]{20}|xox[abprs]-[\w-]{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}"
            r"|SG\.[\w-]{16,}\.[\w-]{16,}|npm_\w{30,}|pypi-[\w-]{30,}|shp(?:at|ss)_[0-9a-f]{32}|dop_v1_[0-9a-f]{64}"
            r"|sk-(?:ant-|proj-)?[\w-]{20,})",
            re.ASCII,
        ),
        _anything,
    ),
    ("token", re.compile(r"(?<=hooks\.slack\.com/services/)[\w/]{20,}", re.ASCII), _anything),
    ("token", re.compile(r"(?<=Bearer )[A-Za-z0-9._~+/-]{16,}=*"), _has_a_digit),
    ("password in a URL", re.compile(r"(?<=://)[^\s/:@\"']{1,64}:[^\s/:@\"']{4,64}(?=@)"), _anything),
    (
        "Pendo key",
        re.compile(r"/data/\w+/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE),
        _is_random,
    ),
    (
        "write key",
        re.compile(r"write_?key\\*[\"']?\s*[:=]\s*\\*[\"']?[A-Za-z0-9]{24,}", re.IGNORECASE),
        _is_random,
    ),
    (
        "secret",
        re.compile(
            r"(?:passw(?:or)?d|secret|api_?key|(?:access|auth|refresh|id|reset|session)_?token|[?&;](?:token|sig|(?:x-amz-)?signature)"
            r"|cookie|\bsid|(?:access|secret)_key)\\*[\"']?\s*[:=]\s*\\*[\"']?[^\s\"'\\&;]{12,}",
            re.IGNORECASE,
        ),
        _is_random,
    ),
)
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
    for pattern in (_MEMBER, PARAMETER):
        for match in pattern.finditer(text):
            known = any(match.start() < suspect.at <= match.end() for suspect in by_shape)
            if is_secret(match[1]) and not known and not _NO_VALUE.fullmatch(match[2]):
                yield Suspect(f"secret named {match[1]}", match.start() + 1, _masked(match[2]))
    for match in _BASIC.finditer(text):
        user = _decoded(match[1]).decode("utf-8", "replace").partition(":")[0]
        if _WRITE_KEY.fullmatch(user) and _is_random(user):
            yield Suspect("write key in a Basic header", match.start() + 1, _masked(user))
    if '"body_b64"' in text:
        for inner in _bodies(text):
            for suspect in _plain(inner):
                yield Suspect(f"{suspect.what} in body_b64", text.index('"body_b64"') + 1, suspect.shown)


# Kinds that pseudonyms do not know: whoever they belong to, the value itself must go.
_SECRETS: Final = frozenset(
    {
        "card number",
        "bank account",
        "private key",
        "token",
        "Pendo key",
        "write key",
        "secret",
        "password in a URL",
    }
)
STAND_IN: Final = "REDACTED"  # looks like no secret itself


def without_secrets(text: str) -> str:
    """Return a text in which each value that looks like a secret is replaced, its name left."""
    quoted = f'"{text}"'  # as it stands in a line
    for what, pattern, is_suspect in _PATTERNS:
        if what in _SECRETS:
            quoted = pattern.sub(partial(_blanked, is_suspect), quoted)
    return quoted[1:-1]


def _blanked(is_suspect: Callable[[str], bool], match: re.Match[str]) -> str:
    if not is_suspect(match[0]):
        return match[0]
    named = _NAMED.match(match[0])
    return f"{named[1]}{STAND_IN}" if named else STAND_IN


_NAMED: Final = re.compile(r"(.*?(?:[=:]\s*\\*[\"']?|/data/\w+/))[^=:/\s\"']+$", re.DOTALL)


def _plain(text: str) -> Iterator[Suspect]:
    for what, pattern, is_suspect in _PATTERNS:
        for match in pattern.finditer(text):
            if is_suspect(match[0]):
                yield Suspect(what, match.start() + 1, _masked(match[0]))


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

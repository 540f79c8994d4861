"""Replace the data of persons by made-up data of the same shape, the same for the same value and key.

So a redacted recording still joins, can be replayed and shows the same findings. These are pseudonyms, not
encryption: who has the key can try values out, and find those with few possibilities (a first name, a postal
code).
"""

import hmac
import ipaddress
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from itertools import count
from typing import Final, Literal
from urllib.parse import parse_qsl, quote, quote_plus, unquote_plus, urlencode

from segment_pendo.base.bounded import Made
from segment_pendo.base.steps import Steps, finished
from segment_pendo.pendo.ids import ANONYMOUS_PREFIX, PLACEHOLDERS, SUSPICIOUS
from segment_pendo.recordings.redaction.key_names import PERSONAL, is_personal, is_secret
from segment_pendo.recordings.redaction.scan import (
    PARAMETER,
    STAND_IN,
    without_secrets,
    without_secrets_in_steps,
)
from segment_pendo.recordings.redaction.shapes import (
    EMAIL,
    IPV4,
    IPV6,
    MAC,
    PHONE,
    PHONE_OF_AMERICA,
    PLACE,
    SSN,
    Shape,
    is_global,
)
from segment_pendo.segment.members import ACCOUNT_IDS, PERSON_IDS
from segment_pendo.words import Json, JsonObject, SdkRequest

__all__ = ["PERSONAL", "People", "Rules"]

type Ids = Literal["keep", "users", "all"]

_SHORTEST_SECRET: Final = 12
_SMALLEST_CARD: Final = 10**14  # of 15 digits; no other secret is a number
_SIGN = re.compile("[@%&\uff20.:+-]")  # each of these shapes has one, and most keys have none
_ENCODED_AT = re.compile("%40|%2540|&#64;|\uff20", re.IGNORECASE)
_LONG: Final = 20_000  # characters of a text that is worth steps of its own
_MANY: Final = 10_000  # values that are looked at in a step
_SHORTEST_CODE: Final = 16  # of OAuth; shorter ones are of countries and coupons
# appVersion, app_version, version; not conversion.
_VERSION = re.compile(r"version|.*(?:[a-z0-9]V|[_-]v)ersion")
# What a context holds that has a name of its own.
_THINGS: Final = frozenset({"app", "os", "campaign", "library", "network"})
# Where a state is a part of a country: beside one of these.
_BESIDE_A_STATE: Final = frozenset({"city", "zip", "zipcode", "postalcode", "street", "country"})
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?=$|[T ])", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)
_UUID = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)
_MEANINGS: Final = SUSPICIOUS | {"true", "false"}
_PART: Final = 1000
_RULES: Final = 2  # of what is replaced: pseudonyms of other rules do not go together
_LETTERS: Final = bytes(97 + number % 26 for number in range(256))
_VOWELS: Final = "aeiou"
_CONSONANTS: Final = "bcdfghjklmnpqrstvwxz"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is replaced.

    `ids`: which ids: none ("keep"), those of users and devices ("users"), or those of accounts too ("all");
    an id that is an e-mail address is always replaced. `replace` and `keep`: keys that are personal, or not,
    besides the known ones. `allow_list`: every text is replaced except those under `keep`.
    """

    ids: Ids = "keep"
    replace: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    allow_list: bool = False

    def personal(self, key: str) -> bool:
        """Whether what stands under this key is about a person."""
        return key not in self.keep and (is_personal(key) or key in self.replace)

    def replaces_id(self, key: str) -> bool:
        """Whether the id under this key is replaced."""
        return self.ids == "all" or (self.ids == "users" and key in PERSON_IDS)


@cache
def _somebodys() -> re.Pattern[str]:
    """Return a pattern of all shapes of persons: what is found by it must be what `inside` replaces."""
    shapes = (EMAIL, IPV4, IPV6, MAC, PHONE, PHONE_OF_AMERICA, SSN, PLACE)
    each = (shape.source if shape is EMAIL else f"(?a:{shape.source})" for shape in shapes)
    return re.compile("|".join(each), re.IGNORECASE)  # each with its own digits


def _blank(value: Json) -> Json:
    """Return a secret without what it says; its shape stays where it has parts."""
    if isinstance(value, dict):
        return {key: _blank(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_blank(inner) for inner in value]
    is_said = value and isinstance(value, str | int | float) and not isinstance(value, bool)
    return STAND_IN if is_said else value


class People:
    """Replaces what is personal in calls. `key` decides the pseudonyms."""

    def __init__(self, key: bytes, rules: Rules | None = None) -> None:
        self._key = key
        self._rules = rules or Rules()
        # Keys, versions and what is known of a person come with every call; each is worked out once.
        self._insides, self._texts = Made(self._inside), Made(self._text)
        self._long: dict[str, str] = {}  # what is inside the long texts of one request
        self._emails = Made[tuple[str, str], str](lambda found: self._email(*found))
        self._shapes: tuple[tuple[Shape, Callable[[re.Match[str]], str]], ...] = (
            (EMAIL, lambda match: self._emails[match[0], match[2]]),
            (IPV4, lambda match: self._ipv4(match[0])),
            (PHONE, lambda match: self._phone(match[0])),
            (MAC, lambda match: self._mac(match[0])),
            (IPV6, lambda match: self._ipv6(match[0])),
            *((shape, lambda match: self._shaped(match[0])) for shape in (PHONE_OF_AMERICA, SSN, PLACE)),
        )

    @property
    def fingerprint(self) -> str:
        """Return a text that differs for other keys and rules, and does not reveal the key."""
        rules = self._rules
        lists = f"{sorted(rules.replace)} {sorted(rules.keep)} {rules.allow_list}"
        said = f"fingerprint {_RULES} {rules.ids} {lists}"
        return hmac.digest(self._key, said.encode(), "sha256").hex()[:12]

    # --- where ---

    def call(self, call: Json) -> Json:
        """Return a call (or an envelope, or a webhook's event) without what is personal."""
        if not isinstance(call, dict):
            return self.within(call)
        cleaned: JsonObject = {}
        for key, value in call.items():
            if key in PERSON_IDS or key in ACCOUNT_IDS:
                cleaned[key] = self.value(value) if self._rules.replaces_id(key) else self.within(value)
            elif key == "context" and isinstance(value, dict):
                cleaned[key] = self._context(value)
            elif key in {"traits", "properties", "context"}:
                cleaned[key] = self._walk(value, everything=self._rules.allow_list)
            elif key != "name" and self._rules.personal(key):  # the name of a page or screen is nobody's
                cleaned[key] = self._all(value)
            else:
                cleaned[self.inside(key)] = self.within(value)
        return cleaned

    def _context(self, context: JsonObject) -> JsonObject:
        """Return a context; its apps, systems and campaigns have names that are nobody's."""
        cleaned: JsonObject = {}
        for key, value in context.items():
            if key in _THINGS and isinstance(value, dict):
                cleaned[key] = self._thing(value, everything=self._rules.allow_list and key != "library")
            else:
                cleaned[self.inside(key)] = self._member(key, value, everything=self._rules.allow_list)
        return cleaned

    def _thing(self, thing: JsonObject, *, everything: bool) -> JsonObject:
        cleaned: JsonObject = {}
        for key, value in thing.items():
            is_its_own = key in {"name", "version", "build"} and isinstance(value, str) and "@" not in value
            keeps = is_its_own and not everything
            cleaned[self.inside(key)] = value if keeps else self._member(key, value, everything=everything)
        return cleaned

    def within(self, value: Json) -> Json:
        """Return any other value without what is personal by its key or its shape."""
        return self._walk(value, everything=False)

    def request(self, request: SdkRequest) -> SdkRequest:
        """Return a request without what is personal in its path, query and headers; its body stays."""
        pairs = parse_qsl(request.query, keep_blank_values=True, errors="replace")
        clean = [
            (self.inside(key), self.text(value) if self._rules.personal(key) else self.inside(value))
            for key, value in pairs
        ]
        headers = tuple((name, self.inside(value)) for name, value in request.headers)
        return replace(
            request, path=self.inside(request.path), query=urlencode(clean, errors="replace"), headers=headers
        )

    def _walk(self, value: Json, *, everything: bool) -> Json:
        # Recurses once for each level; js_json.MAX_DEPTH keeps that far from the end of the stack.
        if isinstance(value, dict):
            placed = "state" in value and not _BESIDE_A_STATE.isdisjoint(map(str.lower, value))
            return {
                self.inside(key): self._all(inner)
                if placed and key == "state"
                else self._member(key, inner, everything=everything)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._walk(inner, everything=everything) for inner in value]
        if isinstance(value, str):
            return self.text(value) if everything else self.inside(value)
        if isinstance(value, int) and value >= _SMALLEST_CARD and without_secrets(str(value)) == STAND_IN:
            return STAND_IN
        return value

    def _member(self, key: str, value: Json, *, everything: bool) -> Json:
        is_version = isinstance(value, str) and _VERSION.fullmatch(key) and "@" not in value
        if key in self._rules.keep or is_version:
            return value
        if is_secret(key):
            return _blank(value)
        # Ids stand in traits, context and properties as well.
        if key in PERSON_IDS or key in ACCOUNT_IDS or key == "id":
            return self.value(value) if everything or self._rules.replaces_id(key) else self.within(value)
        return self._all(value) if self._rules.personal(key) else self._walk(value, everything=everything)

    def _all(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {
                self.inside(key): inner if key in self._rules.keep else self._all(inner)
                for key, inner in value.items()
            }
        return [self._all(inner) for inner in value] if isinstance(value, list) else self.value(value)

    # --- what ---

    def value(self, value: Json) -> Json:
        """Return the pseudonym of a text or number; any other value stays."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        spelled = repr(int(value)) if isinstance(value, int) else repr(float(value))
        if "n" in spelled:  # infinite, as 1e400 is read
            return value
        mantissa, letter, exponent = spelled.partition("e")
        pseudonym = self._shaped(mantissa) + letter + exponent
        return int(pseudonym) if isinstance(value, int) else float(pseudonym)

    def inside(self, text: str) -> str:
        """Replace what has the shape of a person's address or number, or of a secret, anywhere in a text."""
        known = self._long.get(text) if len(text) > _LONG else None
        return self._insides[text] if known is None else known

    def prepared(self, value: Json) -> Steps[None]:
        """Work out in steps what is `inside` the long texts of a value, which will be asked for next."""
        self._long.clear()
        left = [value]
        for number in count(1):
            if not left:
                return
            if number % _MANY == 0:
                yield None
            inner = left.pop()
            if isinstance(inner, dict | list):
                left += inner.values() if isinstance(inner, dict) else inner
            elif isinstance(inner, str) and len(inner) > _LONG:
                self._long[inner] = yield from self._inside_in_steps(inner)

    def _inside(self, text: str) -> str:
        return finished(self._inside_in_steps(text))

    def _inside_in_steps(self, text: str) -> Steps[str]:
        if len(text) >= _SHORTEST_SECRET:
            text = yield from without_secrets_in_steps(text)
        if "=" in text:
            text = PARAMETER.sub(self._parameter, text)
        if not _SIGN.search(text):
            return text
        for shape, make in self._shapes:
            if shape.has_clue(text):
                text = yield from shape.replaced_in_steps(make, text)
                yield None
        return text

    def _parameter(self, match: re.Match[str]) -> str:
        name, value = match[1], match[2]
        if is_secret(name) or (name == "code" and len(value) >= _SHORTEST_CODE):
            return f"{name}={STAND_IN}"
        plain = unquote_plus(value)
        if not self._rules.personal(name) or _somebodys().search(plain):  # what has a shape is replaced by it
            return match[0]
        encode = quote_plus if "+" in value else quote
        return f"{name}={encode(self.text(plain), errors='replace')}"

    def _mac(self, address: str) -> str:
        new = self._digest("mac", address.lower())[:5].hex(":")
        return f"02:{new.upper() if address != address.lower() else new}"  # 02: nobody's, made locally

    def text(self, text: str) -> str:
        """Return the pseudonym of a whole text, of the same shape."""
        return self._texts[text]

    def _text(self, text: str) -> str:
        if text.strip().lower() in _MEANINGS or text in PLACEHOLDERS.values():
            return text  # it stands for no person, and a finding reports it
        pieces, at = [], 0
        for match in _somebodys().finditer(text):
            pieces += [self._plain(text[at : match.start()]), self.inside(match[0])]
            at = match.end()
        return "".join([*pieces, self._plain(text[at:])])

    def _plain(self, text: str) -> str:
        if text.startswith(ANONYMOUS_PREFIX):
            return ANONYMOUS_PREFIX + self.text(text.removeprefix(ANONYMOUS_PREFIX))
        match = _UUID.fullmatch(text)
        if match:
            return self._uuid(text, match[1], match[2])
        day = _DATE.match(text)
        return self._date(text, day) if day else self._shaped(text)

    def _date(self, text: str, match: re.Match[str]) -> str:
        """Return another day within ten years, at the same time of day."""
        days = int.from_bytes(self._digest("date", match[0])[:4]) % 7300 - 3650
        try:
            moved = date(int(match[1]), int(match[2]), int(match[3])) + timedelta(days=days or 1)
        except (ValueError, OverflowError):
            return self._shaped(text)
        return moved.isoformat() + text[match.end() :]

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), "sha256")

    def _email(self, address: str, at: str) -> str:
        # The letters come from its small letters, their case from its spelling: spellings that differ in case
        # still do.
        address = _ENCODED_AT.sub("@", address)  # the same person, however the address stands there
        folded = self._digest("email", address.casefold())
        name = "p" + folded[:11].translate(_LETTERS).decode()
        if address != address.casefold():
            exact = self._digest("case", address)
            name = "P" + "".join(
                letter.upper() if number % 2 else letter
                for letter, number in zip(name[1:], exact, strict=False)
            )
        return f"{name}{at}example.com"

    def _phone(self, number: str) -> str:
        """Return a number that North America reserves for fiction; it differs from person to person."""
        digest = int.from_bytes(self._digest("phone", re.sub(r"\D", "", number))[:6])
        return f"+1-{200 + digest % 700}-555-01{digest // 700 % 100:02d}"

    def _ipv4(self, address: str) -> str:
        if not is_global(address):
            return address
        number = int.from_bytes(self._digest("ip", address)[:4]) % 0x20000
        return str(ipaddress.IPv4Address(0xC6120000 + number))  # 198.18.0.0/15

    def _ipv6(self, text: str) -> str:
        if not is_global(text):
            return text
        return str(ipaddress.IPv6Address((0x20010DB8 << 96) + int.from_bytes(self._digest("ip", text)[:12])))

    def _uuid(self, text: str, version: str, variant: str) -> str:
        new = str(uuid.UUID(bytes=self._digest("uuid", text.lower())[:16]))
        new = f"{new[:14]}{version.lower()}{new[15:19]}{variant.lower()}{new[20:]}"
        return new.upper() if text != text.lower() else new

    def _shaped(self, text: str) -> str:
        """Replace letters by letters and digits by digits; case, length (also in bytes) and the rest stay.

        Of texts that differ only in their digits, no two become the same: u-1 to u-29 stay 29 ids.
        """
        skeleton = _DIGITS.sub(lambda match: f"#{len(match[0])}#", text.casefold())
        digits = "".join(_DIGITS.findall(text))
        new_digits = iter(self._exchanged(digits, skeleton))
        stream = self._stream(skeleton)
        return "".join(
            next(new_digits) if "0" <= character <= "9" else self._character(character, stream)
            for character in text
        )

    def _exchanged(self, digits: str, tweak: str) -> str:
        """Replace digits one to one: no two numbers become the same.

        A Feistel network, walked on until a number that began without 0 does so again.
        """
        if not digits:
            return digits
        new = digits
        while True:
            new = self._rounds(new, tweak)
            # A single 0 begins nothing: walking on would make two numbers the same.
            if len(digits) == 1 or (new[0] == "0") == (digits[0] == "0"):
                return new

    def _rounds(self, digits: str, tweak: str) -> str:
        if len(digits) == 1:
            order = sorted("0123456789", key=lambda digit: self._digest("digit", f"{tweak}{digit}"))
            return order[int(digits)]
        half = len(digits) // 2
        left, right = digits[:half], digits[half:]
        for number in range(8):
            if number % 2:
                right = self._added(right, f"{tweak}|{number}|{left}")
            else:
                left = self._added(left, f"{tweak}|{number}|{right}")
        return left + right

    def _added(self, digits: str, salt: str) -> str:
        # In parts, as Python's int refuses very many digits; each part is one to one, so all of them are.
        parts = [digits[at : at + _PART] for at in range(0, len(digits), _PART)]
        return "".join(self._sum(part, f"{salt}|{n}" if n else salt) for n, part in enumerate(parts))

    def _sum(self, digits: str, salt: str) -> str:
        size = len(digits)
        more = int.from_bytes(self._digest("round", f"{size}|{salt}") * (1 + size // 70))
        return str((int(digits) + more) % 10**size).zfill(size)

    def _stream(self, text: str) -> Iterator[int]:
        number = 0
        while True:
            yield from self._digest(f"shape{number}", text)
            number += 1

    @staticmethod
    def _character(character: str, stream: Iterator[int]) -> str:
        number = next(stream)
        if character.isdecimal():  # the digits of another script
            return chr(ord(character) - int(character) + number % 10)
        if not character.isalpha() or len(character.encode("utf-8", "surrogatepass")) > 3:
            return character
        if not character.isascii():
            return chr(0xE0 + number % 0x16) if character < "\u0800" else chr(0x4E00 + number)
        letters = _VOWELS if character.lower() in _VOWELS else _CONSONANTS
        letter = letters[number % len(letters)]
        return letter.upper() if character.isupper() else letter

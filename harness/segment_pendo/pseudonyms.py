"""Pseudonyms: a person's data replaced by made-up data of the same shape, always the same for the same value and key.

So a redacted recording joins, replays and shows the same findings. It is a pseudonym and no encryption: who has the key can try out values,
and of those with few possibilities (a first name, a postal code) find the right one.
"""

import hashlib
import hmac
import ipaddress
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from segment_pendo.pendo.ids import ANONYMOUS_PREFIX, PLACEHOLDERS, SUSPICIOUS
from segment_pendo.words import Json, JsonObject

__all__ = ["PERSONAL", "People", "Rules"]

type Ids = Literal["keep", "users", "all"]

# Names of traits and context keys that hold something about a person, as letters and digits in lower case.
PERSONAL: Final = frozenset(
    {
        "email", "emailaddress", "mail", "phone", "phonenumber", "mobile", "telephone", "fax", "name", "firstname", "lastname", "fullname",
        "middlename", "nickname", "username", "displayname", "address", "street", "streetaddress", "address1", "address2", "city", "state",
        "postalcode", "zip", "zipcode", "birthday", "birthdate", "dateofbirth", "dob", "age", "gender", "avatar", "ip", "ipaddress",
        "latitude", "longitude", "ssn", "taxid", "idfa", "idfv", "advertisingid", "deviceid",
    }
)  # fmt: skip
_USER_IDS: Final = frozenset({"userId", "anonymousId", "previousId"})
_ACCOUNT_IDS: Final = frozenset({"groupId"})
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]")
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_IPV4 = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?!\d|\.\d)", re.ASCII)
_PHONE = re.compile(r"(?<![\w+.:])\+[1-9][\d ().-]{6,18}\d(?!\w)", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE)
_VOWELS: Final = "aeiou"
_CONSONANTS: Final = "bcdfghjklmnpqrstvwxz"


@dataclass(frozen=True, slots=True)
class Rules:
    """What is replaced. `ids`: none, those of users and devices, or those of accounts too; ids that are e-mail addresses always are.

    `replace` and `keep` name further keys. `allow_list`: every text is replaced but those under `keep`.
    """

    ids: Ids = "keep"
    replace: frozenset[str] = frozenset()
    keep: frozenset[str] = frozenset()
    allow_list: bool = False

    def personal(self, key: str) -> bool:
        name = _NOT_IN_NAMES.sub("", key.lower())
        return key not in self.keep and (name in PERSONAL or key in self.replace)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class People:
    """Replaces what is personal in calls. `key` decides the pseudonyms."""

    def __init__(self, key: bytes, rules: Rules | None = None) -> None:
        self._key = key
        self._rules = rules or Rules()

    @property
    def fingerprint(self) -> str:
        """Tells keys apart without telling the key."""
        return hmac.new(self._key, b"fingerprint", hashlib.sha256).hexdigest()[:12]

    # --- where ---

    def call(self, call: Json) -> Json:
        """A call (or an envelope, or a webhook's event) without what is personal."""
        if not isinstance(call, dict):
            return self._walk(call, everything=False)
        cleaned: JsonObject = {}
        for key, value in call.items():
            if key in _USER_IDS or key in _ACCOUNT_IDS:
                wanted = self._rules.ids == "all" or (self._rules.ids == "users" and key in _USER_IDS)
                cleaned[key] = self.value(value) if wanted else self._walk(value, everything=False)
            elif key in {"traits", "properties", "context"}:
                cleaned[key] = self._walk(value, everything=self._rules.allow_list)
            else:
                cleaned[key] = self._walk(value, everything=False)
        return cleaned

    def _walk(self, value: Json, *, everything: bool) -> Json:
        """It calls itself once for each level; js_json.MAX_DEPTH keeps that far from the stack's end."""
        if isinstance(value, dict):
            return {key: self._member(key, inner, everything=everything) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._walk(inner, everything=everything) for inner in value]
        if isinstance(value, str):
            return self.text(value) if everything else self.inside(value)
        return value

    def _member(self, key: str, value: Json, *, everything: bool) -> Json:
        if key in self._rules.keep or key == "library":
            return value
        if key in _USER_IDS or key in _ACCOUNT_IDS or key == "id":  # ids again, in traits, context and properties
            wanted = self._rules.ids == "all" or (self._rules.ids == "users" and key in _USER_IDS)
            return self.value(value) if wanted or everything else self._walk(value, everything=False)
        return self._all(value) if self._rules.personal(key) else self._walk(value, everything=everything)

    def _all(self, value: Json) -> Json:
        if isinstance(value, dict):
            return {key: inner if key in self._rules.keep else self._all(inner) for key, inner in value.items()}
        return [self._all(inner) for inner in value] if isinstance(value, list) else self.value(value)

    # --- what ---

    def value(self, value: Json) -> Json:
        """The pseudonym of a text or number; what else there is stays."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value
        if isinstance(value, int):
            digits = self._shaped(str(abs(value)))
            return int(digits) * (-1 if value < 0 else 1)
        return round(float(self._shaped(repr(float(value)))), 6) if "e" not in repr(float(value)) else 0.5

    def inside(self, text: str) -> str:
        """A text in which e-mail addresses, IP addresses and phone numbers are replaced, wherever they stand."""
        if "@" in text:
            text = _EMAIL.sub(lambda match: self._email(match[0]), text)
        if text.count(".") >= 3:
            text = _IPV4.sub(lambda match: self._ipv4(match[0]), text)
        if "+" in text:
            text = _PHONE.sub(lambda match: self._shaped(match[0]), text)
        return self._ipv6(text) if text.count(":") >= 2 else text

    def text(self, text: str) -> str:
        """The pseudonym of a whole text, of the same shape."""
        inside = self.inside(text)
        if inside != text:
            return inside
        if text.strip().lower() in SUSPICIOUS or text in PLACEHOLDERS:  # stands for no person, and a finding tells of it
            return text
        if _is_address(text):  # private, or reserved for examples: nobody's
            return text
        if text.startswith(ANONYMOUS_PREFIX):
            return ANONYMOUS_PREFIX + self.text(text.removeprefix(ANONYMOUS_PREFIX))
        match = _UUID.fullmatch(text)
        return self._uuid(text, match[1], match[2]) if match else self._shaped(text)

    def _digest(self, kind: str, text: str) -> bytes:
        return hmac.new(self._key, f"{kind}\0{text}".encode("utf-8", "surrogatepass"), hashlib.sha256).digest()

    def _email(self, address: str) -> str:
        # By its small letters: two spellings of one address stay two spellings of one pseudonym.
        name = "p" + self._digest("email", address.casefold()).hex()[:10]
        return (name if address == address.casefold() else name.capitalize()) + "@example.com"

    def _ipv4(self, address: str) -> str:
        try:
            if not ipaddress.IPv4Address(address).is_global:
                return address
        except ValueError:
            return address
        return str(ipaddress.IPv4Address(0xC6120000 + int.from_bytes(self._digest("ip", address)[:4]) % 0x20000))  # 198.18.0.0/15

    def _ipv6(self, text: str) -> str:
        try:
            if not ipaddress.IPv6Address(text).is_global:
                return text
        except ValueError:
            return text
        return str(ipaddress.IPv6Address((0x20010DB8 << 96) + int.from_bytes(self._digest("ip", text)[:12])))

    def _uuid(self, text: str, version: str, variant: str) -> str:
        made = str(uuid.UUID(bytes=self._digest("uuid", text.lower())[:16]))
        made = f"{made[:14]}{version.lower()}{made[15:19]}{variant.lower()}{made[20:]}"
        return made.upper() if text != text.lower() else made

    def _shaped(self, text: str) -> str:
        """Letters for letters, digits for digits, case and the rest as they are; the same length, also in bytes."""
        stream = self._stream(text.casefold())
        return "".join(self._character(one, stream) for one in text)

    def _stream(self, text: str) -> Iterator[int]:
        number = 0
        while True:
            yield from self._digest(f"shape{number}", text)
            number += 1

    @staticmethod
    def _character(one: str, stream: Iterator[int]) -> str:
        number = next(stream)
        if one.isascii() and one.isdigit():
            return str(1 + number % 9) if one != "0" else str(number % 10)
        if not one.isalpha() or len(one.encode("utf-8", "surrogatepass")) > 3:
            return one
        if not one.isascii():
            return chr(0xE0 + number % 0x16) if one < "\u0800" else chr(0x4E00 + number)
        letters = _VOWELS if one.lower() in _VOWELS else _CONSONANTS
        made = letters[number % len(letters)]
        return made.upper() if one.isupper() else made

"""The formats of texts that are judged, as npm ajv-formats 3 judges them (D-107). Any other format fits."""

import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv6Address
from typing import Final

from segment_pendo.base.javascript.texts import BLANKS

__all__ = ["FORMATS"]

_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d(?:\.\d+)?)(z|([+-])(\d\d)(?::?(\d\d))?)?", re.ASCII | re.IGNORECASE)
_BETWEEN = re.compile(f"[tT{BLANKS}]")


def _date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None:
        return False
    year, month, day = map(int, found.groups())
    if not 1 <= month <= 12:
        return False
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _DAYS[month - 1] + leap


def _time(text: str) -> bool:
    """Whether a text is a time with its zone."""
    return _is_time(text, zone_needed=True)


def _iso_time(text: str) -> bool:
    """Whether a text is a time; it may lack a zone."""
    return _is_time(text, zone_needed=False)


def _is_time(text: str, *, zone_needed: bool) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    hour, minute, second = int(found[1]), int(found[2]), float(found[3])
    east = -1 if found[5] == "-" else 1
    zone_hour, zone_minute = int(found[6] or 0), int(found[7] or 0)
    if zone_hour > 23 or zone_minute > 59 or (zone_needed and not found[4]):
        return False
    if hour <= 23 and minute <= 59 and second < 60:
        return True
    # A leap second is the last of a day in UTC.
    minute -= zone_minute * east
    hour -= zone_hour * east + (minute < 0)
    return hour in {23, -1} and minute in {59, -1} and second < 61


def _date_time(text: str) -> bool:
    parts = _BETWEEN.split(text)
    return len(parts) == 2 and _date(parts[0]) and _time(parts[1])


def _iso_date_time(text: str) -> bool:
    parts = _BETWEEN.split(text)
    return len(parts) == 2 and _date(parts[0]) and _iso_time(parts[1])


_ATOM: Final = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*", re.ASCII | re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.ASCII | re.IGNORECASE)
_LONGEST_LABEL: Final = 63
_LONGEST_HOST: Final = 253


def _email(text: str) -> bool:
    local, _, host = text.partition("@")
    labels = host.split(".")
    return _LOCAL.fullmatch(local) is not None and len(labels) > 1 and all(map(_LABEL.fullmatch, labels))


def _hostname(text: str) -> bool:
    host = text.removesuffix(".")
    labels = host.split(".")
    return len(host) <= _LONGEST_HOST and all(
        len(label) <= _LONGEST_LABEL and _LABEL.fullmatch(label) for label in labels
    )


_UUID = re.compile(
    r"(?:urn:uuid:)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE
)
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", re.ASCII)
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*")


def _uuid(text: str) -> bool:
    return _UUID.fullmatch(text) is not None


def _ipv4(text: str) -> bool:
    return _IPV4.fullmatch(text) is not None


def _ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text


def _json_pointer(text: str) -> bool:
    return _POINTER.fullmatch(text) is not None


# RFC 3986: the characters of a path, and of what may stand before a host.
_PATH: Final = r"(?:[a-z0-9\-._~!$&'()*+,;=:@]|%[0-9a-f]{2})"
_USER: Final = r"(?:[a-z0-9\-._~!$&'()*+,;=:]|%[0-9a-f]{2})"
_NAME: Final = r"(?:[a-z0-9\-._~!$&'()*+,;=]|%[0-9a-f]{2})"
_FUTURE: Final = r"v[0-9a-f]+\.[a-z0-9\-._~!$&'()*+,;=:]+"
_URI = re.compile(
    rf"[a-z][a-z0-9+\-.]*:"
    rf"(?://?(?:{_USER}*@)?(?:\[(?:(?P<v6>[0-9a-f:.]+)|{_FUTURE})\]|{_NAME}*)(?::[0-9]*)?(?:/{_PATH}*)*"
    rf"|/(?:{_PATH}+(?:/{_PATH}*)*)?|{_PATH}+(?:/{_PATH}*)*)"
    rf"(?:\?(?:{_PATH}|[/?])*)?(?:#(?:{_PATH}|[/?])*)?",
    re.ASCII | re.IGNORECASE,
)


def _uri(text: str) -> bool:
    found = _URI.fullmatch(text)
    return found is not None and (found["v6"] is None or _ipv6(found["v6"]))


def _fits(_text: str) -> bool:
    return True


FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "date": _date,
    "date-time": _date_time,
    "email": _email,
    "hostname": _hostname,
    "ipv4": _ipv4,
    "ipv6": _ipv6,
    "iso-date-time": _iso_date_time,
    "iso-time": _iso_time,
    "json-pointer": _json_pointer,
    "time": _time,
    "uri": _uri,
    "uuid": _uuid,
    # The library would judge these, otherwise than ajv does.
    **dict.fromkeys(
        (
            "duration", "idn-email", "idn-hostname", "iri", "iri-reference", "regex", "relative-json-pointer",
            "uri-reference", "uri-template",
        ),
        _fits,
    ),
}  # fmt: skip

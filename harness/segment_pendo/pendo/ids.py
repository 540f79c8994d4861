"""Visitor and account ids as Pendo takes them (facts section 4)."""

import re
from typing import Final, Literal

from segment_pendo.js_json import write
from segment_pendo.words import Finding, Json

__all__ = ["ANONYMOUS_PREFIX", "PLACEHOLDERS", "SUSPICIOUS", "effective", "examine"]

type Kind = Literal["visitor", "account"]

_AGENT: Final = "Pendo's browser agent 2.291.4"
ANONYMOUS_PREFIX: Final = "_PENDO_T_"  # 4.3.1
MAX_BYTES: Final = 128  # 4.1.2
PLACEHOLDERS: Final = {"VISITOR-UNIQUE-ID", "ACCOUNT-UNIQUE-ID"}  # 4.2.4
SUSPICIOUS: Final = {"null", "undefined", "none", "nan", "[object object]", "anonymous", "unknown"}  # 4.2.5
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def effective(value: Json) -> str | None:
    """The id under which Pendo keeps a record, or None where it makes none (4.2.1, 4.2.2, 4.2.4)."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return None
    if isinstance(value, int | float):
        return write(value).decode()
    if not value.strip() or value == "::" or value in PLACEHOLDERS:
        return None
    return value


def examine(value: Json, kind: Kind, path: str) -> list[Finding]:
    """What is wrong or odd about an id that is present. An id that is absent is the caller's matter."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        text = f"The id is a number; Pendo keeps it as the text {effective(value)!r}. Send a string."
        return [Finding("ID_NUMERIC", "info", path, text, _AGENT)]
    if not isinstance(value, str) or effective(value) is None:
        if isinstance(value, str) and value in PLACEHOLDERS:
            text = f"{value} is the placeholder of Pendo's install snippet; Pendo treats it as no id. Send the real id."
            return [Finding("ID_PLACEHOLDER", "error", path, text, _AGENT)]
        text = f"Pendo takes no {kind} id like this; send a non-empty string."
        return [Finding("ID_INVALID", "error", path, text, _AGENT)]
    return _oddities(value, kind, path)


def _oddities(value: str, kind: Kind, path: str) -> list[Finding]:
    found = []
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        text = f"The id has {size} bytes; Pendo cuts a visitor id after {MAX_BYTES}, so long ids may fall together."
        found.append(Finding("ID_TOO_LONG", "warning", path, text, "Pendo support article 360046272771"))
    if value != value.strip():
        text = "The id begins or ends with white space; Pendo does not trim it, so this is another record than without."
        found.append(Finding("ID_WHITESPACE", "warning", path, text, _AGENT))
    if value.strip().lower() in SUSPICIOUS:
        text = f"{value.strip()!r} looks like a missing value turned into text; Pendo makes a real {kind} of it."
        found.append(Finding("ID_SUSPICIOUS", "warning", path, text, "our assumption"))
    if kind == "visitor" and value.startswith(ANONYMOUS_PREFIX):
        text = f"An id that begins with {ANONYMOUS_PREFIX} counts as an anonymous visitor in Pendo."
        found.append(Finding("ID_ANON_PREFIX", "warning", path, text, _AGENT))
    if kind == "account" and "::" in value:
        text = "Pendo reads :: in an account id as parent::child."
        found.append(Finding("ID_DOUBLE_COLON", "warning", path, text, _AGENT))
    if kind == "visitor" and _EMAIL.fullmatch(value):
        text = "The visitor id is an e-mail address: ids cannot be changed later in Pendo, and their case matters."
        found.append(Finding("ID_EMAIL", "info", path, text, "Pendo support article 21326198721563"))
    return found

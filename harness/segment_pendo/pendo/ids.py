"""Visitor and account ids as Pendo takes them (facts section 4)."""

import re
from typing import Final, Literal

from segment_pendo.base.js_json import is_infinite, write
from segment_pendo.pendo.codes import note
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Finding, Json

__all__ = ["ANONYMOUS_PREFIX", "MAX_BYTES", "Kind", "blank", "effective", "examine", "refusal"]

type Kind = Literal["visitor", "account"]

ANONYMOUS_PREFIX: Final = "_PENDO_T_"  # 4.3.1
MAX_BYTES: Final = 128  # 4.1.2
# 4.2.4: only the visitor's counts as no id; the agent merely complains of the account's.
PLACEHOLDERS: Final = {"visitor": "VISITOR-UNIQUE-ID", "account": "ACCOUNT-UNIQUE-ID"}
SUSPICIOUS: Final = {"null", "undefined", "none", "nan", "[object object]", "anonymous", "unknown"}  # 4.2.5
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# What JavaScript's trim takes away: not quite what Python's strip does.
_WHITE: Final = (
    "\t\n\v\f\r "
    "\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)


def blank(text: str) -> bool:
    """Whether nothing but white space stands there, as JavaScript sees it."""
    return not text.strip(_WHITE)


def refusal(value: Json, kind: Kind, switches: PendoSwitches = DEFAULT) -> str | None:
    """The rule by which this is no id, or None for one that Pendo takes."""
    if value is None or value == "" or isinstance(value, bool | dict | list) or is_infinite(value):
        return "4.2.1"
    if not isinstance(value, str) or switches.id_check == "none":
        return None
    if blank(value) or value == "::":
        return "4.2.1"
    return "4.2.4" if kind == "visitor" and value == PLACEHOLDERS["visitor"] else None


def effective(value: Json, kind: Kind, switches: PendoSwitches = DEFAULT) -> str | None:
    """The id under which Pendo keeps a record, or None where it makes none (4.1.2, 4.2.1, 4.2.2, 4.2.4)."""
    if refusal(value, kind, switches):
        return None
    text = value if isinstance(value, str) else write(value).decode()
    return _cut(text) if kind == "visitor" and switches.long_id == "cut" else text


def _cut(text: str) -> str:
    if len(text) * 4 <= MAX_BYTES:
        return text
    raw = text.encode("utf-8", "surrogatepass")
    if len(raw) <= MAX_BYTES:
        return text
    end = MAX_BYTES
    while raw[end] & 0xC0 == 0x80:  # at a whole character: an assumption
        end -= 1
    return raw[:end].decode("utf-8", "surrogatepass")


def examine(value: Json, kind: Kind, path: str, switches: PendoSwitches = DEFAULT) -> list[Finding]:
    """Return what is wrong or odd about an id that is present.

    An id that is absent is the caller's matter.
    """
    if isinstance(value, int | float) and not refusal(value, kind, switches):
        text = f"The id is a number; Pendo keeps it as the text {effective(value, kind)!r}. Send a string."
        return [note("ID_NUMERIC", path, text)]
    if isinstance(value, str) and value == PLACEHOLDERS[kind]:
        takes = "treats it as no id" if refusal(value, kind, switches) else f"makes a real {kind} of it"
        return [
            note(
                "ID_PLACEHOLDER",
                path,
                f"{value} is the placeholder of Pendo's install snippet; Pendo {takes}. Send the real id.",
            )
        ]
    if not isinstance(value, str) or refusal(value, kind, switches):
        return [note("ID_INVALID", path, f"Pendo takes no {kind} id like this; send a non-empty string.")]
    return _oddities(value, kind, path, switches)


def _oddities(value: str, kind: Kind, path: str, switches: PendoSwitches) -> list[Finding]:
    found = []
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES and switches.long_id == "cut":
        what = "" if kind == "visitor" else "documents no length for an account id, but "
        text = (
            f"The id has {size} bytes; Pendo {what}cuts a visitor id after {MAX_BYTES}, so long ids may fall "
            "together. Send a shorter one."
        )
        found.append(note("ID_TOO_LONG", path, text))
    if value != value.strip(_WHITE):
        text = (
            "The id begins or ends with white space; Pendo does not trim it, so this is another record "
            "than without. Trim it."
        )
        found.append(note("ID_WHITESPACE", path, text))
    if value.strip(_WHITE).lower() in SUSPICIOUS:
        what = f"{value.strip()!r} looks like a missing value turned into text"
        text = f"{what}; Pendo makes a real {kind} of it. Send no call until it is known."
        found.append(note("ID_SUSPICIOUS", path, text))
    return found + (_visitor_oddities(value, path) if kind == "visitor" else _account_oddities(value, path))


def _visitor_oddities(value: str, path: str) -> list[Finding]:
    found = []
    if value.startswith(ANONYMOUS_PREFIX):
        text = (
            f"An id that begins with {ANONYMOUS_PREFIX} counts as an anonymous visitor in Pendo; send the "
            "id of a user."
        )
        found.append(note("ID_ANON_PREFIX", path, text))
    if _EMAIL.fullmatch(value):
        text = (
            "The visitor id is an e-mail address: ids cannot be changed later in Pendo, and case "
            "matters. Prefer a key of your own."
        )
        found.append(note("ID_EMAIL", path, text))
    return found


def _account_oddities(value: str, path: str) -> list[Finding]:
    if "::" not in value:
        return []
    text = "Pendo reads :: in an account id as parent::child; use another separator, unless that is meant."
    return [note("ID_DOUBLE_COLON", path, text)]

"""Visitor and account ids as Pendo takes them (facts section 4)."""

import re
from typing import Final, Literal

from segment_pendo.base.bounded import Made
from segment_pendo.base.javascript.texts import BLANKS
from segment_pendo.base.js_json import is_infinite, write
from segment_pendo.pendo.codes import note
from segment_pendo.pendo.switches import DEFAULT, PendoSwitches
from segment_pendo.words import Finding, Json

__all__ = [
    "ANONYMOUS_PREFIX",
    "MAX_BYTES",
    "PLAIN",
    "Kind",
    "blank",
    "effective",
    "examine",
    "is_absent",
    "refusal",
]

type Kind = Literal["visitor", "account"]

ANONYMOUS_PREFIX: Final = "_PENDO_T_"  # 4.3.1
MAX_BYTES: Final = 128  # 4.1.2
# 4.2.4: the agent refuses only the visitor's; about the account's it only complains.
PLACEHOLDERS: Final = {"visitor": "VISITOR-UNIQUE-ID", "account": "ACCOUNT-UNIQUE-ID"}
SUSPICIOUS: Final = {"null", "undefined", "none", "nan", "[object object]", "anonymous", "unknown"}  # 4.2.5
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def blank(text: str) -> bool:
    """Whether a text is nothing but white space, as JavaScript sees it."""
    return not text.strip(BLANKS)


def is_absent(value: Json) -> bool:
    """Whether there is no id: null, or an empty text."""
    return value is None or (value == "" and isinstance(value, str))


def refusal(value: Json, kind: Kind, switches: PendoSwitches = DEFAULT) -> str | None:
    """Return the rule by which Pendo refuses this as an id, or None where Pendo takes it."""
    if value is None or value == "" or isinstance(value, bool | dict | list) or is_infinite(value):
        return "4.2.1"
    if not isinstance(value, str) or switches.id_check == "none":
        return None
    if blank(value) or value == "::":
        return "4.2.1"
    return "4.2.4" if kind == "visitor" and value == PLACEHOLDERS["visitor"] else None


def effective(value: Json, kind: Kind, switches: PendoSwitches = DEFAULT) -> str | None:
    """Return the id of Pendo's record, or None where Pendo makes none (4.1.2, 4.2.1, 4.2.2, 4.2.4)."""
    if isinstance(value, str) and PLAIN[value]:
        return value
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
    """Return what is wrong or odd about an id. An absent id is left to the caller."""
    return [] if isinstance(value, str) and PLAIN[value] else _examined(value, kind, path, switches)


def _is_plain(id: str) -> bool:
    return not any(_examined(id, kind, "", DEFAULT) for kind in ("visitor", "account"))


# Whether Pendo takes an id as it is, as a visitor and as an account, and there is nothing to say about it,
# however the switches are set: by default, each rule of this file holds.
PLAIN: Final = Made[str, bool](_is_plain)


def _examined(value: Json, kind: Kind, path: str, switches: PendoSwitches) -> list[Finding]:
    if isinstance(value, int | float) and not refusal(value, kind, switches):
        text = f"The id is a number; Pendo keeps it as the text {effective(value, kind)!r}. Send a text."
        return [note("ID_NUMERIC", path, text)]
    if isinstance(value, str) and value == PLACEHOLDERS[kind]:
        takes = (
            "does not take it as an id" if refusal(value, kind, switches) else f"makes a real {kind} of it"
        )
        return [
            note(
                "ID_PLACEHOLDER",
                path,
                f"{value} is the placeholder of Pendo's install snippet; Pendo {takes}. Send the real id.",
            )
        ]
    if not isinstance(value, str) or refusal(value, kind, switches):
        what = (
            "It is only white space" if isinstance(value, str) and blank(value) else f"It is {_shown(value)}"
        )
        an_id = "an account id" if kind == "account" else "a visitor id"
        text = f"{what}, which Pendo does not take as {an_id}; send a text that names the {kind}."
        return [note("ID_INVALID", path, text)]
    return _oddities(value, kind, path, switches)


def _shown(value: Json) -> str:
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "empty" if value == "" else write(value).decode()[:20]


def _oddities(value: str, kind: Kind, path: str, switches: PendoSwitches) -> list[Finding]:
    findings = []
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES and switches.long_id == "cut":
        what = "" if kind == "visitor" else "documents no length for an account id, but "
        text = (
            f"The id has {size} bytes; Pendo {what}cuts a visitor id after {MAX_BYTES}, so two long ids may "
            "become the same. Send a shorter one."
        )
        findings.append(note("ID_TOO_LONG", path, text))
    if value != value.strip(BLANKS):
        text = (
            "The id begins or ends with white space; Pendo does not trim it, so this is not the same record "
            "as without it. Trim the id."
        )
        findings.append(note("ID_WHITESPACE", path, text))
    if value.strip(BLANKS).lower() in SUSPICIOUS:
        what = f"{value.strip()!r} looks like a missing value turned into text"
        text = f"{what}; Pendo makes a real {kind} of it. Send no call until the id is known."
        findings.append(note("ID_SUSPICIOUS", path, text))
    return findings + (
        _visitor_oddities(value, path) if kind == "visitor" else _account_oddities(value, path)
    )


def _visitor_oddities(value: str, path: str) -> list[Finding]:
    findings = []
    if value.startswith(ANONYMOUS_PREFIX):
        text = (
            f"Pendo counts an id that begins with {ANONYMOUS_PREFIX} as an anonymous visitor; send the id of "
            "a user."
        )
        findings.append(note("ID_ANON_PREFIX", path, text))
    if _EMAIL.fullmatch(value):
        text = (
            "The visitor id is an e-mail address. Ids cannot be changed later in Pendo, and case matters. "
            "Better send an id that never changes."
        )
        findings.append(note("ID_EMAIL", path, text))
    return findings


def _account_oddities(value: str, path: str) -> list[Finding]:
    if "::" not in value:
        return []
    text = "Pendo reads :: in an account id as parent::child; use another separator, unless you mean that."
    return [note("ID_DOUBLE_COLON", path, text)]

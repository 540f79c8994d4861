"""What the kit makes of texts: templates, replacements, upper and lower case."""

import re
from functools import partial
from typing import Final

from segment_pendo.base.javascript.texts import BLANKS, joined, length, units
from segment_pendo.base.javascript.values import UNDEFINED, Made, Thrown, Value, string
from segment_pendo.segment.mapping_kit.paths import read
from segment_pendo.segment.mapping_kit.values import Work

__all__ = ["LONGEST_PATTERN", "replaced", "template"]

LONGEST_PATTERN: Final = 10
_TRIPLE: Final = re.compile(r"\{\{\{([^}]+)\}\}\}")
_DOUBLE: Final = re.compile(r"\{\{([^}]+)\}\}")
_SUBSTITUTE: Final = re.compile(r"\$([$&`'])")


def template(text: str, payload: Value, work: Work) -> str:
    """Return a template with its places filled in (D-25).

    Triple braces first; what they bring in may itself hold double braces, which are then filled in.
    """
    data = Made() if payload is UNDEFINED else payload

    def value_of(match: re.Match[str]) -> str:
        value = read(data, match[1].strip(BLANKS))
        filled = "" if value is None or value is UNDEFINED else string(value)
        work.spend(len(filled))
        return filled

    # Halves of a pair that come to stand side by side are one character again.
    return joined(_DOUBLE.sub(value_of, joined(_TRIPLE.sub(value_of, text))))


def _folded(unit: str) -> str:
    """Return the unit that a case-insensitive RegExp without the flag u compares."""
    upper = unit.upper()
    if len(upper) != 1 or upper > "\uffff" or (unit >= "\x80" > upper):
        return unit
    return upper


def _places(text: str, pattern: str, *, ignorecase: bool, everywhere: bool) -> list[int]:
    if ignorecase:
        text, pattern = "".join(map(_folded, text)), "".join(map(_folded, pattern))
    found: list[int] = []
    at = text.find(pattern)
    while at >= 0:
        found.append(at)
        if not everywhere:
            break
        at = text.find(pattern, at + len(pattern))
    return found


def _meaning(meant: dict[str, str], match: re.Match[str]) -> str:
    return meant[match[1]]


def replaced(
    text: str, pattern: str, replacement: str, *, ignorecase: bool, everywhere: bool, work: Work
) -> str:
    """Return the text with a literal pattern replaced; `$&` and its like mean in it what JavaScript says.

    Texts are compared by UTF-16 unit, so half of a pair may be replaced.
    """
    if length(pattern) > LONGEST_PATTERN or length(replacement) > LONGEST_PATTERN:
        msg = f"@replace takes at most {LONGEST_PATTERN} characters as pattern and as replacement"
        raise Thrown(msg)
    text, pattern, replacement = units(text), units(pattern), units(replacement)
    pieces: list[str] = []
    done = 0
    for at in _places(text, pattern, ignorecase=ignorecase, everywhere=everywhere):
        end = at + len(pattern)
        meant = {"$": "$", "&": text[at:end], "`": text[:at], "'": text[end:]}
        filled = _SUBSTITUTE.sub(partial(_meaning, meant), replacement)
        work.spend(len(filled))
        pieces += text[done:at], filled
        done = end
    return joined("".join(pieces) + text[done:])

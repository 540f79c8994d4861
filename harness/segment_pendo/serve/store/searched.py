"""What filters look for in a call: columns of the table of calls."""

from collections.abc import Iterable
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.bounded import Made
from segment_pendo.words import LEVELS, Json, JsonObject, Judged, Level

__all__ = [
    "NOT_SEARCHED",
    "SEPARATOR",
    "level_number",
    "level_of_code",
    "listed",
    "searched",
    "text",
    "words",
]

# A control character: it stands between names, and no name that people look for has it.
SEPARATOR: Final = "\x1f"
# The columns of `searched` where nobody filters.
NOT_SEARCHED: Final = (None, None, "", 0, False)
_SENT: Final = ("traits", "properties")
_NUMBERS: Final[dict[Level, int]] = {level: number for number, level in enumerate(reversed(LEVELS), 1)}


def searched(judged: Judged, named: tuple[str | None, ...], codes: list[str]) -> tuple[object, ...]:
    """Return the event, the names in traits and properties, all words, the worst level, if it was dropped.

    `named`: the columns of its type and ids; `codes`: those of findings, and of why it was skipped.
    """
    data = judged.call.data if isinstance(judged.call.data, dict) else {}
    event = column(data.get("event"))
    names, spelled = _NAMES[_names(data)]
    first = words((*named, event, *codes))
    return (
        event,
        names,
        SEPARATOR.join((first, spelled)) if first and spelled else first or spelled,
        _worst(judged),
        judged.message is None,
    )


def _worst(judged: Judged) -> int:
    """Return the number of the worst level of findings and of why the call was skipped, else 0."""
    found = max([_NUMBERS[finding.level] for finding in judged.findings]) if judged.findings else 0
    return max(found, level_of_code(judged.skipped.code)) if judged.skipped else found


def level_of_code(name: str) -> int:
    """Return the number of the level of a code, of whatever kind; 0 where this version does not know it."""
    from segment_pendo.mapping.catalogue import DROPS, FINDINGS  # noqa: PLC0415 - a large table

    code = FINDINGS.get(name) or DROPS.get(name)
    return level_number(code.level) if code else 0


def level_number(level: Level) -> int:
    """Return a higher number for a worse level; every one is above 0."""
    return _NUMBERS[level]


def listed(names: Iterable[str]) -> str | None:
    """Return names in one text, so that each stands between two separators; None where there is none."""
    names = [text(name.replace(SEPARATOR, " ")) for name in names]
    return SEPARATOR + SEPARATOR.join(names) + SEPARATOR if names else None


def words(several: Iterable[str | None]) -> str:
    """Return texts in one text, in which upper and lower case are the same."""
    return text(SEPARATOR.join([one for one in several if one])).casefold()


def text(value: str) -> str:
    """Return a text as SQLite can hold it: its UTF-8 cannot hold a lone surrogate."""
    return value if value.isascii() else value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")


def column(value: Json) -> str | None:
    """Return what a filter compares with a member of a call: a text as it is, anything else as JSON."""
    if value is None:
        return None
    return text(value if isinstance(value, str) else js_json.write(value).decode())


def _names(data: JsonObject) -> tuple[str, ...]:
    """Return the names in traits and properties, each once."""
    sent = [names for member in _SENT if isinstance(names := data.get(member), dict)]
    return tuple(dict.fromkeys([*sent[0], *sent[1]])) if len(sent) == 2 else tuple(*sent)


# Names in one text, and as words, by themselves: an app sends few combinations, over and over again.
_NAMES: Final = Made[tuple[str, ...], tuple[str | None, str]](
    lambda names: (listed(names), words(names)), 512
)

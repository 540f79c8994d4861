"""Infer a tracking plan from calls: a rule for each event and each other type, which fits all of them."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

from segment_pendo.recordings.redaction.key_names import is_personal, is_secret
from segment_pendo.recordings.redaction.scan import suspects
from segment_pendo.segment.plan.rule import members_of
from segment_pendo.segment.plan.schema import DRAFTS, as_javascript
from segment_pendo.words import Json, JsonObject

__all__ = ["inferred", "written"]

_KINDS: Final = ("track", "identify", "group", "page", "screen")
_DEEPEST: Final = 20  # levels; below, everything fits
_MOST_MEMBERS: Final = 200  # an object with more names is a table, whose names say nothing
# A set of texts is closed where each of them came again and again.
_MOST_TEXTS: Final = 8
_FEWEST_OF_A_TEXT: Final = 5
_WORD = re.compile(r"[A-Za-z][A-Za-z _-]{0,29}")
_IDS = re.compile(r"(?:^|[_\W]|(?<=[a-z]))(?:[Ii][Dd]|[Kk]ey|[Uu]u[Ii]d|[Hh]ash)$")


class _Seen:
    """The values seen in one place."""

    def __init__(self, name: str = "", depth: int = 0) -> None:
        self._name = name
        self._depth = depth
        self._types: Counter[str] = Counter()
        self._members: dict[str, _Seen] = {}
        self._present: Counter[str] = Counter()
        self._elements: _Seen | None = None
        self._texts: Counter[str] = Counter()
        self._many_members = self._many_texts = False

    def take(self, value: Json) -> None:
        """Take one more value, as it is judged."""
        kind = _type(value)
        self._types[kind] += 1
        if isinstance(value, str):
            self._take_text(value)
        elif isinstance(value, dict):
            self._take_members(value)
        elif isinstance(value, list) and self._depth < _DEEPEST:
            self._elements = self._elements or _Seen(self._name, self._depth + 1)
            for one in value:
                self._elements.take(one)

    def _take_text(self, text: str) -> None:
        if not self._many_texts:
            self._texts[text[:100]] += 1
            self._many_texts = len(self._texts) > _MOST_TEXTS

    def _take_members(self, value: JsonObject) -> None:
        if self._depth >= _DEEPEST or self._many_members:
            return
        self._present.update(value.keys())
        for name, one in value.items():
            self._members.setdefault(name, _Seen(name, self._depth + 1)).take(one)
        if len(self._members) > _MOST_MEMBERS:
            self._many_members = True
            self._members.clear()
            self._present.clear()

    def schema(self, *, strict: bool) -> JsonObject:
        """Return the schema of these values; a `strict` one knows all members of objects."""
        types = sorted(self._types)
        made: JsonObject = {}
        if len(types) == 1:
            made["type"] = types[0]
        elif types:
            made["type"] = [*types]
        words = self._closed_set()
        if words:
            made["enum"] = [*words, *([None] if "null" in types else [])]
        if "object" in types:
            made |= self._object(strict=strict)
        if self._elements is not None and self._elements._types:  # noqa: SLF001 - another of the same
            made["items"] = self._elements.schema(strict=strict)
        return made

    def _object(self, *, strict: bool) -> JsonObject:
        if self._depth >= _DEEPEST or self._many_members:
            return {}
        always = [name for name, times in self._present.items() if times == self._types["object"]]
        made: JsonObject = {
            "properties": {
                name: seen.schema(strict=strict)
                for name, seen in self._members.items()
                if name != "__proto__"
            }
        }
        if always:
            made["required"] = [*always]
        # The judge takes a schema for a member of this name for JavaScript's own.
        if strict and "__proto__" not in self._members:
            made["additionalProperties"] = False
        return made

    def _closed_set(self) -> list[str]:
        """Return the few words of which each was seen often, or nothing; no names, ids or secrets."""
        if self._many_texts or len(self._texts) < 2 or set(self._types) - {"string", "null"}:
            return []
        if is_personal(self._name) or is_secret(self._name) or _IDS.search(self._name):
            return []
        often = min(self._texts.values()) >= _FEWEST_OF_A_TEXT
        plain = all(_WORD.fullmatch(text) and not any(suspects(text)) for text in self._texts)
        return sorted(self._texts) if often and plain else []


def _type(value: Json) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, dict) else "array" if isinstance(value, list) else "number"


def inferred(calls: Iterable[Json], *, name: str = "Inferred plan", strict: bool = False) -> JsonObject:
    """Return a plan, as segment.plan reads it, that fits all of these calls.

    Each call is as it is after ingest. Of a call, its properties or traits count: types that came, members
    that were always there, and closed sets of words. With `strict`, a member that never came does not fit.
    """
    seen: dict[tuple[str, str], _Seen] = {}
    for call in calls:
        place = _place(call)
        if place is None or not isinstance(call, dict):
            continue
        members = members_of(place[0])
        part = {members: as_javascript(call[members])} if members in call else {}
        seen.setdefault(place, _Seen(depth=-1)).take(part)
    rules: list[Json] = [
        {"type": kind.upper(), "key": key, "version": 1, "jsonSchema": _rule(one, strict=strict)}
        for (kind, key), one in sorted(seen.items(), key=lambda item: (_KINDS.index(item[0][0]), item[0][1]))
    ]
    return {"name": name, "type": "LIVE", "rules": rules}


def _place(call: Json) -> tuple[str, str] | None:
    kind = call.get("type") if isinstance(call, dict) else None
    if not isinstance(call, dict) or not isinstance(kind, str) or kind not in _KINDS:
        return None
    if kind != "track":
        return kind, ""
    event = call.get("event")
    return (kind, event) if isinstance(event, str) and event else None


def _rule(seen: _Seen, *, strict: bool) -> JsonObject:
    schema = seen.schema(strict=strict)
    schema.pop("additionalProperties", None)  # a call has more than its properties
    return {"$schema": f"{DRAFTS[0]}#", **schema}


def written(plan: JsonObject) -> str:
    """Return a plan as the text of a file."""
    return json.dumps(plan, indent=2, ensure_ascii=True) + "\n"

"""Answers of Segment's Public API: `{"data": {"destination": ...}}`, one or a list of them."""

from collections.abc import Iterator
from typing import Final

from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import short
from segment_pendo.recordings.exchange.workspace import Kind, Part, Workspace, an_object, latest, refuse
from segment_pendo.words import Json, JsonObject

__all__ = ["read"]

# Members of an answer, as npm @segment/public-api-sdk-typescript 47.0.0-b8398 names them.
_KINDS: Final[dict[str, Kind]] = {
    "destination": "destination",
    "destinations": "destination",
    "subscription": "subscription",
    "subscriptions": "subscription",
    "destinationSubscription": "subscription",
    "filter": "filter",
    "filters": "filter",
    "insertFunctionInstance": "function",
    "instances": "function",
    "transformation": "transformation",
    "transformations": "transformation",
    "trackingPlan": "plan",
    "trackingPlans": "plan",
}
_LISTED: Final = ("subscriptions", "filters")  # of one destination each


def read(value: Json, name: str) -> Workspace | None:
    """Return what answers say of a workspace, or None where they are none. Raises DestinationError."""
    answers = value if isinstance(value, list) else [value]
    if not any(_is_answer(answer) for answer in answers):
        return None
    parts: dict[Kind, list[Part]] = {}
    has_bare_list = False
    pages = _Pages()
    for index, answer in enumerate(answers):
        way: tuple[str | int, ...] = (index,) if isinstance(value, list) else ()
        data = _data(answer, way, name)
        for member, kind in _KINDS.items():
            if member in data:
                found = list(_parts(data[member], (*way, "data", member), name))
                parts.setdefault(kind, []).extend(part for part in found if _is_meant(kind, part))
                has_bare_list |= member == "subscriptions" and not found
        pages.note(data)
    is_one = len(latest(parts.get("destination", []))) == 1  # whose the list is, a bare one does not say
    return Workspace(
        parts, is_terraform=False, unlinked=(), may_be_bare=has_bare_list and is_one, cut=pages.cut()
    )


def _is_answer(value: Json) -> bool:
    return isinstance(value, dict) and (
        isinstance(value.get("data"), dict) or (isinstance(value.get("errors"), list) and len(value) == 1)
    )


def _data(answer: Json, way: tuple[str | int, ...], name: str) -> JsonObject:
    """Return what an answer holds. Raises DestinationError."""
    data, errors = an_object(answer).get("data"), an_object(answer).get("errors")
    if not isinstance(data, dict):
        what = 'this is no answer of the Public API, as it has no "data"'
        if isinstance(errors, list):
            kind = an_object(errors[0]).get("type") if errors else None
            what = f"here the Public API refused{f' ({short(kind, 40)})' if isinstance(kind, str) else ''}"
        refuse(name, json_path(*way), what, "Give its answers as they came, in a list.")
    return data


def _parts(value: Json, way: tuple[str | int, ...], name: str) -> Iterator[Part]:
    listed = isinstance(value, list)
    for index, item in enumerate(value if isinstance(value, list) else [value]):
        place = json_path(*way, index) if listed else json_path(*way)
        if not isinstance(item, dict):
            refuse(name, place, "this is no object", "Give the answers as they came.")
        yield Part(item, place)


def _is_meant(kind: Kind, part: Part) -> bool:
    """Whether a part is what its member's name says: spaces have filters of their own (`integrationId`)."""
    return kind != "filter" or "integrationId" not in part.value


class _Pages:
    """Pages of lists: which of them go on, and whether the next page is there, too."""

    def __init__(self) -> None:
        self._there: set[tuple[str, str]] = set()
        self._next: list[tuple[str, str, str]] = []

    def note(self, data: JsonObject) -> None:
        """Note an answer."""
        pagination = an_object(data.get("pagination"))
        current, after = pagination.get("current"), pagination.get("next")
        for member in _LISTED:
            items = data.get(member)
            first = an_object(items[0]).get("destinationId") if isinstance(items, list) and items else None
            if isinstance(first, str):
                if isinstance(current, str):
                    self._there.add((first + member, current))
                if isinstance(after, str) and after:
                    self._next.append((first, member, after))

    def cut(self) -> dict[str, str]:
        """Return, by a destination's id, the name of a list that has more than is in the file."""
        return {
            destination: member
            for destination, member, after in self._next
            if (destination + member, after) not in self._there
        }

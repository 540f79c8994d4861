"""Answers of Segment's Public API: `{"data": {"destination": ...}}`, one or a list of them."""

from collections.abc import Iterator
from typing import Final

from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import short
from segment_pendo.recordings.exchange.workspace import Kind, Part, Workspace, an_object, refuse
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
_FETCH: Final = "Add the answers of GET /destinations/ID/subscriptions and GET /destination/ID/filters."


def read(value: Json, name: str) -> Workspace | None:
    """Return what answers say of a workspace, or None where they are none. Raises DestinationError."""
    answers = value if isinstance(value, list) else [value]
    if not any(_is_answer(answer) for answer in answers):
        return None
    parts: dict[Kind, list[Part]] = {}
    lists_end = False
    pages = _Pages()
    for index, answer in enumerate(answers):
        way: tuple[str | int, ...] = (index,) if isinstance(value, list) else ()
        data = _data(answer, way, name)
        for member, kind in _KINDS.items():
            if member in data:
                found = list(_parts(data[member], (*way, "data", member), name))
                parts.setdefault(kind, []).extend(part for part in found if _is_meant(kind, part))
                lists_end |= member == "subscriptions" and not found
        pages.note(data)
    return Workspace(parts, _FETCH, lists_end=lists_end, cut=pages.cut())


def _is_answer(value: Json) -> bool:
    return isinstance(value, dict) and (
        isinstance(value.get("data"), dict) or (isinstance(value.get("errors"), list) and len(value) == 1)
    )


def _data(answer: Json, way: tuple[str | int, ...], name: str) -> JsonObject:
    """Return what an answer holds. Raises DestinationError."""
    if isinstance(answer, dict):
        data = answer.get("data")
        if isinstance(data, dict):
            return data
        errors = answer.get("errors")
        if isinstance(errors, list):
            said = [an_object(error).get("type") for error in errors[:1]]
            why = f" ({short(said[0], 40)})" if said and isinstance(said[0], str) else ""
            refuse(name, json_path(*way), f"here the Public API refused{why}", "Ask it again.")
    refuse(
        name,
        json_path(*way),
        'this is no answer of the Public API: it has no "data"',
        'A list holds answers as they came: [{"data": ...}, {"data": ...}].',
    )


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

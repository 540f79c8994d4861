"""Destinations as they stand in production: Terraform's and the Public API's words in ours (D-4)."""

from collections.abc import Iterator
from typing import Final, Literal, NamedTuple

from segment_pendo.base.prose import short
from segment_pendo.mapping import destination_file
from segment_pendo.mapping.destination_file import DestinationError
from segment_pendo.recordings.exchange import public_api, terraform
from segment_pendo.recordings.exchange.described import filter_of, hooks_left_out, mapping_of, switched_on
from segment_pendo.recordings.exchange.workspace import (
    Kind,
    Part,
    Workspace,
    an_object,
    latest,
    object_in,
    refuse,
    text_in,
)
from segment_pendo.words import Json, JsonObject

__all__ = ["InProduction", "destinations"]

type _Webhook = Literal["actions", "classic"]

# By the id and the slug of a destination's metadata: of Webhooks (Actions) as published (npm
# @segment/action-destinations 3.497.0), of the classic Webhooks as in Segment's catalogue (segment-docs).
_WEBHOOKS: Final[dict[str, _Webhook]] = {
    "614a3c7d791c91c41bae7599": "actions",
    "actions-webhook": "actions",
    "54521fdc25e721e32a72ef04": "classic",
    "webhooks": "classic",
}


class InProduction(NamedTuple):
    """A webhook destination of a workspace.

    `id` is '' where a plan does not know it yet, `address` is Terraform's, or ''. `dropped`: what was left
    out, a sentence each; none holds a secret.
    """

    name: str
    id: str
    address: str
    found: JsonObject | DestinationError
    dropped: tuple[str, ...] = ()

    @property
    def described(self) -> JsonObject:
        """The destination in the form of our file. Raises DestinationError where it cannot be told whole.

        Only what somebody asks for is an error: another destination of the workspace concerns nobody.
        """
        if isinstance(self.found, DestinationError):
            raise self.found
        return self.found


class _Read(NamedTuple):
    """A workspace, its parts by the destination that they belong to."""

    workspace: Workspace
    subscriptions: dict[str, list[Part]]
    filters: dict[str, list[Part]]
    name: str


def destinations(value: Json, name: str) -> list[InProduction] | None:
    """Return the webhook destinations that a file of Terraform or the Public API describes.

    None where the value is neither. Errors call the file `name`. Raises DestinationError.
    """
    workspace = terraform.read(value, name) or public_api.read(value, name)
    if workspace is None:
        return None
    by_id = {kind: _by_destination(workspace, kind, name) for kind in ("subscription", "filter")}
    read = _Read(workspace, by_id["subscription"], by_id["filter"], name)
    found = []
    for key, destination in _destinations(read):
        kind = _webhook(destination, read.subscriptions.get(key, []))
        if kind is not None:
            found.append(_in_production(key, destination, kind, read))
    return found


def _by_destination(workspace: Workspace, kind: Kind, name: str) -> dict[str, list[Part]]:
    found: dict[str, list[Part]] = {}
    for part in latest(workspace.parts.get(kind, [])):
        if "destinationId" not in part.unknown:
            found.setdefault(text_in(part, "destinationId", name), []).append(part)
    return found


def _destinations(read: _Read) -> Iterator[tuple[str, Part]]:
    """Yield each destination by its id, or its address where it has none yet; last what is mappings only."""
    keys = set()
    for part in latest(read.workspace.parts.get("destination", [])):
        key = part.place if "id" in part.unknown else text_in(part, "id", read.name)
        keys.add(key)
        yield key, part
    for key in read.subscriptions:
        if key not in keys:
            yield key, Part({"id": key}, key)


def _webhook(destination: Part, subscriptions: list[Part]) -> _Webhook | None:
    """Return which kind of webhook a destination is, or None for any other destination."""
    metadata = an_object(destination.value.get("metadata"))
    for member in ("id", "slug"):
        word = metadata.get(member)
        if isinstance(word, str) and word:
            return _WEBHOOKS.get(word)
    if {"hooks", "globalHook"} & _settings(destination).keys():
        return "classic"
    return "actions" if any(map(_sends, map(_settings, subscriptions))) else None


def _settings(part: Part) -> JsonObject:
    """Return a part's settings, or nothing where they cannot be read."""
    try:
        return object_in(part, "settings", "")
    except DestinationError:
        return {}


def _sends(settings: JsonObject) -> bool:
    return "url" in settings and ("data" in settings or "method" in settings)


def _in_production(key: str, destination: Part, kind: _Webhook, read: _Read) -> InProduction:
    named = destination.value.get("name")
    is_new = "id" in destination.unknown
    has_address = read.workspace.is_terraform and (is_new or destination.place != key)
    told: list[str] = []
    found: JsonObject | DestinationError
    try:
        found = _described(key, destination, kind, read, told)
    except DestinationError as error:
        found, told = error, []
    return InProduction(
        named if isinstance(named, str) else "",
        "" if is_new else key,
        destination.place if has_address else "",
        found,
        tuple(told),
    )


def _described(key: str, destination: Part, kind: _Webhook, read: _Read, told: list[str]) -> JsonObject:
    """Return a destination in the form of our file, and tell what is left out. Raises DestinationError."""
    _refuse_half(key, destination, kind, read)
    described: JsonObject = {"kind": kind, "enabled": switched_on(destination, read.name)}
    if kind == "actions":
        mappings = [mapping_of(part, read.name, told) for part in read.subscriptions.get(key, [])]
        described["mappings"] = [mapping for mapping in mappings if mapping is not None]
    described["filters"] = [filter_of(part, read.name) for part in read.filters.get(key, [])]
    settings = _settings(destination)
    if kind == "classic":
        told += hooks_left_out(settings)
    if settings.get("sharedSecret"):
        told.append("The shared secret is left out: SEGMENT_PENDO_WEBHOOK_SECRET sets it.")
    told += _beside(key, destination, read.workspace)
    destination_file.of(described, f"{read.name}, {short(destination.place, 200)}")
    return described


def _refuse_half(key: str, destination: Part, kind: _Webhook, read: _Read) -> None:
    """Raise DestinationError where the file lacks something of a destination."""
    workspace = read.workspace
    if "id" in destination.unknown and workspace.unlinked:
        what = f"the plan does not know yet whether {short(workspace.unlinked[0], 200)} is part of this"
        then = "Apply it, then give what `terraform show -json` prints of the state."
        refuse(read.name, destination.place, what, then)
    if key in workspace.cut:
        what = f"its list of {workspace.cut[key]} goes on, on a page that the file does not have"
        refuse(read.name, destination.place, what, "Add the answers of the further pages (pagination.next).")
    if kind == "actions" and not read.subscriptions.get(key) and not workspace.may_be_bare:
        what = "the file has no mapping of this destination"
        then = (
            "Segment's Public API gives them: GET /destinations/ID/subscriptions. Put its answers in a list."
        )
        refuse(read.name, destination.place, what, then)


def _beside(key: str, destination: Part, workspace: Workspace) -> Iterator[str]:
    """Yield what the file says of the way to a destination that its description does not hold."""
    value = destination.value
    source, metadata = value.get("sourceId", ""), an_object(value.get("metadata")).get("id")
    if value.get("enabled") is None:
        yield "The file does not say whether this destination is enabled: it is taken to be."
    for part in workspace.parts.get("plan", []):
        if part.value.get("sourceId", source) == source:
            plan = part.value.get("trackingPlanId", part.value.get("id"))
            its = f" ({short(plan, 60)})" if isinstance(plan, str) else ""
            yield f'A tracking plan{its} may change or block calls: "plan" names a file with it.'
    for part in workspace.parts.get("function", []):
        if _is_on(part) and part.value.get("integrationId") in (key, source):
            yield 'An insert function changes or blocks calls: "function" names a file with it.'
    for part in workspace.parts.get("transformation", []):
        is_its = part.value.get("destinationMetadataId") in (None, metadata)
        if _is_on(part) and is_its and part.value.get("sourceId") == source:
            yield "A transformation changes calls before they reach it: that is not worked out here."


def _is_on(part: Part) -> bool:
    return part.value.get("enabled") is not False

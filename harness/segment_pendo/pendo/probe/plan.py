"""The events of a probe: at most twenty, each with ids that begin with the mark of this probe.

Records of others are never named. The fields have the same names in each probe, so that a subscription that
is probed again has no more of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from segment_pendo.base import js_json, times
from segment_pendo.pendo.answers import MAX_BODY
from segment_pendo.pendo.ids import ANONYMOUS_PREFIX, MAX_BYTES, Kind
from segment_pendo.words import Json, JsonObject

__all__ = ["EXPECTED", "FIELD", "MARK", "MOST", "Ids", "Post", "Probe", "Seen"]

MARK: Final = "segment-pendo-probe-"
FIELD: Final = "sp_probe_"  # what the name of each field begins with
MOST: Final = 20  # events of a probe
EXPECTED: Final = frozenset({1, 2, 3, 4, 6, 15, 16})  # events that no reading refuses

# What the first call of a record sets, and the second one changes.
_FIRST: Final[JsonObject] = {f"{FIELD}kept": 1, f"{FIELD}null": 1, f"{FIELD}empty": 1}
_SECOND: Final[JsonObject] = {
    f"{FIELD}again": 1,
    f"{FIELD}null": None,
    f"{FIELD}empty": "",
    f"{FIELD}nested": {"part": 1},
    f"{FIELD}list": ["a", 1],
    f"{FIELD}Case": 1,
    # Each pair becomes one key by another reading: lower case, joined by _, joined by a dot.
    f"{FIELD}Same": 1,
    f"{FIELD}same": 2,
    f"{FIELD}pair": {"part": 1},
    f"{FIELD}pair_part": 2,
    f"{FIELD}pair.part": 2,
}
_AGAIN: Final[JsonObject] = {f"{FIELD}again": 2}


@dataclass(frozen=True)
class Post:
    """One request of a probe: `numbers` are those of its events, from 1; `what` says it in words."""

    numbers: tuple[int, ...]
    what: str
    body: Json
    method: str = "POST"

    @cached_property
    def bytes(self) -> bytes:
        """Return the body as it is sent."""
        return js_json.write(self.body)

    @property
    def shown(self) -> Json:
        """Return the body without what only makes it large."""
        context = self.body.get("context") if isinstance(self.body, dict) else None
        if not isinstance(self.body, dict) or not isinstance(context, dict) or "padding" not in context:
            return self.body
        return self.body | {"context": context | {"padding": "x..."}}


class Ids:
    """The ids of a probe with this mark; what each is for stands at the events."""

    def __init__(self, mark: str) -> None:
        self.account, self.hinted = f"{mark}-account", f"{mark}-hinted"
        self.listed = (f"{mark}-listed-1", f"{mark}-listed-2")
        self.repeated, self.put, self.patched = f"{mark}-repeated", f"{mark}-put", f"{mark}-patch"
        self.large = f"{mark}-large"
        self.visitor, self.eventless, self.tracked = f"{mark}-visitor", f"{mark}-eventless", f"{mark}-tracked"
        self.paged, self.anonymous_id = f"{mark}-paged", f"{mark}-anonymous"
        self.anonymous = f"{ANONYMOUS_PREFIX}{self.anonymous_id}"
        self.long = f"{mark}-long-".ljust(MAX_BYTES + 12, "x")
        self.cut = self.long[:MAX_BYTES]


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back: whether each event was taken, and each record, None where it is not there.

    `taken` is None for an event to which no answer came, or only one that says to come again.
    """

    taken: Mapping[int, bool | None]
    records: Mapping[tuple[Kind, str], Json]

    def record(self, kind: Kind, id: str) -> JsonObject | None:
        record = self.records.get((kind, id))
        return record if isinstance(record, dict) else None

    def fields(self, kind: Kind, id: str) -> JsonObject | None:
        """Return the metadata that webhooks have written; None where there is no such record."""
        record = self.record(kind, id)
        metadata = record.get("metadata") if record is not None else None
        group = metadata.get("segmentio") if isinstance(metadata, dict) else None
        return None if record is None else group if isinstance(group, dict) else {}

    def accounts(self, visitor: str) -> Sequence[Json] | None:
        """Return the accounts of a visitor; None where there is no such visitor."""
        record = self.record("visitor", visitor)
        accounts = record.get("accountIds") if record is not None else None
        return None if record is None else accounts if isinstance(accounts, list) else []


@dataclass(frozen=True)
class Probe:
    """A probe: the same mark and time make the same events. `at` must be near the time of sending (2.13)."""

    mark: str
    at: datetime

    @cached_property
    def ids(self) -> Ids:
        return Ids(self.mark)

    @property
    def wanted(self) -> tuple[tuple[Kind, str], ...]:
        """Return the records that are read back; no other one is asked for."""
        ids = self.ids
        accounts = (ids.account, ids.hinted, *ids.listed, ids.repeated, ids.put, ids.patched, ids.large)
        visitors = (ids.visitor, ids.eventless, ids.tracked, ids.paged, ids.anonymous, ids.long, ids.cut)
        return (*(("account", id) for id in accounts), *(("visitor", id) for id in visitors))

    def has_arrived(self, seen: Seen) -> bool:
        """Whether what every reading makes of the events is there: the account, with its second call."""
        return f"{FIELD}again" in (seen.fields("account", self.ids.account) or {})

    @cached_property
    def posts(self) -> tuple[Post, ...]:
        """Return the requests in their order; the second call of a record comes long after its first."""
        ids, post, array = self.ids, self._post, (_group(self.ids.listed[0]), _group(self.ids.listed[1]))
        again: JsonObject = {"messageId": f"{self.mark}-repeated"}
        large: JsonObject = {"padding": "x" * (MAX_BODY + 1)}
        hint: JsonObject = {"groupId": ids.hinted}
        return (
            post(1, "a group call", _group(ids.account, _FIRST, userId=ids.visitor)),
            post(2, "an identify call", _identify(ids.visitor, _FIRST)),
            post(3, "an identify call of a visitor that has no event", _identify(ids.eventless)),
            post(4, "a group call", _group(ids.repeated, {f"{FIELD}again": 1}, **again)),
            post(
                5, "a track call of a visitor that has nothing else", _track(ids.tracked, groupId=ids.account)
            ),
            post(6, "an identify call with a long userId", _identify(ids.long)),
            post(7, "an identify call without userId", _identify(None, anonymousId=ids.anonymous_id)),
            post(8, "a page call", {"type": "page", "userId": ids.paged, "name": "probe", "properties": {}}),
            Post(
                (9, 10), "an array of two group calls", [self._event(9, array[0]), self._event(10, array[1])]
            ),
            post(11, "a group call by PUT", _group(ids.put), "PUT"),
            post(12, "a group call by PATCH", _group(ids.patched), "PATCH"),
            post(13, "a group call of more than 1 MiB", _group(ids.large, context=large)),
            post(14, "an identify call without any id, which can only be ignored", _identify(None)),
            post(15, "a second group call of the account", _group(ids.account, _SECOND, userId=ids.visitor)),
            post(
                16, "a second identify call, with an account", _identify(ids.visitor, _SECOND, context=hint)
            ),
            post(17, "another call with the messageId of event 4", _group(ids.repeated, _AGAIN, **again)),
            post(18, "a track call of the visitor of event 2", _track(ids.visitor)),
            post(19, "a track call of the visitor of event 6", _track(ids.long)),
            post(20, "a track call of the visitor of event 7", _track(ids.anonymous)),
        )

    def _post(self, number: int, what: str, event: JsonObject, method: str = "POST") -> Post:
        return Post((number,), what, self._event(number, event), method)

    def _event(self, number: int, members: JsonObject) -> JsonObject:
        at = times.text(self.at)
        common: JsonObject = {
            "messageId": f"{self.mark}-{number}",
            "timestamp": at,
            "receivedAt": at,
            "context": {},
            "integrations": {},
        }
        return common | members


def _identify(user: str | None, traits: JsonObject | None = None, **members: Json) -> JsonObject:
    return {"type": "identify", "userId": user, "traits": traits or {f"{FIELD}again": 1}, **members}


def _group(account: str, traits: JsonObject | None = None, **members: Json) -> JsonObject:
    return {"type": "group", "groupId": account, "traits": traits or {f"{FIELD}again": 1}, **members}


def _track(user: str, **properties: Json) -> JsonObject:
    return {"type": "track", "userId": user, "event": "segment-pendo probe", "properties": properties}

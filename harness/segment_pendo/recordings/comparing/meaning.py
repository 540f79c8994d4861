"""What a recorded call means: what differs from run to run of the same code does not count.

That is what SDKs make anew (ids and times of messages, versions, addresses of pages), the ids of a fresh
device or browser (another one each run, but the same for the same calls), and what an app names as its own.
"""

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any, Final

from segment_pendo.base import js_json
from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.headers import header_pairs
from segment_pendo.segment.members import VARYING
from segment_pendo.words import Json, JsonObject

__all__ = ["DeviceIds", "IgnoreError", "Known", "Meaning", "device_ids"]

type _Path = tuple[str | int, ...]

_VOLATILE_CONTEXT: Final = frozenset({"ip", "userAgent", "userAgentData", "page", "instanceId"})
_VOLATILE_HEADERS: Final = frozenset({"user-agent", "x-retry-count"})
# Where SDKs put the id of a device or a browser, and what such an id looks like if it was made at random:
# a UUID, or 16, 32 or 40 hexadecimal digits.
_DEVICE_IDS: Final = (
    ("anonymousId",),
    ("previousId",),
    ("context", "device", "id"),
    ("context", "device", "advertisingId"),
)
_RANDOM: Final = re.compile(
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16}|[0-9a-f]{32}|[0-9a-f]{40}", re.IGNORECASE
)
_LETTER: Final = re.compile("[0-9a-f]", re.IGNORECASE)


class IgnoreError(SegmentPendoError):
    """A path to ignore is not a JSONPath; the text says which and why."""


class Meaning:
    """Reads calls without what differs from run to run.

    `ignore` are JSONPaths (RFC 9535) in a call of what differs in this app besides, such as
    `$.traits.lastSeen` or `$..sessionId`; the leading `$.` may be left out. Raises IgnoreError.
    """

    def __init__(self, ignore: Iterable[str] = ()) -> None:
        self._ignored = {path: _query(path) for path in ignore}
        self._unmet = set(self._ignored)

    def steady(self, call: Json) -> Json:
        """Return a call without what differs from run to run, but with the ids of its device."""
        if not isinstance(call, dict):
            return call
        return _steady(_without(call, self.places(call)))

    def places(self, value: Json) -> set[_Path]:
        """Return the places in a call or a webhook that match the paths to ignore."""
        if not isinstance(value, dict):
            return set()
        places: set[_Path] = set()
        for path, query in self._ignored.items():
            here = {tuple(found.parts) for found in query.finditer(value)}
            if here:
                self._unmet.discard(path)
                places |= here
        return places

    def unmet(self) -> list[str]:
        """Return the paths to ignore that nothing was at, in any call that was read."""
        return [path for path in self._ignored if path in self._unmet]

    def shaped(self, call: Json) -> Json:
        """Return a call as `steady`, with the shape of each id of a fresh device in its place."""
        steady = self.steady(call)
        for path in _DEVICE_IDS:
            id = _at(steady, path)
            if _is_random(id):
                steady = _put(steady, path, f"\0{_LETTER.sub('x', id)}")
        return steady

    def mark(self, call: Json) -> bytes:
        """Return a mark that is the same for the same call of another run, whatever its device's ids."""
        return _digest(js_json.keep(self.shaped(call)))

    def exact_mark(self, call: Json) -> bytes:
        """Return a mark that is the same for the same call of another run from the same device."""
        return _digest(js_json.keep(self.steady(call)))

    def request_mark(self, value: JsonObject) -> bytes:
        """Return a mark of the value of a request line, the same for the same request of another run."""
        headers = value.get("headers")
        kept: Json = [
            [name, text]
            for name, text in header_pairs(headers or [])
            if name.lower() not in _VOLATILE_HEADERS
        ]
        steady = value | {"envelope": self.shaped(value.get("envelope")), "headers": kept}
        return _digest(js_json.keep(steady))


def _query(path: str) -> Any:
    # It takes a tenth of a second, and only who ignores something needs it.
    from jsonpath import JSONPathEnvironment  # noqa: PLC0415 - as above
    from jsonpath.exceptions import JSONPathError  # noqa: PLC0415 - as above

    class Environment(JSONPathEnvironment):
        max_recursion_depth = js_json.MAX_DEPTH + 10

    text = path.strip()
    try:
        query = Environment(strict=True).compile(text if text.startswith("$") else f"$.{text}")
    except JSONPathError as error:
        msg = f"{path!r} is not a JSONPath such as $.traits.lastSeen: {str(error).splitlines()[0]}."
        raise IgnoreError(msg) from None
    if any(tuple(found.parts) in {(), ("type",)} for found in query.finditer({"type": "identify"})):
        msg = f"{path!r} would ignore whole calls; name the members that differ, such as $.traits.lastSeen."
        raise IgnoreError(msg)
    return query


def _digest(text: bytes) -> bytes:
    return blake2b(text, digest_size=16).digest()


def _steady(value: JsonObject) -> JsonObject:
    value = {key: inner for key, inner in value.items() if key not in VARYING}
    context = value.get("context")
    if isinstance(context, dict):
        value["context"] = _steady_context(context)
    return value


def _steady_context(context: JsonObject) -> JsonObject:
    context = {key: value for key, value in context.items() if key not in _VOLATILE_CONTEXT}
    library = context.get("library")
    if isinstance(library, dict):
        context["library"] = {key: value for key, value in library.items() if key != "version"}
    return context


def _without(value: Any, places: Iterable[_Path]) -> Any:
    """Return a value without what is at some places in it; the value itself stays as it is."""
    below: defaultdict[str | int, list[_Path]] = defaultdict(list)
    for place in places:
        below[place[0]].append(place[1:])
    if not below:
        return value
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    kept = [
        (key, _without(inner, below[key]) if key in below else inner)
        for key, inner in pairs
        if () not in below.get(key, ())
    ]
    return dict(kept) if isinstance(value, dict) else [inner for _, inner in kept]


# --- the ids of devices ---


def _is_random(value: Json) -> bool:
    return isinstance(value, str) and _RANDOM.fullmatch(value) is not None


def _at(value: Json, path: Sequence[str]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _put(value: Any, path: Sequence[str], new: Json) -> Any:
    """Return a value with another one at a path that it has."""
    key, rest = path[0], path[1:]
    return value | {key: _put(value[key], rest, new) if rest else new}


def device_ids(call: Json) -> tuple[str, ...]:
    """Return those ids of a call's device that are made at random, in a fixed order; '' where it has none."""
    ids = (_at(call, path) for path in _DEVICE_IDS)
    return tuple(id if _is_random(id) else "" for id in ids)


class DeviceIds:
    """Which device of an old run is which of a new one; each is at most one of the other."""

    def __init__(self) -> None:
        self._old: dict[str, str] = {}  # by the new id
        self._new: dict[str, str] = {}  # by the old id

    def of_old(self, new: Iterable[str]) -> tuple[str, ...]:
        """Return the old id for each new one; '' for one that was not met yet."""
        return tuple(self._old.get(id, "") for id in new)

    def fit(self, old: Iterable[str], new: Iterable[str]) -> bool:
        """Whether these ids can be those of the same devices."""
        return all(
            self._old.get(now, was) == was and self._new.get(was, now) == now
            for was, now in zip(old, new, strict=True)
        )

    def bind(self, old: Iterable[str], new: Iterable[str]) -> None:
        """Remember that these are the same devices."""
        for was, now in zip(old, new, strict=True):
            if was and now:
                self._old[now], self._new[was] = was, now

    def met(self, old: Iterable[str]) -> bool:
        """Whether each of these ids of the old run is bound."""
        return all(id in self._new for id in old if id)

    def in_old_words(self, call: Json) -> Json:
        """Return a call of the new run with the ids that its devices had in the old one."""
        for path in _DEVICE_IDS:
            old = self._old.get(str(_at(call, path)))
            if old is not None:
                call = _put(call, path, old)
        return call


class Known[T]:
    """Calls of an old run by their meaning; each can be taken once, by a call of the new run that fits."""

    def __init__(self, ids: DeviceIds, calls: Iterable[tuple[T, bytes, tuple[str, ...]]]) -> None:
        self._ids = ids
        self._new: defaultdict[bytes, dict[tuple[str, ...], deque[T]]] = defaultdict(dict)
        self._met: defaultdict[bytes, dict[tuple[str, ...], deque[T]]] = defaultdict(dict)
        for call, mark, of in calls:
            self._new[mark].setdefault(of, deque()).append(call)

    def take(self, mark: bytes, of: tuple[str, ...]) -> T | None:
        """Return the first call with this mark whose device can be the one with the ids `of`, or None."""
        known = self._ids.of_old(of)
        for old in (of, known):  # the same ids as before, or those that they are known to be
            waiting = self._new[mark].get(old) or self._met[mark].get(old)
            if waiting and self._ids.fit(old, of):
                self._ids.bind(old, of)
                return waiting.popleft()
        is_new = any(id and not was for id, was in zip(of, known, strict=True))
        return self._first(mark, of) if is_new else None

    def _first(self, mark: bytes, of: tuple[str, ...]) -> T | None:
        devices, met = self._new[mark], []
        found = None
        for old, waiting in devices.items():
            if self._ids.met(old):
                met.append(old)  # only its own device can take it: nobody needs to look at it again
            elif waiting and self._ids.fit(old, of):
                self._ids.bind(old, of)
                found = waiting.popleft()
                break
        for old in met:
            self._met[mark][old] = devices.pop(old)
        return found

"""Remove the secrets from a request before it is mapped, so that nothing derived from it has them either.

Level "keys": write keys, the Authorization header, cookies and any secret handed in. Traits stay as sent.
"""

import base64
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from segment_pendo.base import js_json
from segment_pendo.base.headers import header
from segment_pendo.base.steps import Steps, finished
from segment_pendo.segment import ingest
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.words import Batch, Call, Json, SdkRequest

__all__ = ["Keys", "Redacted", "redacted", "redacted_in_steps", "without_body"]

# The headers that say something about the SDK and nothing about a person. Bodies are kept decoded.
KEPT_HEADERS: Final = ("User-Agent", "Content-Type", "X-Retry-Count")
# A shorter text stands in calls by chance; replacing it everywhere would damage them.
_SHORTEST_LITERAL: Final = 12


@dataclass(slots=True)
class Keys:
    """Stand-ins for write keys, the same for the same key; `secrets` are replaced wherever they stand."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    _names: dict[str, str] = field(default_factory=dict, repr=False)

    def stand_in(self, key: str) -> str:
        """Return what stands for a write key from now on."""
        if key in self._names.values():  # made by us: redacting twice changes nothing
            return key
        return self._names.setdefault(key, f"WRITE_KEY_{len(self._names) + 1}")

    def learn(self, value: Json) -> None:
        """Remember every write key in a value, at any depth; call it before anything is replaced."""
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self.learn(inner)
        if isinstance(value, dict) and isinstance(value.get("writeKey"), str):
            self.stand_in(str(value["writeKey"]))

    def blanked(self, text: str) -> str:
        """Return a text with every known key and secret replaced."""
        for key, name in self._names.items():
            if len(key) >= _SHORTEST_LITERAL:
                text = text.replace(key, name)
        for secret in self.secrets:
            if len(secret) >= _SHORTEST_LITERAL:
                text = text.replace(secret, "SECRET")
        return text

    def needles(self) -> tuple[bytes, ...]:
        """Return every known key and secret, as it stands in JSON that `js_json.quick` wrote."""
        known = (text for text in (*self._names, *self.secrets) if len(text) >= _SHORTEST_LITERAL)
        return tuple(written[1:-1] for text in known if (written := js_json.quick(text)) is not None)

    def without(self, value: Json, name: str = "") -> Json:
        """Return a copy of the value of the member `name`, with every known key and secret replaced.

        Recurses once for each level; js_json.MAX_DEPTH keeps that far from the end of the stack.
        """
        if isinstance(value, str):
            return self.stand_in(value) if name == "writeKey" else self.blanked(value)
        if name == "writeKey" and isinstance(value, list | dict) and value:
            return "WRITE_KEY_OF_ANOTHER_TYPE"
        if isinstance(value, list):
            return [self.without(inner) for inner in value]
        if isinstance(value, dict):
            return {self.blanked(key): self.without(inner, key) for key, inner in value.items()}
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return "WRITE_KEY_OF_ANOTHER_TYPE" if name == "writeKey" and is_number else value


class Redacted(NamedTuple):
    """A request without its secrets and its body, and its calls; None if it has none to read.

    `untouched`: the indexes of the calls that are as they came, with all that their batch gives them; but
    write keys.
    """

    request: SdkRequest
    batch: Batch | None = None
    untouched: frozenset[int] = frozenset()


def redacted(
    request: SdkRequest, keys: Keys, switches: Switches = DEFAULT
) -> tuple[SdkRequest, Batch | None]:
    """Return the request without secrets, its body decoded, and its calls; None if it has none to read."""
    bare, batch, _ = finished(redacted_in_steps(request, keys, switches))
    if batch is None:
        return bare, None
    data: list[Json] = [call.data for call in batch.calls]
    body = js_json.keep(data[0] if batch.single else batch.envelope | {"batch": data})
    where = ingest.route(request)
    if where is not None and where.kind == "pixel":
        query = urlencode({"data": base64.urlsafe_b64encode(body).decode()})
        return replace(bare, query=query), batch
    return replace(bare, body=body), batch


def redacted_in_steps(request: SdkRequest, keys: Keys, switches: Switches = DEFAULT) -> Steps[Redacted]:
    """Do the same as `redacted`, a call a step; the request comes without its body, which `batch` holds."""
    batch = ingest.read(request, switches, spelled=True)
    yield None
    bare = without_body(request, keys)
    if not isinstance(batch, Batch) or not batch.calls:
        return Redacted(bare)
    if batch.write_key is not None:
        keys.stand_in(batch.write_key)
    keys.learn(batch.envelope)
    texts: list[bytes | None] = []
    for call in batch.calls:
        texts.append(_learned(call.data, keys, ordinary=batch.ordinary))
        yield None
    needles, calls, untouched = keys.needles(), list[Call](), list[int]()
    for call, text in zip(batch.calls, texts, strict=True):
        is_clean = text is not None and not any(needle in text for needle in needles)
        data = _renamed(call.data, keys) if is_clean else keys.without(call.data)
        calls.append(call if data is call.data else replace(call, data=data))
        untouched += [call.index] if is_clean else []
        yield None
    envelope = keys.without(batch.envelope)
    assert isinstance(envelope, dict)
    write_key = None if batch.write_key is None else keys.stand_in(batch.write_key)
    clean = replace(batch, calls=tuple(calls), envelope=envelope, write_key=write_key)
    if envelope | {"writeKey": None} != batch.envelope | {"writeKey": None}:
        untouched = []
    where = ingest.route(request)
    if where is not None and where.kind == "pixel":  # its query is its call
        return Redacted(_bare(request, b"", "", keys), clean, frozenset(untouched))
    bare = _bare(request, b"", _query(request.query, keys), keys)
    own = ingest.basic_user(request.headers)
    if own is not None:
        basic = base64.b64encode(f"{keys.stand_in(own)}:".encode()).decode()
        bare = replace(bare, headers=(*bare.headers, ("Authorization", f"Basic {basic}")))
    return Redacted(bare, clean, frozenset(untouched))


def _learned(data: Json, keys: Keys, *, ordinary: bool) -> bytes | None:
    """Learn the write keys of a call; return its JSON without its own one, or None if there are others.

    Whether a key stands in a call is seen in this text, ten times as fast as member by member.
    """
    own = data.get("writeKey") if isinstance(data, dict) else None
    rest = data
    if isinstance(data, dict) and own is not None:
        rest = {key: value for key, value in data.items() if key != "writeKey"}
    text = js_json.quick(rest) if ordinary else None
    if text is None or b'"writeKey"' in text or not (own is None or isinstance(own, str)):
        keys.learn(data)
        return None
    if own is not None:
        keys.stand_in(own)
    return text


def _renamed(data: Json, keys: Keys) -> Json:
    """Return a call in which nothing but its own write key is replaced."""
    own = data.get("writeKey") if isinstance(data, dict) else None
    return (
        data | {"writeKey": keys.stand_in(own)} if isinstance(data, dict) and isinstance(own, str) else data
    )


def without_body(request: SdkRequest, keys: Keys) -> SdkRequest:
    """Return a request that brought no call, without its secrets, its query and its body."""
    _learn(request, keys)
    return _bare(request, b"", "", keys)


def _learn(request: SdkRequest, keys: Keys) -> None:
    basic = ingest.basic_user(request.headers)
    if basic is not None:
        keys.stand_in(basic)
    for name, value in parse_qsl(request.query, errors="replace"):
        if name.lower() == "writekey":
            keys.stand_in(value)


def _bare(request: SdkRequest, body: bytes, query: str, keys: Keys) -> SdkRequest:
    kept = ((name, header(request.headers, name)) for name in KEPT_HEADERS)
    headers = tuple((name, keys.blanked(value)) for name, value in kept if value)
    # A key may stand in a path, and a refused request has none that we could know.
    path = keys.blanked(ingest.masked(request.path.partition("?")[0]))
    return replace(request, path=path, query=query, headers=headers, body=body)


def _query(query: str, keys: Keys) -> str:
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    return urlencode(
        [
            (keys.blanked(k), keys.stand_in(v) if k.lower() == "writekey" else keys.blanked(v))
            for k, v in pairs
        ],
        errors="replace",  # half a character, as JSON can hold it, has no place in a URL
    )

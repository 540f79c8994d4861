"""A request without its secrets, made before mapping, so that everything derived from it is free of them too.

Level "keys": write keys, the Authorization header, cookies and any secret handed in. Traits stay as sent.
"""

import base64
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlencode

from segment_pendo import js_json
from segment_pendo.segment import ingest
from segment_pendo.words import Batch, Json, JsonObject, SdkRequest

__all__ = ["Keys", "redacted"]

# The headers that say something about the SDK and nothing about a person.
KEPT_HEADERS: Final = ("User-Agent", "Content-Type", "Content-Encoding", "X-Retry-Count")
# A shorter text is no secret one would meet by chance; replacing it everywhere would damage the calls.
_SHORTEST_LITERAL: Final = 12


@dataclass(slots=True)
class Keys:
    """Stand-ins for write keys, the same for the same key; `secrets` are blanked wherever they stand."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    _names: dict[str, str] = field(default_factory=dict, repr=False)

    def stand_in(self, key: str) -> str:
        if key in self._names.values():  # made by us: redacting twice changes nothing
            return key
        return self._names.setdefault(key, f"WRITE_KEY_{len(self._names) + 1}")

    def literals(self) -> list[tuple[str, str]]:
        """What to replace in any text."""
        known = [(key, name) for key, name in self._names.items() if len(key) >= _SHORTEST_LITERAL]
        return [*known, *((secret, "SECRET") for secret in self.secrets if secret)]


def redacted(request: SdkRequest, keys: Keys) -> tuple[SdkRequest, Batch | None]:
    """The request without secrets, its body decoded, and the calls in it; None where it carries none that can be read."""
    batch = ingest.read(request)
    if not isinstance(batch, Batch) or not batch.calls:
        return _bare(request, b"", "", keys), None
    if batch.write_key is not None:
        keys.stand_in(batch.write_key)
    calls = [_without(call.data, keys) for call in batch.calls]
    if not batch.single:
        envelope = _without(batch.envelope, keys)
        assert isinstance(envelope, dict)
        body: Json = envelope | {"batch": calls}
    else:
        body = calls[0]
    text = js_json.keep(body)
    where = ingest.route(request)
    if where is not None and where.kind == "pixel":
        clean = _bare(request, b"", urlencode({"data": base64.urlsafe_b64encode(text).decode()}), keys)
    else:
        clean = _bare(request, text, _query(request.query, keys), keys)
    if batch.write_key is not None and ingest.header(request.headers, "authorization"):
        basic = base64.b64encode(f"{keys.stand_in(batch.write_key)}:".encode()).decode()
        clean = _replace_headers(clean, (*clean.headers, ("Authorization", f"Basic {basic}")))
    again = ingest.read(clean)
    return clean, again if isinstance(again, Batch) else None


def _bare(request: SdkRequest, body: bytes, query: str, keys: Keys) -> SdkRequest:
    # The body is decoded by now, so Content-Encoding is left out.
    headers = tuple(
        (name, _blanked(ingest.header(request.headers, name), keys))
        for name in KEPT_HEADERS
        if ingest.header(request.headers, name) and name != "Content-Encoding"
    )
    path = _blanked(request.path.partition("?")[0], keys)
    return SdkRequest(request.method, path, query, headers, body, request.host, request.ip, request.door)


def _replace_headers(request: SdkRequest, headers: tuple[tuple[str, str], ...]) -> SdkRequest:
    return SdkRequest(request.method, request.path, request.query, headers, request.body, request.host, request.ip, request.door)


def _query(query: str, keys: Keys) -> str:
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    return urlencode([(k, keys.stand_in(v) if k.lower() == "writekey" else _blanked(v, keys)) for k, v in pairs])


def _blanked(text: str, keys: Keys) -> str:
    for literal, name in keys.literals():
        text = text.replace(literal, name)
    return text


def _without(root: Json, keys: Keys) -> Json:
    """A copy of a value: top-level `writeKey` replaced, and every literal secret in any key or text."""
    if isinstance(root, dict) and isinstance(root.get("writeKey"), str):
        root = root | {"writeKey": keys.stand_in(str(root["writeKey"]))}
    literals = keys.literals()
    text = js_json.keep(root)
    quoted = [(js_json.keep(literal)[1:-1], name.encode()) for literal, name in literals]
    if not any(literal in text for literal, _ in quoted):
        return root
    for literal, name in quoted:
        text = text.replace(literal, name)
    return js_json.read(text).value


def envelope_of(batch: Batch) -> JsonObject | None:
    """What a batch says beside its calls; None for a single event."""
    return None if batch.single else batch.envelope

"""Calls as Segment's SDKs put them on the wire: path, headers, envelope and what each SDK adds to an event.

Taken from requests that the real SDKs sent (fixtures/sdk; for PHP from its source); the order of the keys in
an event is not kept. `http` is a call made by hand, as Segment's HTTP API documents it.
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.times import text
from segment_pendo.words import Headers, Json, JsonObject, SdkRequest

__all__ = ["SDKS", "requests"]

type Unique = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Sdk:
    """How one SDK sends its calls.

    `event` completes a call; `envelope` is what stands beside `batch` (None: one event for each request). In
    the `path` of single events, {type} and {letter} stand for the event's. `gzips`: the SDK can compress.
    """

    library: JsonObject
    headers: Headers
    event: Callable[[JsonObject, JsonObject, datetime, Unique], JsonObject]
    envelope: Callable[["Sdk", datetime, str, Unique], JsonObject] | None
    path: str = "/v1/batch"
    most: int = 100
    basic: bool = True
    gzips: bool = False


def requests(
    calls: Sequence[JsonObject], sdk: str, *, write_key: str, at: datetime, unique: Unique, host: str = ""
) -> list[SdkRequest]:
    """Return the requests in which an SDK sends calls (type, ids, traits or properties, event, name).

    `unique` returns a new UUID as text each time. Raises KeyError for an SDK that is not in SDKS.
    """
    how = SDKS[sdk]
    headers = how.headers
    if how.basic:
        headers = (
            *headers,
            ("Authorization", f"Basic {base64.b64encode(f'{write_key}:'.encode()).decode()}"),
        )
    events = [how.event(call, how.library, at, unique) for call in calls]
    if sdk == "browser-batching":
        events = [event | {"writeKey": write_key} for event in events]
    if how.envelope is None:
        own: JsonObject = {"writeKey": write_key, "sentAt": text(at)} if sdk == "browser" else {}
        bodies = [
            (how.path.format(type=call["type"], letter=str(call["type"])[0]), event | own)
            for call, event in zip(calls, events, strict=True)
        ]
    else:
        groups = [events[start : start + how.most] for start in range(0, len(events), how.most)]
        bodies = [(how.path, _enveloped(group, how.envelope(how, at, write_key, unique))) for group in groups]
    return [SdkRequest("POST", path, "", headers, js_json.keep(body), host) for path, body in bodies]


def _enveloped(events: Sequence[JsonObject], envelope: JsonObject) -> JsonObject:
    batch: Json = list(events)
    return {"batch": batch, **envelope}


# --- times ---


def _offset(at: datetime, precision: str = "milliseconds") -> str:
    return at.isoformat(timespec=precision)


def _nanoseconds(at: datetime) -> str:
    return at.isoformat(timespec="microseconds").removesuffix("+00:00") + "000Z"


# --- events ---


def _facts(call: JsonObject) -> JsonObject:
    """Return a call with the empty traits or properties that an SDK adds where the app gave none."""
    key = "traits" if call["type"] in {"identify", "group"} else "properties"
    return {key: {}, **call}


def _context(call: JsonObject, library: JsonObject, **own: Json) -> JsonObject:
    """Return the context: what the SDK knows by itself, then what the app gave, and always the library."""
    given = call.get("context")
    return {**own, **(given if isinstance(given, dict) else {}), "library": library}


def _python(call: JsonObject, library: JsonObject, at: datetime, unique: Unique) -> JsonObject:
    start: JsonObject = {"integrations": {}, "anonymousId": None, "userId": None, "timestamp": _offset(at)}
    return {**start, **_facts(call), "context": _context(call, library), "messageId": unique()}


def _stamp(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _node(call: JsonObject, library: JsonObject, at: datetime, unique: Unique) -> JsonObject:
    end: JsonObject = {
        "context": _context(call, library),
        "messageId": f"node-next-{_stamp(at)}-{unique()}",
        "_metadata": {"nodeVersion": "v20.20.2", "jsRuntime": "node"},
    }
    return {"timestamp": text(at), "integrations": {}, **_facts(call), **end}


def _browser(call: JsonObject, library: JsonObject, at: datetime, unique: Unique) -> JsonObject:
    start: JsonObject = {
        "timestamp": text(at),
        "integrations": {"Segment.io": True},
        "userId": None,
        "anonymousId": unique(),
    }
    page: JsonObject = {
        "path": "/",
        "referrer": "",
        "search": "",
        "title": "segment-pendo send",
        "url": "http://localhost:3000/",
    }
    end: JsonObject = {
        "context": _context(call, library, page=page, userAgent=_AGENT, locale="en-US", timezone="UTC"),
        "messageId": f"ajs-next-{_stamp(at)}-{unique()}",
        "_metadata": {"bundled": ["Segment.io"], "unbundled": [], "bundledIds": []},
    }
    return {**start, **_facts(call), **end}


def _react_native(call: JsonObject, library: JsonObject, at: datetime, unique: Unique) -> JsonObject:
    device: JsonObject = {
        "id": "device",
        "manufacturer": "Apple",
        "model": "x",
        "name": "iPhone",
        "type": "phone",
    }
    own: JsonObject = {
        "app": {"build": "1", "name": "segment-pendo send", "namespace": "com.example", "version": "1.0"},
        "device": device,
        "locale": "en_US",
        "network": {"cellular": False, "wifi": True},
        "os": {"name": "iOS", "version": "17.0"},
        "screen": {"width": 400, "height": 800, "density": 2},
        "timezone": "UTC",
        "traits": {},
        "instanceId": unique(),
    }
    end: JsonObject = {
        "context": _context(call, library, **own),
        "_metadata": {"bundled": [], "unbundled": [], "bundledIds": []},
    }
    return {
        "messageId": unique(),
        "timestamp": text(at),
        "integrations": {},
        "anonymousId": unique(),
        **_facts(call),
        **end,
    }


def _http(call: JsonObject, _library: JsonObject, _at: datetime, _unique: Unique) -> JsonObject:
    return {key: value for key, value in call.items() if key != "type"}  # the path says it


def _ruby(call: JsonObject, library: JsonObject, at: datetime, unique: Unique) -> JsonObject:
    return {
        "messageId": unique(),
        "timestamp": _offset(at),
        **_facts(call),
        "context": _context(call, library),
    }


def _go(call: JsonObject, _library: JsonObject, at: datetime, unique: Unique) -> JsonObject:
    return {"type": call["type"], "messageId": unique(), **call, "timestamp": _nanoseconds(at)}


def _php(call: JsonObject, library: JsonObject, at: datetime, unique: Unique) -> JsonObject:
    context = _context(call, library | {"consumer": "LibCurl"})
    return {**_facts(call), "context": context, "messageId": unique(), "timestamp": _offset(at, "seconds")}


# --- envelopes ---


def _python_envelope(_sdk: Sdk, at: datetime, write_key: str, _unique: Unique) -> JsonObject:
    return {"sentAt": _offset(at, "microseconds"), "writeKey": write_key}


def _node_envelope(_sdk: Sdk, at: datetime, write_key: str, _unique: Unique) -> JsonObject:
    return {"writeKey": write_key, "sentAt": text(at)}


def _react_native_envelope(_sdk: Sdk, at: datetime, write_key: str, _unique: Unique) -> JsonObject:
    return {"sentAt": text(at), "writeKey": write_key}


def _ruby_envelope(_sdk: Sdk, at: datetime, _write_key: str, _unique: Unique) -> JsonObject:
    return {"sentAt": _offset(at)}


def _go_envelope(sdk: Sdk, at: datetime, _write_key: str, unique: Unique) -> JsonObject:
    return {"messageId": unique(), "sentAt": _nanoseconds(at), "context": {"library": sdk.library}}


def _php_envelope(_sdk: Sdk, at: datetime, _write_key: str, _unique: Unique) -> JsonObject:
    return {"sentAt": _offset(at, "seconds")}


_AGENT: Final = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"
)


def _json(agent: str) -> Headers:
    return (("Content-Type", "application/json"), ("User-Agent", agent))


_BROWSER: Final[Headers] = (("Content-Type", "text/plain"), ("User-Agent", _AGENT))
SDKS: Final[dict[str, Sdk]] = {
    "python": Sdk(
        {"name": "analytics-python", "version": "2.4.0"},
        _json("analytics-python/2.4.0"),
        _python,
        _python_envelope,
        gzips=True,
    ),
    "node": Sdk(
        {"name": "@segment/analytics-node", "version": "3.1.0"},
        _json("analytics-node-next/latest"),
        _node,
        _node_envelope,
        most=15,
    ),
    "browser": Sdk(
        {"name": "analytics.js", "version": "npm:next-1.84.3"}, _BROWSER, _browser, None, "/v1/{letter}"
    ),
    "browser-batching": Sdk(
        {"name": "analytics.js", "version": "npm:next-1.84.3"}, _BROWSER, _browser, _node_envelope, "/v1/b"
    ),
    "react-native": Sdk(
        {"name": "analytics-react-native", "version": "2.21.4"},
        (("Content-Type", "application/json; charset=utf-8"), ("User-Agent", "node")),
        _react_native,
        _react_native_envelope,
        "/v1/b",
        basic=False,
    ),
    "http": Sdk({}, _json("curl/7.88.1"), _http, None, "/v1/{type}"),
    "ruby": Sdk(
        {"name": "analytics-ruby", "version": "2.5.0"},
        _json("analytics-ruby/2.5.0"),
        _ruby,
        _ruby_envelope,
        "/v1/import",
    ),
    "go": Sdk(
        {"name": "analytics-go", "version": "3.0.0"},
        _json("analytics-go (version: 3.0.0)"),
        _go,
        _go_envelope,
    ),
    "php": Sdk(
        {"name": "analytics-php", "version": "3.8.2"},
        _json("analytics-php/3.8.2"),
        _php,
        _php_envelope,
        gzips=True,
    ),
}

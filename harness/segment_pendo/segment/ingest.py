"""Segment's ingest API: from an SDK's HTTP request to the calls in it, and the answer Segment gives.

Only what Segment documents is refused with a 400: bad JSON and oversize (I-36). All else is answered 200,
also what is dropped afterwards (server.py says what). Types and encodings are read from the bytes, never from
Content-Type (I-30).
"""

import base64
import binascii
import re
import zlib
from dataclasses import replace
from typing import Final, Literal, NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.headers import header
from segment_pendo.base.suggestion import nearest
from segment_pendo.segment import cdn_settings, oauth, rudder
from segment_pendo.segment.codes import note
from segment_pendo.segment.refused import lost_with_it, not_finite
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.words import Batch, Call, Finding, Headers, Json, JsonObject, Refusal, Reply, SdkRequest

__all__ = [
    "ACCEPTED",
    "Route",
    "accepted",
    "alone",
    "basic_user",
    "is_script",
    "library_name",
    "masked",
    "read",
    "refused",
    "route",
    "settings_reply",
]

TYPES: Final = ("identify", "group", "track", "page", "screen", "alias")  # M-1
# Analytics.js builds the path from the first letter of the type (I-12).
_SHORT: Final = {name[0]: name for name in TYPES}
_LIKE: Final = 0.75  # how like a path must be to be the one that was meant
MAX_SINGLE: Final = 32 * 1024  # I-40: "32 KB"; the SDKs' own limits lie between 32,000 and 32,768
MAX_BATCH: Final = 500 * 1024  # I-41: "500 KB"
_MOST_DOTS: Final = 20
MOST_ITEMS: Final = 10_000  # of a batch; four times what Segment takes
SHARED: Final = ("context", "integrations")  # S-2: what each call of a batch gets from its envelope
# Decoding stops here; nothing that Segment accepts comes near it.
MAX_DECODED: Final = 4 * 1024 * 1024

# I-10; I-11: import, and a slash at the end; I-13: b; I-14: metrics are no events; I-19: any prefix.
_PATH = re.compile(
    r"(?:/.*)?/v1/(?:(?P<single>identify|group|track|page|screen|alias|[igtpsa])"
    r"|(?P<batch>batch|import|b)|(?P<metrics>m)"
    r"|pixel/(?P<pixel>identify|group|track|page|screen|alias|[igtpsa]))/?",
    re.DOTALL,
)
# I-18: Analytics.js itself and what it loads.
_SCRIPT_PATH = re.compile(r"(?:/.*)?/(?:analytics\.js/v1/|next-integrations/|[^/]+\.js$).*", re.DOTALL)
_SLASHES = re.compile(r"/{2,}")
_MAYBE_KEY = re.compile(r"(?<=/)(?:eyJ[\w.-]{17,}|[A-Za-z0-9_-]{20,})(?=[/?]|$)")
_SETTINGS_PATH = re.compile(r"(?:/.*)?/projects/(?P<key>[^/]+)/settings/?")
# Older Analytics.js posts its batches to PROXY/batch (I-15); rudder's beacon path ends in /v1/batch anyway.
_BARE_BATCH = re.compile(r"(?:/.*)?/batch/?")

type Kind = Literal["single", "batch", "metrics", "pixel", "settings", "source_config", "token", "preflight"]


class Route(NamedTuple):
    """What a path is for; `name` is the event type (single, pixel) or the write key (settings)."""

    kind: Kind
    name: str = ""
    short: bool = False


def route(request: SdkRequest) -> Route | None:
    """Return what this request is for, or None where Segment has no such path (I-2, I-10 to I-19)."""
    path = _tidied(request.path)
    if oauth.is_token_path(path):  # no preflight: tokens are not for pages
        return Route("token") if request.method == "POST" else None
    if request.method == "OPTIONS":
        return Route("preflight")
    settings = _SETTINGS_PATH.fullmatch(path)
    if settings and request.method in {"GET", "HEAD"}:
        from urllib.parse import unquote  # noqa: PLC0415 - verbs that map files need none of it

        return Route("settings", unquote(settings["key"]))
    if rudder.is_config_path(path):
        return Route("source_config") if request.method in {"GET", "HEAD"} else None
    match = _PATH.fullmatch(path)
    if match is None:
        bare_batch = _BARE_BATCH.fullmatch(path) and request.method == "POST"
        return Route("batch") if bare_batch else None
    if match["pixel"]:
        return Route("pixel", _long(match["pixel"])) if request.method in {"GET", "HEAD"} else None
    if request.method != "POST":
        return None
    if match["single"]:
        return Route("single", _long(match["single"]), short=len(match["single"]) == 1)
    return Route("batch" if match["batch"] else "metrics")


def _tidied(path: str) -> str:
    return _SLASHES.sub("/", path.partition("?")[0])


def masked(path: str) -> str:
    """Return a path with those parts hidden that may be a key (Segment's have 32 characters, Pendo's 36)."""
    return _MAYBE_KEY.sub("****", path)


def is_script(request: SdkRequest) -> bool:
    """Whether this asks for Analytics.js or a part of it, which only Segment's CDN has (I-18)."""
    return (
        request.method in {"GET", "HEAD"}
        and route(request) is None
        and _SCRIPT_PATH.fullmatch(request.path) is not None
    )


def _long(name: str) -> str:
    return _SHORT.get(name, name)


def read(request: SdkRequest, switches: Switches = DEFAULT, *, spelled: bool = False) -> Batch | Refusal:
    """Return the calls of a request, or why it is refused. Never raises.

    A preflight and requests for settings, metrics or a token have no calls. `spelled`: numbers keep their
    spelling for js_json.keep; the calls then need the exact writer.
    """
    where = route(request)
    if where is None:
        return _read_unrouted(request, switches, spelled=spelled)
    if where.kind == "pixel":
        return _read_pixel(request, where, spelled=spelled)
    refusal = oauth.wrong(request) if where.kind == "token" else None
    if refusal is not None:
        return refusal
    if where.kind not in {"single", "batch"}:
        return Batch((), single=False, client=False, ordinary=True, envelope={}, size=0)
    body = _decoded(request)
    if isinstance(body, Refusal):
        return body
    limit, words = (
        (MAX_SINGLE, "32 KB for one call") if where.kind == "single" else (MAX_BATCH, "500 KB for a batch")
    )
    if len(body) > limit:
        message = f"The body has {len(body):,} bytes decoded; Segment answers 400 above {words}."
        return Refusal(400, "too_large", message + lost_with_it(body))
    parsed = _parsed(body, spelled=spelled)
    if isinstance(parsed, Refusal):
        return parsed
    if not isinstance(parsed.value, dict):
        return _misshapen(
            "The body is JSON but not an object; Segment expects one event or {batch: [...]}.", switches
        )
    if where.kind == "single":
        return _single(request, where, parsed.value, len(body), switches, ordinary=parsed.ordinary)
    return _batch(request, parsed.value, len(body), switches, ordinary=parsed.ordinary)


def _misshapen(message: str, switches: Switches) -> Refusal:
    return Refusal(400 if switches.bad_shape == "refused" else 200, "bad_request", message)  # I-36


def _read_unrouted(request: SdkRequest, switches: Switches, *, spelled: bool) -> Batch | Refusal:
    """Read a request to a path that Segment does not have: only its body says whether it holds calls.

    Mobile SDKs POST a batch to whatever URL they are given, such as a proxy's own path (I-5).
    """
    if is_script(request):
        return Refusal(
            404,
            "cdn_script",
            "Scripts of cdn.segment.com are served here only from npm's @segment/analytics-next, which is "
            "not installed where the run was started; install it, or let the proxy fetch them.",
        )
    message = f"{request.method[:20]} {masked(request.path)[:200]} is not a path of Segment's ingest API."
    path = _tidied(request.path)
    if request.method != "POST" and (_PATH.fullmatch(path) or oauth.is_token_path(path)):
        message = f"{masked(request.path)[:200]} takes POST, not {request.method[:20]}."
    else:
        message += _meant(path)
    unknown = Refusal(404, "unknown_path", message)
    body = _decoded(request) if request.method == "POST" else b""
    if isinstance(body, Refusal) or not body or len(body) > MAX_BATCH:
        return unknown
    parsed = _parsed(body, spelled=spelled)
    if isinstance(parsed, Refusal) or not isinstance(parsed.value, dict):
        return unknown
    if isinstance(parsed.value.get("batch"), list):
        return _batch(request, parsed.value, len(body), switches, ordinary=parsed.ordinary)
    kind = _type_of(parsed.value)
    if kind in TYPES and len(body) <= MAX_SINGLE:
        return _single(
            request, Route("single", kind), parsed.value, len(body), switches, ordinary=parsed.ordinary
        )
    return unknown


def _meant(path: str) -> str:
    """Return a question about the path that was meant, where one of Segment's is like it."""
    near = nearest(path.rpartition("/")[2], [*TYPES, "batch", "import"], _LIKE)
    return f" Did you mean /v1/{near}?" if near else ""


def _single(
    request: SdkRequest, where: Route, event: JsonObject, size: int, switches: Switches, *, ordinary: bool
) -> Batch:
    # S-6: the endpoint gives the type.
    kind = where.name if switches.type_conflict == "path" else _type_of(event) or where.name
    write_key, notes = _write_key(event, request, switches)
    batch = alone(Call(0, kind, event), size, write_key, ordinary=ordinary, client=where.short)
    return replace(batch, notes=notes) if notes else batch


def alone(call: Call, size: int, write_key: str | None, *, ordinary: bool, client: bool = False) -> Batch:
    """Return one call as the batch that its own path would bring.

    M-12: only what Analytics.js posts one by one counts as the client channel.
    """
    event = call.data if isinstance(call.data, dict) else {}
    is_client = client or library_name(event).startswith("analytics.js")
    return Batch(
        (call,), single=True, client=is_client, ordinary=ordinary, envelope={}, size=size, write_key=write_key
    )


def _batch(
    request: SdkRequest, envelope: JsonObject, size: int, switches: Switches, *, ordinary: bool
) -> Batch | Refusal:
    items = envelope.get("batch")
    if not isinstance(items, list):
        return _misshapen("The body has no list named batch.", switches)
    if not items:  # I-50
        if switches.empty_batch == "refused":
            return Refusal(400, "empty_batch", "The batch has no calls, so Segment refuses it.")
        return Refusal(200, "empty_batch", "The batch has no calls; Segment answers 200 and drops it.")
    if len(items) > MOST_ITEMS:  # I-43: Segment rejects them after its 200; so many are not worth the work
        return Refusal(
            200,
            "too_many_messages",
            f"The batch has {len(items):,} calls; Segment answers 200 but rejects more than 2,500. Beyond "
            f"{MOST_ITEMS:,}, none of them is mapped here; send smaller batches.",
        )
    if switches.large_item == "request" and size > MAX_SINGLE:  # I-42
        large = max(len(js_json.write(item, ordinary=ordinary)) for item in items)
        if large > MAX_SINGLE:
            message = (
                f"A call of the batch has {large:,} bytes; Segment answers 400 above 32 KB for one call."
            )
            return Refusal(400, "message_too_large", message)
    calls = tuple(Call(index, _type_of(item), item) for index, item in enumerate(items))  # S-1
    rest = {key: value for key, value in envelope.items() if key != "batch"}
    write_key, notes = _write_key(envelope, request, switches)
    return Batch(
        calls,
        single=False,
        client=False,
        ordinary=ordinary,
        envelope=rest,
        size=size,
        write_key=write_key,
        notes=notes,
        shared=_shared(rest, ordinary=ordinary) if size > MAX_SINGLE else 0,
    )


def _shared(envelope: JsonObject, *, ordinary: bool) -> int:
    shared = (envelope.get(key) for key in SHARED)
    return sum(len(js_json.write(value, ordinary=ordinary)) for value in shared if isinstance(value, dict))


def _type_of(item: Json) -> str | None:
    kind = item.get("type") if isinstance(item, dict) else None
    return kind if isinstance(kind, str) else None


def library_name(event: JsonObject) -> str:
    """Return context.library.name, or an empty text."""
    context = event.get("context")
    library = context.get("library") if isinstance(context, dict) else None
    name = library.get("name") if isinstance(library, dict) else None
    return name if isinstance(name, str) else ""


def _write_key(
    body: JsonObject, request: SdkRequest, switches: Switches
) -> tuple[str | None, tuple[Finding, ...]]:
    """Return the write key, and a finding where there are two: the body's wins over the header's (I-21).

    A beacon cannot set headers and puts the key into the query.
    """
    named = body.get("writeKey")
    own = named if isinstance(named, str) else None
    basic = basic_user(request.headers)
    keys = (own, basic) if switches.write_key == "body" else (basic, own)
    key = next((key for key in keys if key is not None), None)
    if not key and request.query:
        from urllib.parse import parse_qsl  # noqa: PLC0415 - as above

        key = next(
            (value for name, value in parse_qsl(request.query, errors="replace") if name == "writeKey"), None
        )
    if own is None or basic is None or own == basic:
        return key, ()
    text = (
        f"The body and the Authorization header have different write keys; the {switches.write_key}'s is "
        "taken here. Send only one key."
    )
    return key, (note("WRITE_KEYS_DIFFER", "$.writeKey", text),)


def basic_user(headers: Headers) -> str | None:
    """Return the write key of a Basic header, or None.

    It is the user, with or without the colon (I-20), or the password if the user is empty.
    """
    scheme, _, encoded = header(headers, "authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip() + "==").decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None
    user, _, password = text.partition(":")
    return user or password or None


def _decoded(request: SdkRequest) -> bytes | Refusal:
    """Return the body without its gzip (I-31); limits are measured on it (I-46)."""
    coding = header(request.headers, "content-encoding").strip().lower()
    if request.body.startswith(b"\x1f\x8b"):
        return _gunzipped(request.body)
    if coding in {"", "identity"}:
        return request.body
    if coding in {"gzip", "x-gzip"}:
        return Refusal(400, "bad_gzip", "Content-Encoding says gzip, but the body is not gzip.")
    return Refusal(
        400, "bad_encoding", "The Content-Encoding of the body is not gzip; Segment documents no other."
    )


def _gunzipped(data: bytes) -> bytes | Refusal:
    decoder = zlib.decompressobj(wbits=31)
    try:
        body = decoder.decompress(data, MAX_DECODED)
    except zlib.error:
        return Refusal(400, "bad_gzip", "The body is gzip but damaged.")
    if decoder.unconsumed_tail:
        return Refusal(400, "too_large", f"The body decodes to more than {MAX_DECODED:,} bytes.")
    if not decoder.eof:
        return Refusal(400, "bad_gzip", "The gzip body is cut off.")
    return body


def _parsed(body: bytes, *, spelled: bool) -> js_json.Parsed | Refusal:
    try:
        return js_json.read(body, spelled=spelled)
    except RecursionError:
        return Refusal(400, "bad_json", "The JSON is nested too deeply to be read.")
    except ValueError as error:
        said = not_finite(body) or f"The body is not JSON: {js_json.why(error)}."
        return Refusal(400, "bad_json", said)


def _read_pixel(request: SdkRequest, where: Route, *, spelled: bool) -> Batch | Refusal:
    """Return the event of a pixel: `data`, else dotted query parameters (I-16).

    `data` is JSON in base64, in either alphabet, padded or not.
    """
    from urllib.parse import parse_qsl  # noqa: PLC0415 - as above

    query = parse_qsl(
        request.query or request.path.partition("?")[2], keep_blank_values=True, errors="replace"
    )
    data = next((value for key, value in query if key == "data"), None)
    if data is None:
        event, ordinary, size = _undotted(query), False, 0
    else:
        text = data.replace(" ", "+").replace("-", "+").replace("_", "/").rstrip("=")
        try:
            body = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError):
            return Refusal(
                200,
                "bad_pixel",
                "The pixel's data is not base64; Segment answers with the image and drops it.",
            )
        parsed = _parsed(body, spelled=spelled)
        if isinstance(parsed, Refusal) or not isinstance(parsed.value, dict):
            return Refusal(
                200,
                "bad_pixel",
                "The pixel's data is not a JSON object; Segment answers with the image and drops it.",
            )
        event, ordinary, size = parsed.value, parsed.ordinary, len(body)
    key = event.get("writeKey")
    return alone(Call(0, where.name, event), size, key if isinstance(key, str) else None, ordinary=ordinary)


def _undotted(query: list[tuple[str, str]]) -> JsonObject:
    event: JsonObject = {}
    for key, value in query:
        *parents, last = key.split(".", _MOST_DOTS)
        target = event
        for parent in parents:
            inner = target.setdefault(parent, {})
            if not isinstance(inner, dict):
                inner = target[parent] = {}
            target = inner
        target[last] = value
    return event


# --- answers ---

ACCEPTED: Final = b'{"success": true}'  # I-34; SDKs demand exactly 200 and a JSON body (I-33)
_JSON: Final = ("Content-Type", "application/json")
_GIF: Final = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


def _cors(request: SdkRequest) -> Headers:
    origin = header(request.headers, "origin")
    if not origin:
        return ()
    return (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "Retry-After"),
        ("Vary", "Origin"),
    )


def accepted(request: SdkRequest) -> Reply:
    """Return the answer to a request that Segment takes.

    `200 {"success": true}`; an image for the pixel; a token; CORS headers for browsers (I-70).
    """
    where = route(request)
    kind = where.kind if where else ""
    if where and kind == "settings":
        return settings_reply(request, where.name)
    if kind == "source_config":
        return Reply(200, (_JSON, *_cors(request)), js_json.write(rudder.CONFIG))
    if kind == "token":
        return oauth.granted()
    if kind == "pixel":
        return Reply(
            200, (("Content-Type", "image/gif"), ("Cache-Control", "no-store"), *_cors(request)), _GIF
        )
    if kind == "preflight":
        wanted = (
            header(request.headers, "access-control-request-headers")
            or "authorization, content-type, x-retry-count"
        )
        allow = (
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
            ("Access-Control-Allow-Headers", wanted),
            ("Access-Control-Max-Age", "600"),
        )
        return Reply(200, (*_cors(request), *allow), b"")
    return Reply(200, (_JSON, *_cors(request)), ACCEPTED)


def refused(request: SdkRequest, refusal: Refusal) -> Reply:
    """Return the answer to a request that brought no call.

    It is always a JSON object: Ruby's SDK parses the body of any status (I-33, I-35).
    """
    if refusal.status == 200:
        return accepted(request)
    if oauth.is_token_request(request):
        return oauth.refused(refusal)
    body: Json = {
        "success": False,
        "code": refusal.code,
        "message": refusal.message,
        "error": refusal.message,
    }
    return Reply(refusal.status, (_JSON, *_cors(request)), js_json.write(body))


def settings_reply(request: SdkRequest, write_key: str, settings: JsonObject | None = None) -> Reply:
    """Return CDN settings that keep an SDK with us (I-17): production's `settings` (D-70), or our own."""
    below = f"/s/{request.session}" if request.session else ""
    api_host = "api.segment.io/v1" if request.door == "proxy" else f"{request.host}{below}/v1"
    is_home = request.door == "home"
    if settings is None:
        body = js_json.write(cdn_settings.own(api_host, "http" if is_home else None, write_key))
    else:
        protocol = "http" if is_home else "https"
        body = js_json.keep(cdn_settings.kept_here(settings, api_host, protocol, write_key))
    return Reply(200, (_JSON, *_cors(request)), body)

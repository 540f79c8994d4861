"""What Segment's servers do to a call before a destination sees it, and which calls they drop in silence.

Rules: facts M (schema), T (times), S (what is added), I (drops after a 200). Codes in lower case with a rule
number are Segment's own; `message_too_large`, `too_many_messages`, `message_id_too_long` and `unknown_type`
are ours, for drops that Segment documents without a name, and `shared_too_large` for a limit of ours.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from segment_pendo.base import js_json, times
from segment_pendo.segment.codes import note
from segment_pendo.segment.ingest import MAX_SINGLE, SHARED, TYPES, library_name
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.words import Batch, Call, Finding, Json, JsonObject, Message, Skipped

__all__ = ["MakeId", "corrected", "deliver", "message_id"]

MAX_MESSAGES: Final = 2500  # I-43
MAX_SHARED: Final = 8_000_000  # bytes that a batch may grow to by what its calls share: an assumption
MAX_MESSAGE_ID: Final = 100  # I-44, in characters
# S-11: libraries that run on a device, for which Segment fills context.ip in a batch.
DEVICE_LIBRARIES: Final = frozenset(
    {
        "analytics.js",
        "analytics-ios",
        "analytics-android",
        "analytics-swift",
        "analytics-kotlin",
        "analytics-react-native",
    }
)
type MakeId = Callable[[], str]
_KSUID: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def deliver(
    call: Call, batch: Batch, *, received: datetime, ip: str, message_id: MakeId, switches: Switches = DEFAULT
) -> Message | Skipped:
    """Return the message that a destination would see, or why Segment drops the call.

    `message_id` makes a messageId for a call that has none. Segment also has codes for a whole batch (I-51,
    I-52); here each call has its own. Suppressed users and plans are not known (S-22). The input is not
    changed.
    """
    data = call.data
    if not isinstance(data, dict):  # I-60
        return Skipped(
            "bad_request",
            "This item of the batch is not a JSON object, so Segment drops it; send an object.",
        )
    dropped = _oversize(call, batch, switches) or _malformed(call.type, data, switches)
    return dropped or _completed(call, data, batch, switches, received=received, ip=ip, message_id=message_id)


# --- drops (M-2: what else may be missing is delivered) ---


def _oversize(call: Call, batch: Batch, switches: Switches) -> Skipped | None:
    if batch.single:  # the whole body was measured at the door; more properties than I-45 allows do not fit
        return None
    if len(batch.calls) > MAX_MESSAGES and (switches.surplus == "batch" or call.index >= MAX_MESSAGES):
        reason = (
            f"The batch has {len(batch.calls):,} calls; Segment answers 200 but rejects more than "
            f"{MAX_MESSAGES:,}; send smaller batches."
        )
        return Skipped("too_many_messages", reason)
    if batch.shared * len(batch.calls) > MAX_SHARED and call.index >= MAX_SHARED // batch.shared:
        grown = batch.shared * len(batch.calls) // 1_000_000
        return Skipped(
            "shared_too_large",
            f"The batch shares {batch.shared:,} bytes of context, which its {len(batch.calls):,} calls would "
            f"make {grown:,} MB; only the first {MAX_SHARED // batch.shared} are mapped here, and nobody "
            "says what Segment does with the rest. Send a smaller context.",
        )
    if batch.size <= MAX_SINGLE:  # none of its calls can be larger
        return None
    size = len(js_json.write(call.data, ordinary=batch.ordinary))
    if size > MAX_SINGLE:  # I-42
        return Skipped(
            "message_too_large", f"The call has {size:,} bytes; Segment takes at most 32 KB for one call."
        )
    return None


_TYPES: Final = frozenset(TYPES)
_SHARED: Final = frozenset(SHARED)
_KINDS: Final = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "an object"}


def _malformed(kind: str | None, data: JsonObject, switches: Switches) -> Skipped | None:
    if kind not in _TYPES:
        named = "The call has no type" if kind is None else f"{kind[:40]!r} is not a type that Segment knows"
        return Skipped("unknown_type", f"{named}; it must be one of {', '.join(TYPES)}, in lower case.")
    has_id = False
    for key in ("userId", "anonymousId"):
        value = data.get(key)
        if value is None or (value == "" and switches.empty_id == "absent"):  # I-61, I-65
            continue
        if not isinstance(value, str) or value == "":  # I-54, I-62
            what = "an empty text" if value == "" else f"{_KINDS.get(type(value), 'a value')}, not a text"
            return Skipped(
                "id_not_string", f"{key} is {what}, so Segment drops the call; send a text that is not empty."
            )
        has_id = True
    if not has_id:  # I-53
        empty = "" in (data.get("userId"), data.get("anonymousId"))
        also = " (an empty text counts as none)" if empty else ""
        return Skipped(
            "no_user_anon_id",
            f"The call has neither userId nor anonymousId{also}, so Segment drops it; send userId, which is "
            "what Pendo needs.",
        )
    if switches.long_message_id == "dropped" and _is_long(data.get("messageId")):  # I-44
        return Skipped(
            "message_id_too_long",
            f"messageId has more than {MAX_MESSAGE_ID} characters, so Segment drops the call; "
            "leave it to the SDK.",
        )
    return _CHECKS[kind](data)


def _is_long(value: Json) -> bool:
    return isinstance(value, str) and len(value) > MAX_MESSAGE_ID


def _traits(data: JsonObject) -> Skipped | None:
    return _object(data, "traits")  # I-57


def _object(data: JsonObject, key: str) -> Skipped | None:
    value = data.get(key)
    if value is None or isinstance(value, dict):
        return None
    return Skipped(
        f"{key}_not_object", f"{key} is not a JSON object, so Segment drops the call; send an object."
    )


def _track(data: JsonObject) -> Skipped | None:
    event = data.get("event")
    if event is None:  # I-55
        return Skipped(
            "event_not_defined",
            "The track call has no event, so Segment drops it; send the name of the event.",
        )
    if not isinstance(event, str) or not event:
        return Skipped(
            "event_not_string",
            "event is not a text or is empty, so Segment drops the call; send the name of the event.",
        )
    return _object(data, "properties")  # I-56


def _view(data: JsonObject) -> Skipped | None:
    for key in ("name", "category"):  # I-58, I-59
        value = data.get(key)
        if value is not None and (not isinstance(value, str) or value == ""):
            return Skipped(
                f"{key}_not_string",
                f"{key} is not a text or is empty, so Segment drops the call; send a text.",
            )
    return _object(data, "properties")


def _nothing(_data: JsonObject) -> Skipped | None:
    return None


_CHECKS: Final[dict[str, Callable[[JsonObject], Skipped | None]]] = {
    "identify": _traits,
    "group": _traits,
    "track": _track,
    "page": _view,
    "screen": _view,
    "alias": _nothing,
}


# --- what is added ---


def _completed(
    call: Call,
    data: JsonObject,
    batch: Batch,
    switches: Switches,
    *,
    received: datetime,
    ip: str,
    message_id: MakeId,
) -> Message:
    # What else is there passes as it is, at any depth: M-3, M-4, M-5, M-6, M-7, M-8, M-9, M-10, S-14, S-15,
    # S-16, S-19. From the envelope comes only what follows (S-3); nothing from a header (S-13) or a plan
    # (S-17).
    message = dict(data)
    if batch.single:
        message.pop("writeKey", None)  # S-4: present only where calls come by batch or import
        message["type"] = call.type  # S-6
    _merge_envelope(message, batch.envelope, switches)
    _complete_context(message, batch, ip, switches)
    if message.get("integrations") is None:
        message["integrations"] = {}  # S-10, N-11
    if message.get("messageId") is None:
        message["messageId"] = message_id()  # S-5
    notes = batch.notes + _set_times(message, batch, received, switches)
    if _is_long(message["messageId"]):
        notes += (_message_id_long(),)
    message["channel"] = _channel(message, batch, switches)
    message["version"] = 2  # M-11
    message["projectId"] = "local"  # S-9; M-13: a debugger would not show these three
    if not batch.single and batch.write_key is not None:
        message["writeKey"] = batch.write_key  # S-4
    return Message(call, message, notes)


def _merge_envelope(message: JsonObject, envelope: JsonObject, switches: Switches) -> None:
    if _SHARED.isdisjoint(envelope):
        return
    for key in SHARED:
        outer = envelope.get(key)
        if isinstance(outer, dict):
            inner = message.get(key)
            if inner is None:
                message[key] = outer
            elif isinstance(inner, dict):
                message[key] = _merged(inner, outer, switches)


def _merged(inner: JsonObject, outer: JsonObject, switches: Switches) -> JsonObject:
    if switches.context_merge == "item_shallow":
        return inner | {key: value for key, value in outer.items() if key not in inner}
    result = dict(inner)
    # A stack, not recursion: whoever calls us may stand deep in Python's already.
    todo = [(result, outer)]
    while todo:
        target, source = todo.pop()
        for key, value in source.items():
            own = target.get(key)
            if isinstance(own, dict) and isinstance(value, dict):
                copy = target[key] = dict(own)
                todo.append((copy, value))
            elif key not in target or switches.context_merge == "batch":
                target[key] = value
    return result


def _channel(message: JsonObject, batch: Batch, switches: Switches) -> str:
    if switches.channel == "observed":
        return "client" if batch.client else "server"  # M-12
    name = library_name(message)
    if name.startswith("analytics.js"):
        return "browser"
    return "mobile" if _on_device(name) else "server"


def _complete_context(message: JsonObject, batch: Batch, ip: str, switches: Switches) -> None:
    context = message.get("context")
    if context is None:
        context = {}
    if not isinstance(context, dict):
        return  # nothing says what Segment does with such a context; it stays
    context = dict(context)
    if context.get("library") is None:
        context["library"] = {"name": "unknown", "version": "unknown"}  # S-10
    wanted = switches.ip == "always" or (
        switches.ip != "never"
        and (
            context.get("direct") is True
            or batch.client
            or (switches.ip == "device" and _on_device(library_name(message)))
        )
    )
    if wanted and context.get("ip") is None and ":" not in ip:  # S-11, S-21; S-12: no IPv6
        context["ip"] = ip
    message["context"] = context


def _on_device(library: str) -> bool:
    if library in DEVICE_LIBRARIES:
        return True
    return library.endswith("-native") and library.startswith("@segment/analytics-")


def _set_times(
    message: JsonObject, batch: Batch, received: datetime, switches: Switches
) -> tuple[Finding, ...]:
    notes: tuple[Finding, ...] = ()
    own = message.get("timestamp")
    original = times.parse_own(own)
    if own is not None and original is None:
        notes += (_unreadable("$.timestamp"),)
    if batch.single:
        sent_value, has_sent = message.get("sentAt"), "sentAt" in message
    else:  # T-5, T-6: the batch's sentAt is every call's, also where it has none
        sent_value, has_sent = batch.envelope.get("sentAt", message.get("sentAt")), True
    sent = times.parse(sent_value)
    if sent_value is not None and sent is None:
        notes += (_unreadable("$.sentAt"),)
    if original is None:
        timestamp = received  # T-7
    elif sent is None:  # T-6, T-8
        timestamp = received if batch.single and switches.no_sent_at == "received" else original
    else:
        timestamp = corrected(original, sent, received)
    message["timestamp"] = times.text_own(timestamp)
    if has_sent:
        message["sentAt"] = times.text(sent) if sent else sent_value
    if own is not None:
        message["originalTimestamp"] = own  # T-1: verbatim
    message["receivedAt"] = times.text(received)  # S-7: the server's, whatever the client says
    return notes


def _unreadable(path: str) -> Finding:
    return note(
        "TIME_UNREADABLE",
        path,
        "This is not an ISO 8601 time, so it counts as absent here; send an ISO 8601 text.",
    )


def _message_id_long() -> Finding:
    text = (
        f"messageId has more than {MAX_MESSAGE_ID} characters, which is Segment's limit; what it does "
        "then is documented nowhere; leave messageId to the SDK."
    )
    return note("MESSAGE_ID_LONG", "$.messageId", text)


def message_id(seed: str, call: Call, batch: Batch) -> str:
    """Return `api-` and 27 characters, always the same for the same call and seed (S-5)."""
    from hashlib import sha256  # noqa: PLC0415 - most SDKs name their calls

    text = js_json.write(call.data, ordinary=batch.ordinary)
    number = int.from_bytes(sha256(f"{seed}\n".encode() + text).digest())
    letters = []
    for _ in range(27):
        number, digit = divmod(number, len(_KSUID))
        letters.append(_KSUID[digit])
    return "api-" + "".join(letters)


def corrected(original: datetime, sent: datetime, received: datetime) -> datetime:
    """Return receivedAt - (sentAt - originalTimestamp) (T-3, T-12), whatever the client's clock says (T-11).

    Where the result is outside the calendar, return receivedAt.
    """
    try:
        return received - (sent - original)
    except OverflowError:
        return received

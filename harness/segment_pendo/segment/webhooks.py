"""Segment's two webhook destinations: what reaches them, and the request they POST (facts N, W).

Webhooks (Actions) is what Segment and Pendo advise today; classic Webhooks is in maintenance but still in
use.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.json_path import json_path
from segment_pendo.segment import facade
from segment_pendo.segment.codes import note
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.words import Finding, Headers, Json, JsonObject, Message, Skipped, Webhook

__all__ = [
    "ACTIONS",
    "CLASSIC",
    "KINDS",
    "Kind",
    "batched",
    "filtered",
    "resigned",
    "signature_of",
    "signed",
    "webhook",
]


@dataclass(frozen=True, slots=True)
class Kind:
    """One of the two destinations: its names in the integrations object, headers, timeout and retries."""

    title: str
    names: tuple[str, ...]
    headers: Headers
    signature_after: int  # how many of the headers come before X-Signature
    timeout: float  # seconds
    is_retried: Callable[[int], bool]


def _actions_retries(status: int) -> bool:
    return (status >= 500 and status != 501) or status in {408, 423, 429}  # W-27


def _classic_retries(status: int) -> bool:
    return status in {429, 500, 502, 503, 504}  # W-10


ACTIONS: Final = Kind(
    title="Webhooks (Actions)",
    names=("Webhook", "Webhooks (Actions)"),  # N-2, N-6
    headers=(  # W-23
        ("User-Agent", "Segment (Actions)"),
        ("Content-Type", "application/json"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "gzip,deflate"),
    ),
    signature_after=1,
    timeout=10.0,  # W-26
    is_retried=_actions_retries,
)
CLASSIC: Final = Kind(
    title="Webhooks",
    names=("Webhooks",),  # N-5
    headers=(  # W-1
        ("Accept-Encoding", "identity"),
        ("User-Agent", "Segment.io/1.0"),
        ("Content-Type", "application/json"),
        ("Connection", "close"),
    ),
    signature_after=3,
    timeout=5.0,  # W-8
    is_retried=_classic_retries,
)
MOST_LOSSES: Final = 20  # a call may hold thousands; who fixes twenty fixes them all
SIGNATURE: Final = "X-Signature"
KINDS: Final = {"actions": ACTIONS, "classic": CLASSIC}


# --- routing ---


def filtered(message: Message, kind: Kind = ACTIONS, switches: Switches = DEFAULT) -> Skipped | None:
    """Return why the call's integrations object turns this destination off, or None (N-1 to N-6; I-63).

    This is so for every type (N-9) and every instance (N-10). Filters of a workspace (N-12), "Segment.io"
    (N-8: a browser obeys it before sending) and _metadata (N-13: both destinations take client events)
    change nothing here.
    """
    if kind is CLASSIC:
        if facade.enabled(message.data, kind.names[0]):
            return None
        named = message.data.get("integrations")
        if isinstance(named, dict) and kind.names[0] not in named:
            return _all_off(kind, named)
        return _off(kind) if isinstance(named, dict) else _all_off(kind, {})
    integrations = message.data.get("integrations")
    if not isinstance(integrations, dict) or not integrations:
        return None
    named = [integrations[name] for name in kind.names if name in integrations]
    if named:
        off = [value is False for value in named]  # N-3: anything but false means on
        return _off(kind) if all(off) or (any(off) and switches.name_conflict == "off") else None
    if integrations.get("All") is False:  # N-1
        return _all_off(kind, integrations)
    return None


def _all_off(kind: Kind, integrations: JsonObject) -> Skipped:
    if _is_blocked_by_plan(integrations):
        reason = (
            'integrations has "All": false and "Segment.io": true, as Analytics.js marks an event that the '
            "tracking plan in the source's settings blocks; allow the event in the plan to deliver it."
        )
    else:
        reason = f'integrations has "All": false and does not list "{kind.title}"; add it there to deliver.'
    other = CLASSIC if kind is ACTIONS else ACTIONS
    listed = next((name for name in other.names if name in integrations), None)
    if listed is not None:
        reason += f' "{listed}", which it lists, is Segment\'s other webhook destination, {other.title}.'
    return Skipped("FILTERED_BY_INTEGRATIONS_OBJECT", reason)


def _is_blocked_by_plan(integrations: JsonObject) -> bool:
    """Whether the object has the mark of an event that a plan blocks (D-70)."""
    return integrations.get("All") is False and integrations.get("Segment.io") is True


def _off(kind: Kind) -> Skipped:
    reason = f"integrations turns the destination {kind.title} off for this call; remove it there to deliver."
    return Skipped("FILTERED_BY_INTEGRATIONS_OBJECT", reason)


# --- the request ---


def webhook(
    message: Message, kind: Kind = ACTIONS, switches: Switches = DEFAULT, *, ordinary: bool, secret: str = ""
) -> tuple[Webhook, tuple[Finding, ...]]:
    """Return the POST for one message, and findings about it.

    The body is the whole event, as JavaScript writes JSON (W-2, W-20, W-28). `ordinary` is what js_json.read
    said of the call's text; a `secret` signs the body (W-6, W-22).
    """
    data = message.data
    if kind is CLASSIC and switches.classic_dates == "rewritten":
        data = {key: facade.rewritten(value) for key, value in data.items()}
    if switches.key_order == "sorted":
        data = _sorted(data)
    body = js_json.quick(data) if ordinary else None
    findings = _ignored(data, kind)
    if body is None:
        body = js_json.write(data)
        findings += tuple(islice(_changes(data), MOST_LOSSES))
    return Webhook(body, _headers(kind, body, secret)), findings


def batched(webhooks: Sequence[Webhook], secret: str = "") -> Webhook:
    """Return several webhooks of Webhooks (Actions) as one POST.

    The body is a JSON array (W-21); the signature is that of the FIRST event only (W-22).
    """
    body = b"[" + b",".join(webhook.body for webhook in webhooks) + b"]"
    return Webhook(body, _headers(ACTIONS, webhooks[0].body, secret))


def signed(webhook: Webhook, kind: Kind, secret: str) -> Webhook:
    """Return a webhook with its signature, if there is a secret; recordings do not keep it."""
    return resigned(webhook, kind, _signature(webhook.body, secret)) if secret else webhook


def _headers(kind: Kind, signed: bytes, secret: str) -> Headers:
    return _with_signature(kind.headers, kind, _signature(signed, secret)) if secret else kind.headers


def _signature(body: bytes, secret: str) -> str:
    import hashlib  # noqa: PLC0415 - few destinations sign
    import hmac  # noqa: PLC0415

    # An environment variable may hold any bytes; Python reads those that are not UTF-8 as surrogates.
    key = secret.encode("utf-8", "surrogateescape")
    return hmac.new(key, body, hashlib.sha1).hexdigest()


def _with_signature(headers: Headers, kind: Kind, signature: str) -> Headers:
    """Return headers with the signature in its place among them, and no other one."""
    before = kind.headers[kind.signature_after - 1][0]
    kept = tuple(pair for pair in headers if pair[0].lower() != SIGNATURE.lower())
    names = [name.lower() for name, _ in kept]
    at = names.index(before.lower()) + 1 if before.lower() in names else 0
    # A mapping that sets headers has all of them in lower case (D-26).
    name = SIGNATURE.lower() if kept and kept[0][0].islower() else SIGNATURE
    return (*kept[:at], (name, signature), *kept[at:])


def signature_of(webhook: Webhook) -> str | None:
    """Return the X-Signature of a webhook, or None."""
    if webhook.headers is ACTIONS.headers or webhook.headers is CLASSIC.headers:  # as most are
        return None
    return next((value for name, value in webhook.headers if name.lower() == SIGNATURE.lower()), None)


def resigned(webhook: Webhook, kind: Kind, signature: str) -> Webhook:
    """Return the same webhook with a signature that was kept."""
    return replace(webhook, headers=_with_signature(webhook.headers, kind, signature))


def _sorted(data: JsonObject) -> JsonObject:
    """Return the object with its keys sorted at every level (S-18).

    It calls itself for each level (js_json.MAX_DEPTH).
    """
    return {key: _sorted_value(data[key]) for key in sorted(data)}


def _sorted_value(value: Json) -> Json:
    if isinstance(value, dict):
        return _sorted(value)
    return [_sorted_value(inner) for inner in value] if isinstance(value, list) else value


# --- findings ---


def _ignored(data: JsonObject, kind: Kind) -> tuple[Finding, ...]:
    """Return a finding where integrations names Pendo, which does not control the webhook (N-7)."""
    integrations = data.get("integrations")
    if not isinstance(integrations, dict) or integrations.get("Pendo") is not False:
        return ()
    text = (
        '"Pendo": false stops only the destination in the browser; to stop the webhook, use its name: '
        f'"{kind.title}": false.'
    )
    return (note("PENDO_INTEGRATION_IGNORED", "$.integrations.Pendo", text),)


def _changes(data: JsonObject) -> Iterator[Finding]:
    for loss in js_json.losses(data):
        path = json_path(*loss.path)
        if loss.becomes is None:
            text = (
                "A key named __proto__ is lost with everything in it, as Segment's destination is "
                "JavaScript; rename it."
            )
            yield note("KEY_LOST", path, text)
        else:
            text = (
                f"{loss.was[:40]} becomes {loss.becomes}, as Segment's destination is JavaScript; send it as "
                "a text to keep every digit."
            )
            yield note("NUMBER_CHANGED", path, text)

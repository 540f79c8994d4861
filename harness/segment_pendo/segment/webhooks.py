"""Segment's destination Webhooks (Actions): what reaches it, and the request it POSTs (facts N, W-20 to W-30)."""

import hashlib
import hmac
from typing import Final

from segment_pendo import js_json
from segment_pendo.words import Finding, Headers, Message, Skipped, Webhook

__all__ = ["HEADERS", "NAMES", "filtered", "webhook"]

NAMES: Final = ("Webhook", "Webhooks (Actions)")  # N-6: both are its name in the integrations object
HEADERS: Final[Headers] = (  # W-23
    ("User-Agent", "Segment (Actions)"),
    ("Content-Type", "application/json"),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip,deflate"),
)


def filtered(message: Message) -> Skipped | None:
    """Whether the call's integrations object keeps it from this destination (N-1 to N-6; any false turns it off)."""
    integrations = message.data.get("integrations")
    if not isinstance(integrations, dict):
        return None
    named = [integrations[name] for name in NAMES if name in integrations]
    if any(value is False for value in named):
        reason = "integrations turns the destination Webhooks (Actions) off for this call; remove it there to deliver."
    elif not named and integrations.get("All") is False:
        reason = 'integrations has "All": false and does not list "Webhooks (Actions)"; add it there to deliver.'
    else:
        return None
    return Skipped("FILTERED_BY_INTEGRATIONS_OBJECT", reason)


def notes(message: Message) -> tuple[Finding, ...]:
    """N-7: naming Pendo does not govern the webhook."""
    integrations = message.data.get("integrations")
    if isinstance(integrations, dict) and integrations.get("Pendo") is False:
        text = '"Pendo": false stops only the device-mode destination; the webhook is governed by "Webhooks (Actions)".'
        return (
            Finding(
                "PENDO_INTEGRATION_IGNORED", "info", "$.integrations.Pendo", text, "Segment's documentation of the integrations object"
            ),
        )
    return ()


def webhook(message: Message, *, ordinary: bool, secret: str = "") -> Webhook:
    """The POST for one message: the whole event, as JavaScript writes JSON (W-20, W-21, W-28), signed if there is a secret."""
    body = js_json.write(message.data, ordinary=ordinary)
    if not secret:
        return Webhook(body, HEADERS)
    agent, *others = HEADERS
    return Webhook(body, (agent, ("X-Signature", signature(body, secret)), *others))


def signature(body: bytes, secret: str) -> str:
    """W-6, W-22: HMAC-SHA1 of the body, in lower-case hex."""
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()

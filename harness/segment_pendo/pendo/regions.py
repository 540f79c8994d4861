"""Pendo's data hosts and the webhook URL (facts 1.01 to 1.04, 5.1 to 5.5)."""

import re
from typing import Final
from urllib.parse import quote, urlsplit

from segment_pendo.base.hosts import is_loopback
from segment_pendo.pendo.codes import note
from segment_pendo.words import Destination, Finding

__all__ = [
    "APP_HOSTS",
    "CDN_HOSTS",
    "DATA_HOSTS",
    "LOCAL_KEY",
    "LOOPBACK",
    "api_base",
    "caveat",
    "destination",
    "examine",
    "region_of",
    "webhook_url",
]

DATA_HOSTS: Final = {
    "us": "data.pendo.io",  # 1.01, documented for this path
    "eu": "data.eu.pendo.io",  # 1.01, documented for this path
    "us1": "us1.data.pendo.io",  # 5.1, by analogy (1.04)
    "jp": "data.jpn.pendo.io",
    "au": "data.au.pendo.io",
}
# 5.1: where Pendo's API is read.
APP_HOSTS: Final = {
    "us": "app.pendo.io",
    "eu": "app.eu.pendo.io",
    "us1": "us1.app.pendo.io",
    "jp": "app.jpn.pendo.io",
    "au": "app.au.pendo.io",
}
# 5.1: where a browser loads Pendo's agent from; nothing else does.
CDN_HOSTS: Final = frozenset(
    {"cdn.pendo.io", "cdn.eu.pendo.io", "us1.cdn.pendo.io", "cdn.jpn.pendo.io", "cdn.au.pendo.io"}
)
# 1.03: documented until 2022 and 2024.
_OLD_HOSTS: Final = frozenset({"pendo-io.appspot.com", "segment.us.pendo.io", "segment.eu.pendo.io"})
DOCUMENTED: Final = frozenset({"us", "eu"})
# The key in the address of the loopback Pendo: an obvious dummy.
LOCAL_KEY: Final = "local"
LOOPBACK: Final = "loopback"  # the name of the Pendo that is a part of a run
_KEY_SHAPE = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def destination(to: str, key: str) -> Destination:
    """Return the destination that a region or the base URL of a data host names.

    Raises ValueError, in words for a user, for an unknown region, or for a URL that is not a plain https base
    (http is allowed on loopback only).
    """
    region = to.strip().lower()
    if region in DATA_HOSTS:
        return Destination(DATA_HOSTS[region], f"https://{DATA_HOSTS[region]}", key)
    try:
        parts = urlsplit(to.strip())
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        msg = "the URL of the destination cannot be read"
        raise ValueError(msg) from None
    if parts.scheme not in {"http", "https"} or not host:
        msg = f"the destination must be one of {', '.join(DATA_HOSTS)}, or the base URL of a data host"
        raise ValueError(msg)
    if parts.username or parts.password or parts.query or parts.fragment or "/data/segmentio" in parts.path:
        msg = (
            "give only the base URL of the data host: /data/segmentio/KEY is appended, and the key comes "
            "from the environment"
        )
        raise ValueError(msg)
    loopback = is_loopback(host)
    if parts.scheme == "http" and not loopback:
        msg = f"plain http is for loopback only; use https://{host}"
        raise ValueError(msg)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return Destination(parts.netloc, base, key, loopback=loopback)


def region_of(name: str) -> str:
    """Return the region of a host, or an empty text for one that is in none (5.1, 5.3)."""
    host = name.partition(":")[0].lower()
    return next((region for region, name in DATA_HOSTS.items() if name == host), "")


def api_base(to: str) -> str:
    """Return the base URL of Pendo's API for a region, or the URL itself. Raises as `destination` does."""
    region = to.strip().lower()
    return f"https://{APP_HOSTS[region]}" if region in APP_HOSTS else destination(to, LOCAL_KEY).base


def examine(to: Destination) -> list[Finding]:
    """Return what to know about a destination before sending to it; no text repeats the key."""
    if to.loopback:
        return []
    findings = []
    host = to.name.partition(":")[0].lower()
    if host in _OLD_HOSTS:
        text = f"{to.name} was once documented for webhooks and no longer is; send to us or eu."
        findings.append(note("OLD_HOST", "$", text))
    if host in {name for region, name in DATA_HOSTS.items() if region not in DOCUMENTED}:
        text = (
            f"Segment and Pendo document only the US and EU hosts for webhooks; {to.name} is known by "
            "analogy. Ask Pendo whether it takes them."
        )
        findings.append(note("UNDOCUMENTED_REGION", "$", text))
    if not _KEY_SHAPE.fullmatch(to.key):
        text = (
            "The API key does not have the usual shape of 8-4-4-4-12 hex digits; copy it from Settings > "
            "Subscription settings > Applications."
        )
        findings.append(note("KEY_SHAPE", "$", text))
    return findings


def caveat(to: Destination) -> Finding | None:
    """Return what a 2xx of a real Pendo does not mean (1.73); None on loopback."""
    if to.loopback:
        return None
    text = (
        "Pendo answered 2xx, but it does so even for what it ignores. Look with `segment-pendo state "
        "compare` in a few minutes."
    )
    return note("NO_EFFECT_ASSURED", "$", text)


def webhook_url(to: Destination) -> str:
    """Return the URL to which a webhook is POSTed (1.01). It contains the key: never print it."""
    return f"{to.base}/data/segmentio/{quote(to.key, safe='')}"

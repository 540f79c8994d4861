"""Pendo's data hosts and the webhook URL (facts 1.01 to 1.04, 5.1 to 5.5)."""

import ipaddress
import re
from typing import Final
from urllib.parse import quote, urlsplit

from segment_pendo.words import Destination

__all__ = ["DATA_HOSTS", "LOCAL_KEY", "caution", "destination", "is_loopback", "key_problem", "webhook_url"]

DATA_HOSTS: Final = {
    "us": "data.pendo.io",  # 1.01, documented for this path
    "eu": "data.eu.pendo.io",  # 1.01, documented for this path
    "us1": "us1.data.pendo.io",  # 5.1, by analogy (1.04)
    "jp": "data.jpn.pendo.io",
    "au": "data.au.pendo.io",
}
DOCUMENTED: Final = frozenset({"us", "eu"})
# The key in the address of the loopback Pendo: an obvious dummy.
LOCAL_KEY: Final = "local"
_KEY_SHAPE = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def is_loopback(host: str) -> bool:
    """Whether a host name can only mean this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def destination(to: str, key: str) -> Destination:
    """The destination named by a region or by the base URL of a data host.

    Raises ValueError, in words for a user, for an unknown region, or a URL that is no plain https base (plain http only on loopback).
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
        msg = "give only the base URL of the data host: /data/segmentio/KEY is appended, and the key comes from the environment"
        raise ValueError(msg)
    loopback = is_loopback(host)
    if parts.scheme == "http" and not loopback:
        msg = f"plain http is for loopback only; use https://{host}"
        raise ValueError(msg)
    base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
    return Destination(parts.netloc, base, key, loopback=loopback)


def caution(to: Destination) -> str | None:
    """What to know about a destination before sending to it (1.04)."""
    undocumented = {host for region, host in DATA_HOSTS.items() if region not in DOCUMENTED}
    if to.name in undocumented:
        return f"{to.name} takes webhooks by analogy only: Segment and Pendo document the US and EU hosts for them"
    return None


def webhook_url(to: Destination) -> str:
    """Where a webhook is POSTed (1.01). It bears the key: never print it."""
    return f"{to.base}/data/segmentio/{quote(to.key, safe='')}"


def key_problem(key: str) -> str | None:
    """What looks wrong with an API key, without repeating it (5.5); only a warning, other shapes may exist."""
    if _KEY_SHAPE.fullmatch(key):
        return None
    return "the API key has not the usual shape 8-4-4-4-12 of hex digits (Settings > Subscription settings > Applications > API key)"

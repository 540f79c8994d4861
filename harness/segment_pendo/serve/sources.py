"""Which app a call is from: a name that its connections tell the proxy, else the end of its write key.

An app's proxy variables have its name as the user of the proxy's URL, so whatever client heeds them tells it.
"""

import base64
import binascii
import re
from typing import Final

from segment_pendo.base.headers import header
from segment_pendo.segment.ingest import basic_user
from segment_pendo.words import Headers, Receipt

__all__ = ["HEADER", "NAME", "credentials", "label", "named_by", "of_headers", "proxy_url"]

HEADER: Final = "Proxy-Authorization"
NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_PASSWORD: Final = "source"  # noqa: S105 - some clients send a user only with a password
_LAST: Final = 4  # characters of a write key that are shown, of a longer one


def proxy_url(url: str, source: str) -> str:
    """Return the URL of a proxy with an app's name in it."""
    return url.replace("://", f"://{source}:{_PASSWORD}@", 1) if source else url


def credentials(source: str) -> str:
    """Return the header by which a connection tells the proxy an app's name."""
    return f"Basic {base64.b64encode(f'{source}:{_PASSWORD}'.encode()).decode()}"


def named_by(value: str) -> str:
    """Return the app's name in such a header, or an empty text."""
    try:
        told = base64.b64decode(value.partition(" ")[2], validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""
    user, _, password = told.partition(":")
    return user if password == _PASSWORD and NAME.fullmatch(user) else ""


def label(receipt: Receipt) -> str | None:
    """Return by what the calls of a receipt are told from those of other apps: a name, or a masked key."""
    if receipt.request.source:
        return receipt.request.source
    key = _write_key(receipt) or basic_user(receipt.request.headers)
    return f"****{key[-_LAST:] if len(key) > 2 * _LAST else ''}" if key else None


def _write_key(receipt: Receipt) -> str:
    for judged in receipt.judged[:1]:
        data = judged.message.data if judged.message is not None else {}
        key = judged.call.member("writeKey") or data.get("writeKey")
        return key if isinstance(key, str) else ""
    return ""


def of_headers(headers: Headers) -> str:
    """Return the app's name in the headers of a request in absolute form, or an empty text."""
    return named_by(header(headers, HEADER))

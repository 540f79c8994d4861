"""SDK requests out of an HTTP archive (HAR 1.2), as browsers, proxies and test tools write it.

Archives lose bodies, pack them, cut them, and hold requests that never left the browser. What can be rebuilt
is; what cannot is counted with its reason, and never laid at the door of the app.
"""

import base64
import binascii
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from segment_pendo.base import js_json, times
from segment_pendo.recordings.exchange.found import (
    NOT_SENT,
    OF_OAUTH,
    Imported,
    ImportFailure,
    PassedOver,
    answered,
)
from segment_pendo.segment.oauth import is_token_request
from segment_pendo.words import Headers, Json, JsonObject, SdkRequest

__all__ = ["NO_BODY", "har"]

NO_URL: Final = "whose URL is none"
NO_BODY: Final = "without a usable body in this archive"
_GZIP: Final = b"\x1f\x8b"


def har(data: bytes, files: Mapping[str, bytes]) -> Iterator[Imported | PassedOver]:
    """Yield every request of an archive, in its order. `files`: what came with it in a zip.

    Raises ImportFailure.
    """
    try:
        value = js_json.read(data).value
    except (ValueError, RecursionError):
        msg = "it is not JSON; an archive that was cut off cannot be read"
        raise ImportFailure(msg) from None
    log = value.get("log") if isinstance(value, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        msg = "it has no log.entries, so it is not an HTTP archive"
        raise ImportFailure(msg)
    for entry in entries:
        request = entry.get("request") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(request, dict):
            yield _of_entry(entry, request, files)


def _of_entry(entry: JsonObject, asked: JsonObject, files: Mapping[str, bytes]) -> Imported | PassedOver:
    try:
        parts = urlsplit(str(asked.get("url", "")))
    except ValueError:
        return PassedOver("", NO_URL)
    host = parts.hostname or ""
    status = _status(entry)
    if status == 0:
        return PassedOver(host, NOT_SENT)
    if status >= 400:
        return PassedOver(host, answered(status))
    method = str(asked.get("method", "")).upper()
    if is_token_request(SdkRequest(method, parts.path, host=host)):
        return PassedOver(host, OF_OAUTH)
    body = _body(asked.get("postData"), files)
    if method == "POST" and not _is_usable(body):
        return PassedOver(host, NO_BODY, is_loss=True)
    at = times.parse(entry.get("startedDateTime")) or datetime.now(UTC)
    return Imported(SdkRequest(method, parts.path, parts.query, _headers(asked, body), body, host), at)


def _status(entry: JsonObject) -> int:
    """Return how a request was answered; 0 where it was not, 200 where the archive does not say."""
    response = entry.get("response")
    if entry.get("_error") or (isinstance(response, dict) and response.get("_error")):
        return 0
    status = response.get("status") if isinstance(response, dict) else None
    return max(int(status), 0) if isinstance(status, int | float) else 200


def _headers(asked: JsonObject, body: bytes) -> Headers:
    listed = asked.get("headers")
    pairs = [header for header in listed if isinstance(header, dict)] if isinstance(listed, list) else []
    headers = [(str(header.get("name")), str(header.get("value"))) for header in pairs]
    # The text of an archive is mostly unpacked already.
    return tuple(
        (name, text) for name, text in headers if name.lower() != "content-encoding" or body.startswith(_GZIP)
    )


# --- bodies ---


def _body(posted: Json, files: Mapping[str, bytes]) -> bytes:
    """Return what was posted, rebuilt from what the archive holds of it; b'' where it holds nothing."""
    if not isinstance(posted, dict):
        return b""
    kept = files.get(str(posted.get("_file")))
    if kept is not None:
        return kept
    text = posted.get("text")
    if not isinstance(text, str) or not text:
        return _of_params(posted.get("params"))
    if posted.get("encoding") == "base64":
        return _of_base64(text)
    if text.startswith("\x1f\x8b"):  # gzip, a character a byte
        return text.encode("latin-1", "replace")
    if not text.lstrip().startswith(("{", "[")):
        unpacked = _of_base64(text)
        if _is_usable(unpacked):
            return unpacked
    return text.encode("utf-8", "surrogatepass")


def _of_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _of_params(params: Json) -> bytes:
    """Return JSON that a browser took for a form: its text stands in the names and values."""
    pairs = [pair for pair in params if isinstance(pair, dict)] if isinstance(params, list) else []
    texts = [(str(pair.get("name", "")), str(pair.get("value", ""))) for pair in pairs]
    joined = "&".join(f"{name}={value}" if value else name for name, value in texts)
    return joined.encode("utf-8", "surrogatepass")


def _is_usable(body: bytes) -> bool:
    if body.startswith(_GZIP):
        return True  # ingest unpacks it, or says what is wrong
    try:
        return isinstance(js_json.read(body).value, dict | list)
    except (ValueError, RecursionError):
        return False

"""OAuth of SDKs: the token that they ask for before they send calls (I-2, I-22, D-60).

An SDK signs its request with the app's private key, so that request must not reach Segment from here. The
token which it gets is the same for everybody and opens nothing; nobody asks for it afterwards.
"""

import re
from dataclasses import replace
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.headers import header
from segment_pendo.base.hosts import bare
from segment_pendo.segment.hosts import OAUTH
from segment_pendo.words import Json, Refusal, Reply, SdkRequest

__all__ = ["TOKEN", "granted", "is_token_path", "is_token_request", "refused", "without_credentials", "wrong"]

TOKEN: Final = "segment-pendo-answers-for-segment"  # noqa: S105 - it opens nothing
_SECONDS: Final = 86400
_SCOPE: Final = "tracking_api:write"
_GRANT: Final = "client_credentials"
_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM: Final = "application/x-www-form-urlencoded"
_LARGEST: Final = 64 * 1024  # of a form; an SDK's has less than 2 KB
_MOST_FIELDS: Final = 50
_JWT = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}")
_IN_A_PATH = re.compile(r"eyJ[\w.-]{17,}")
_MARK: Final = "client_assertion"
_KEPT: Final = frozenset({"user-agent", "content-type"})
_HEADERS: Final = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


def is_token_path(path: str) -> bool:
    """Whether a path, without its query, is the one where tokens are asked for; a prefix changes nothing."""
    return path.rstrip("/").endswith("/token")


def is_token_request(request: SdkRequest) -> bool:
    """Whether this goes to the path, or to one of the hosts, that only requests for tokens go to."""
    return bare(request.host) in OAUTH or is_token_path(request.path.partition("?")[0])


def wrong(request: SdkRequest) -> Refusal | None:
    """Return why a request gets no token, or None where it gets one. Never raises, and repeats no value."""
    form = _form(request)
    if not form:
        return _invalid(
            "The request for a token is no form; send grant_type, client_assertion_type and "
            f"{_MARK} as {_FORM}."
        )
    if "grant_type" not in form:
        return _invalid(f"The form has no grant_type; send {_GRANT}.")
    if form["grant_type"] != _GRANT:
        return Refusal(400, "unsupported_grant_type", f"grant_type must be {_GRANT}.")
    if form.get("client_assertion_type") != _ASSERTION:
        return _invalid(f"client_assertion_type must be {_ASSERTION}.")
    if not form.get(_MARK):
        return _invalid(f"The form has no {_MARK}; send a JWT that is signed with the app's private key.")
    if not _JWT.fullmatch(form[_MARK]):
        return _invalid(f"{_MARK} is no signed JWT, which has three parts with dots between them.")
    return None


def _invalid(message: str) -> Refusal:
    return Refusal(400, "invalid_request", message)


def _form(request: SdkRequest) -> dict[str, str]:
    """Return the fields of a form; none where the body is no form."""
    kind = header(request.headers, "content-type").partition(";")[0].strip().lower()
    if kind not in {"", _FORM} or len(request.body) > _LARGEST:
        return {}
    from urllib.parse import parse_qsl  # noqa: PLC0415 - few requests ask for a token

    text = request.body.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def granted() -> Reply:
    """Return the answer that has a token. No page of a browser may read it, so it has no CORS headers."""
    body: Json = {"access_token": TOKEN, "token_type": "Bearer", "scope": _SCOPE, "expires_in": _SECONDS}
    return Reply(200, _HEADERS, js_json.write(body))


def refused(refusal: Refusal) -> Reply:
    """Return the answer to a request that gets no token; Python's SDK dies if one of its keys is missing."""
    body: Json = {"error": refusal.code, "error_description": refusal.message}
    return Reply(refusal.status, _HEADERS, js_json.write(body))


def without_credentials(request: SdkRequest) -> SdkRequest:
    """Return a request as it is, or without its credentials if it asks for a token or looks as if it did."""
    if not (is_token_request(request) or _MARK in request.query or _MARK.encode() in request.body):
        return request
    headers = tuple(pair for pair in request.headers if pair[0].lower() in _KEPT)
    path = _IN_A_PATH.sub("****", request.path)
    return replace(request, path=path, query="", headers=headers, body=b"")

"""OAuth: which requests get a token, which an error, and that neither repeats what was sent."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.segment import ingest, oauth
from segment_pendo.words import Batch, Refusal, Reply, SdkRequest

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhbi1hcHAifQ.c2lnbmF0dXJl"
FORM = "application/x-www-form-urlencoded"
FIELDS = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": JWT,
    "scope": "tracking_api:write",
}


def asked(
    body: bytes, path: str = "/token", method: str = "POST", kind: str = FORM, **how: Any
) -> SdkRequest:
    headers = (("Content-Type", kind), ("Authorization", f"Bearer {JWT}"), ("Origin", "https://app.example"))
    return SdkRequest(method, path, headers=headers, body=body, **how)


def answer(request: SdkRequest) -> Reply:
    read = ingest.read(request)
    return ingest.refused(request, read) if isinstance(read, Refusal) else ingest.accepted(request)


def form(**changed: str | None) -> bytes:
    return urlencode(
        {name: value for name, value in (FIELDS | changed).items() if value is not None}
    ).encode()


@pytest.mark.parametrize("path", ["/token", "/token/", "//token", "/t/1a2b/token"])
@pytest.mark.parametrize("encoded", [True, False], ids=["encoded", "as SDKs send it"])
def test_an_sdk_gets_a_token(path: str, encoded: bool) -> None:
    plain = "&".join(f"{name}={value}" for name, value in FIELDS.items()).encode()
    request = asked(form() if encoded else plain, path)
    read = ingest.read(request)
    assert isinstance(read, Batch)
    assert read.calls == ()
    reply = answer(request)
    assert reply.status == 200
    assert json.loads(reply.body) == {
        "access_token": oauth.TOKEN,
        "token_type": "Bearer",
        "scope": "tracking_api:write",
        "expires_in": 86400,
    }


@pytest.mark.parametrize(
    ("request_", "code", "words"),
    [
        (asked(b""), "invalid_request", "no form"),
        (asked(form(), kind="application/json"), "invalid_request", "no form"),
        (asked(b"a=" + b"b" * 70_000 + b"&" + form()), "invalid_request", "no form"),
        (asked(b"a&" * 100), "invalid_request", "no form"),
        (asked(json.dumps(FIELDS).encode(), kind=""), "invalid_request", "no grant_type"),
        (asked(b"\x1f\x8b\xff"), "invalid_request", "no grant_type"),
        (asked(form(grant_type="password")), "unsupported_grant_type", "must be client_credentials"),
        (asked(form(client_assertion_type=None)), "invalid_request", "client_assertion_type must be urn:"),
        (asked(form(client_assertion_type="saml")), "invalid_request", "client_assertion_type must be urn:"),
        (asked(form(client_assertion=None)), "invalid_request", "no client_assertion"),
        (asked(form(client_assertion="")), "invalid_request", "no client_assertion"),
        (asked(form(client_assertion="a.b")), "invalid_request", "three parts"),
        (asked(form(client_assertion=f"{JWT}.")), "invalid_request", "three parts"),
    ],
)
def test_a_wrong_request_gets_an_error_of_oauth(request_: SdkRequest, code: str, words: str) -> None:
    reply = answer(request_)
    assert reply.status == 400
    error = json.loads(reply.body)
    assert (error["error"], list(error)) == (code, ["error", "error_description"])
    assert words in error["error_description"]


@pytest.mark.parametrize(
    ("method", "path", "host"),
    [
        ("GET", "/token", "127.0.0.1"),
        ("OPTIONS", "/token", "127.0.0.1"),
        ("POST", "/", "oauth2.segment.io"),
        ("POST", "/oauth", "oauth2.eu1.segmentapis.com:443"),
    ],
)
def test_what_is_no_such_request_gets_an_error_of_oauth_as_well(method: str, path: str, host: str) -> None:
    reply = answer(asked(form(), path, method, host=host))
    assert reply.status == 404
    assert list(json.loads(reply.body)) == ["error", "error_description"]


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "GET"])
def test_no_page_may_read_an_answer(method: str) -> None:
    for body in (form(), b""):
        names = {name for name, _ in answer(asked(body, method=method)).headers}
        assert names == {"Content-Type", "Cache-Control"}


@given(
    st.dictionaries(st.sampled_from([*FIELDS, "x"]), st.sampled_from([*FIELDS.values(), "", "a.b", JWT * 9])),
    st.sampled_from(["POST", "GET", "PUT", JWT]),
    st.sampled_from(["/token", "/v1/batch", "/", f"/{JWT}", f"/{JWT}/token"]),
    st.sampled_from([FORM, "", "text/plain", JWT]),
)
def test_no_answer_repeats_what_was_sent(fields: dict[str, str], method: str, path: str, kind: str) -> None:
    request = asked(urlencode(fields).encode(), path, method, kind)
    read = ingest.read(request)
    assert JWT not in repr(read)
    assert JWT.encode() not in answer(request).body
    bare = oauth.without_credentials(request)
    assert b"eyJ" not in bare.body or not ("client_assertion" in fields or path.endswith("/token"))
    assert JWT not in ingest.masked(bare.path)


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(body: bytes) -> None:
    assert answer(asked(body)).status in {200, 400}


@pytest.mark.parametrize(
    "request_",
    [
        asked(form(), query=f"client_assertion={JWT}"),
        asked(b"anything", "/", host="OAuth2.segment.io."),
        asked(form(), "/v1/batch", query="x=1"),
        asked(b"{}", "/v1/batch", query=f"client_assertion={JWT}"),
    ],
)
def test_credentials_are_taken_out(request_: SdkRequest) -> None:
    bare = oauth.without_credentials(request_)
    assert (bare.body, bare.query, bare.headers) == (b"", "", (("Content-Type", FORM),))
    assert (bare.method, bare.path, bare.host) == (request_.method, request_.path, request_.host)


def test_other_requests_stay_as_they_are() -> None:
    request = asked(b'{"batch": [', "/v1/batch", query="x=1")
    assert oauth.without_credentials(request) is request


def test_with_a_token_the_write_key_is_that_of_the_body() -> None:
    body = json.dumps({"batch": [{"type": "identify", "userId": "u"}], "writeKey": "WK"}).encode()
    read = ingest.read(asked(body, "/v1/batch", kind="application/json"))
    assert isinstance(read, Batch)
    assert (read.write_key, len(read.calls), read.notes) == ("WK", 1, ())

"""Planted secrets are in no recording and no line, wherever they stood."""

import base64
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from recorded import calls_of
from strategies import any_json, calls, objects

from segment_pendo.base import js_json
from segment_pendo.explain.telling.teller import Teller
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.redaction.redact import Keys, redacted
from segment_pendo.words import SdkRequest, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
PENDO_KEY = "0123abcd-0000-1111-2222-0123456789ab"
WRITE_KEY = 'aBcDeFgHiJkLmNoP"\\qRsTuVwXyZ0123é'
SECRETS = (PENDO_KEY, WRITE_KEY)


def kept(value: Any) -> bytes:
    return js_json.keep(value)


def plant(value: Any, secret: str) -> Any:
    """The value with the secret at the end of every text and key."""
    if isinstance(value, str):
        return value + secret
    if isinstance(value, list):
        return [plant(item, secret) for item in value]
    if isinstance(value, dict):
        return {key + secret: plant(item, secret) for key, item in value.items()}
    return value


def is_clean(text: str) -> bool:
    # By their plain parts: however often a text is quoted, those stay as they are.
    return not any(part in text for part in (PENDO_KEY, "aBcDeFgHiJkLmNoP", "qRsTuVwXyZ0123"))


planted = st.builds(plant, any_json, st.sampled_from(SECRETS))


@given(
    st.lists(calls(), min_size=1, max_size=3),
    planted,
    objects,
    st.sampled_from(["body", "basic", "event", "query"]),
)
def test_no_secret_reaches_a_recording(
    items: list[dict[str, Any]], secret: Any, envelope: dict[str, Any], where: str
) -> None:
    body: dict[str, Any] = {
        **envelope,
        "batch": [{**item, "context": {"seen": secret}, "traits": {"t": secret}} for item in items],
    }
    headers: tuple[tuple[str, str], ...] = (
        ("Cookie", WRITE_KEY),
        ("User-Agent", f"app {WRITE_KEY}"),
        ("X-Other", PENDO_KEY),
    )
    body["writeKey"] = WRITE_KEY
    query = ""
    if where == "basic":
        headers = (
            *headers,
            ("Authorization", "Basic " + base64.b64encode(f"{WRITE_KEY}:".encode()).decode()),
        )
    elif where == "event":
        body["batch"][0]["writeKey"] = WRITE_KEY
    elif where == "query":
        query = f"writeKey={WRITE_KEY}&k={PENDO_KEY}"
    receipt = assess(
        SdkRequest("POST", "/v1/batch", query, headers, kept(body)), id="r", at=AT, setup=Setup()
    )
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "r.jsonl"
        recording = Recorder(path, setup=Setup(), secrets=(PENDO_KEY,))
        recording.take(receipt)
        recording.close()
        assert is_clean(path.read_text("utf-8"))
        assert len(calls_of(path)) == len(items)


@given(calls(), objects)
def test_a_write_key_alone_is_in_no_terminal_line(call: dict[str, Any], envelope: dict[str, Any]) -> None:
    body = kept({**envelope, "batch": [call], "writeKey": WRITE_KEY})
    receipt = assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup())
    for judged in receipt.judged:
        assert is_clean(Teller(Setup()).call(receipt, judged))
    assert is_clean(repr(receipt.request))


@given(st.lists(calls(), min_size=1, max_size=3))
def test_redaction_and_mapping_may_change_places(items: list[dict[str, Any]]) -> None:
    request = SdkRequest(
        "POST",
        "/v1/batch",
        body=kept({"batch": [{**item, "messageId": "m"} for item in items], "writeKey": "A" * 32}),
    )
    clean, _ = redacted(request, Keys())
    first = assess(clean, id="r", at=AT, setup=Setup())
    last = assess(request, id="r", at=AT, setup=Setup())
    for one, other in zip(first.judged, last.judged, strict=True):
        assert isinstance(one.outcome, Webhook)
        assert isinstance(other.outcome, Webhook)
        assert one.outcome.body == other.outcome.body.replace(b"A" * 32, b"WRITE_KEY_1")


@given(st.binary(max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_redaction_takes_any_request(body: bytes, path: str, query: str) -> None:
    for method in ("POST", "GET"):
        for prefix in ("/v1/batch", "/v1/pixel/track", "/" + path):
            redacted(SdkRequest(method, prefix, query, (("Authorization", path),), body), Keys((PENDO_KEY,)))

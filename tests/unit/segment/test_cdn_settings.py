"""Production's settings: what is changed so that an SDK stays here, and that all else is served as it is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import any_json, objects

from segment_pendo.base import js_json
from segment_pendo.segment.cdn_settings import LARGEST, NotSettingsError, kept_here, key_in, own, read
from segment_pendo.segment.ingest import settings_reply
from segment_pendo.words import SdkRequest

PRODUCTION = (
    b'{"z":1.0,"integrations":{"Webhooks":{"type":"server"},"Segment.io":{"retryQueue":true,'
    b'"apiHost":"events.eu1.segmentapis.com/v1","protocol":"https","apiKey":"WK_PRODUCTION"},"9":{}},'
    b'"metrics":{"host":"api.segment.io/v1","sampleRate":0.10},"consentSettings":{"allCategories":["a"]},'
    b'"remotePlugins":[{"url":"https://cdn.segment.com/x.js","__proto__":{"big":12345678901234567890}}]}'
)


def served(text: bytes, door: str = "home", key: str = "WK") -> bytes:
    request = SdkRequest("GET", f"/v1/projects/{key}/settings", host="127.0.0.1:4170", door=door)
    return settings_reply(request, key, read(text)).body


@pytest.mark.parametrize(
    ("door", "host", "protocol"),
    [
        ("home", b"127.0.0.1:4170/v1", b"http"),
        ("tls", b"127.0.0.1:4170/v1", b"https"),
        ("proxy", b"api.segment.io/v1", b"https"),
    ],
)
def test_only_where_calls_are_sent_is_changed(door: str, host: bytes, protocol: bytes) -> None:
    expected = PRODUCTION.replace(
        b'"apiHost":"events.eu1.segmentapis.com/v1","protocol":"https"',
        b'"apiHost":"%s","protocol":"%s"' % (host, protocol),
    ).replace(b'"host":"api.segment.io/v1"', b'"host":"%s"' % host)
    assert served(PRODUCTION, door) == expected


@pytest.mark.parametrize(
    ("settings", "segment"),
    [
        ({}, {"apiHost": "h", "protocol": "http", "apiKey": "WK"}),
        ({"Segment.io": True}, {"apiHost": "h", "protocol": "http", "apiKey": "WK"}),
        ({"Segment.io": {"apiKey": None}}, {"apiKey": "WK", "apiHost": "h", "protocol": "http"}),
        ({"Segment.io": {"apiKey": ""}}, {"apiKey": "", "apiHost": "h", "protocol": "http"}),
    ],
)
def test_what_keeps_an_sdk_here_is_added_where_it_is_missing(settings: Any, segment: Any) -> None:
    made = kept_here({"integrations": settings, "metrics": None}, "h", "http", "WK")
    assert made == {"integrations": {"Segment.io": segment}, "metrics": {"host": "h"}}


def test_our_own_settings_pass_their_own_test() -> None:
    ours = own("h", "http", "WK")
    assert read(js_json.write(ours)) == ours
    assert key_in(ours) == "WK"
    assert ours["metrics"] == {"sampleRate": 0}  # without it, telemetry would go to api.segment.io


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "it is not JSON: Expecting value at character 0"),
        (b"<html>", "it is not JSON"),
        (b'{"integrations": {"a": NaN}}', "it is not JSON: NaN is not JSON"),
        (b"[]", "it is JSON, but not an object"),
        (b"null", "it is JSON, but not an object"),
        (b"{}", "it has no object named integrations"),
        (b'{"integrations": []}', "it has no object named integrations"),
        (b'{"integrations": {"a": ' + b"[" * 300 + b"]" * 300 + b"}}", "it nests more than 250 levels"),
        (b" " * (LARGEST + 1), "it has more than 4,194,304 bytes"),
    ],
)
def test_what_the_cdn_never_answers_is_refused_with_the_reason(text: bytes, words: str) -> None:
    with pytest.raises(NotSettingsError, match=words):
        read(text)


def without_the_named(settings: Any) -> Any:
    """The settings without the members that may differ."""
    settings["integrations"].setdefault("Segment.io", {})
    segment = settings["integrations"]["Segment.io"]
    if not isinstance(segment, dict):
        segment = settings["integrations"]["Segment.io"] = {}
    for name in ("apiHost", "protocol", *(["apiKey"] if segment.get("apiKey") in {None, "WK"} else [])):
        segment.pop(name, None)
    metrics = settings.get("metrics")
    settings["metrics"] = (
        {k: v for k, v in metrics.items() if k != "host"} if isinstance(metrics, dict) else {}
    )
    return settings


@given(
    objects,
    st.dictionaries(st.sampled_from(["Webhooks", "Segment.io", "1", "__proto__"]), any_json | objects),
    st.sampled_from(["home", "tls", "proxy"]),
)
def test_all_but_the_named_members_is_byte_equal(others: Any, integrations: Any, door: str) -> None:
    text = json.dumps(others | {"integrations": integrations}).encode()
    before, after = (
        without_the_named(js_json.read(one, spelled=True).value) for one in (text, served(text, door))
    )
    assert js_json.write(after) == js_json.write(before)
    assert js_json.keep(after) == js_json.keep(before)
    segment = json.loads(served(text, door))["integrations"]["Segment.io"]
    assert segment["protocol"] == ("http" if door == "home" else "https")

"""What holds for the requests of every SDK."""

import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segment_pendo.base import js_json
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.segment import ingest
from segment_pendo.segment.wire import SDKS
from segment_pendo.strategies import calls, hostile_traits, identify_calls, sdk_requests, traits
from segment_pendo.words import JsonObject, Receipt, SdkRequest, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
OF_EACH = pytest.mark.parametrize("sdk", SDKS)


def received(request: SdkRequest) -> Receipt:
    return assess(request, id="r", at=AT, setup=Setup(track=True))


@OF_EACH
@settings(max_examples=25)
@given(data=st.data())
def test_every_call_of_every_sdk_is_answered_and_delivered(sdk: str, data: st.DataObject) -> None:
    receipt = received(data.draw(sdk_requests(sdk=st.just(sdk))))
    assert (receipt.reply.status, receipt.reply.body) == (200, b'{"success": true}')
    assert receipt.judged
    assert all(isinstance(judged.outcome, Webhook) for judged in receipt.judged)
    messages: list[Any] = [judged.message.data for judged in receipt.judged if judged.message]
    (library,) = {json.dumps(message["context"]["library"]) for message in messages}
    assert "unknown" in library or sdk != "http"


@given(sdk_requests(calls=identify_calls(traits=hostile_traits())))
def test_traits_reach_the_webhook_as_javascript_reads_them(request: SdkRequest) -> None:
    for judged in received(request).judged:
        assert isinstance(judged.outcome, Webhook)
        sent = judged.call.data
        assert isinstance(sent, dict)
        assert json.loads(judged.outcome.body).get("traits") == json.loads(
            js_json.write(sent.get("traits"))
        ), sent


@given(sdk_requests())
def test_compression_and_headers_change_no_webhook(request: SdkRequest) -> None:
    plain = request.body if not request.body.startswith(b"\x1f\x8b") else gzip.decompress(request.body)
    kept = tuple(pair for pair in request.headers if pair[0] == "Authorization")
    bare = replace(request, body=plain, headers=kept)
    packed = replace(request, body=gzip.compress(plain), headers=(*kept, ("content-encoding", "GZIP")))
    expected = [judged.outcome for judged in received(request).judged]
    assert [judged.outcome for judged in received(bare).judged] == expected
    assert [judged.outcome for judged in received(packed).judged] == expected


@given(sdk_requests(write_keys=st.just("WRITE_KEY_of_the_source_32_chars")))
def test_the_write_key_is_found_wherever_an_sdk_puts_it(request: SdkRequest) -> None:
    batch = ingest.read(request)
    assert batch.write_key == "WRITE_KEY_of_the_source_32_chars"  # type: ignore[union-attr]
    single = "/batch" not in request.path and not request.path.endswith(("/b", "/import"))
    for judged in received(request).judged:
        assert isinstance(judged.outcome, Webhook)
        assert ("writeKey" in json.loads(judged.outcome.body)) == (not single)


@given(traits(), calls())
def test_realistic_calls_are_ordinary_json(some: JsonObject, call: JsonObject) -> None:
    for value in (some, call):
        assert json.loads(js_json.write(value)) == value
        assert list(js_json.losses(value)) == []

"""One table: what an SDK POSTs, what becomes of each call."""

import base64
import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from segment_pendo.explain.telling.teller import refusal_line
from segment_pendo.mapping.assess import assess, chain
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import Receipt, SdkRequest, Skipped, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)


def receive(
    body: Any, path: str = "/v1/batch", *, track: bool = False, headers: Any = (), **more: Any
) -> Receipt:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return assess(
        SdkRequest("POST", path, headers=headers, body=data, **more),
        id="r-1",
        at=AT,
        setup=Setup(track=track),
    )


def only(receipt: Receipt) -> dict[str, Any]:
    """The body of the one webhook."""
    (judged,) = receipt.judged
    assert isinstance(judged.outcome, Webhook), judged.outcome
    body = json.loads(judged.outcome.body)
    assert isinstance(body, dict)
    return body


def codes(receipt: Receipt) -> list[str]:
    return [j.outcome.code if isinstance(j.outcome, Skipped) else "webhook" for j in receipt.judged]


def test_the_synthetic_reference_of_a_ruby_batch() -> None:
    basic = (("Authorization", "Basic " + base64.b64encode(b"WK:").decode()),)
    item = {
        "type": "group",
        "userId": "u1",
        "groupId": "a1",
        "traits": {"name": "Acme", "seats": None},
        "messageId": "m-1",
        "timestamp": "2024-05-09T10:00:00.000+00:00",
        "context": {"library": {"name": "analytics-ruby", "version": "2.5.0"}},
    }
    receipt = receive({"batch": [item], "sentAt": "2024-05-09T10:00:00.500Z"}, "/v1/import", headers=basic)
    assert only(receipt) == item | {
        "channel": "server",
        "integrations": {},
        "originalTimestamp": "2024-05-09T10:00:00.000+00:00",
        "projectId": "local",
        "receivedAt": "2024-05-09T10:00:01.000Z",
        "sentAt": "2024-05-09T10:00:00.500Z",
        "timestamp": "2024-05-09T10:00:00.500Z",
        "version": 2,
        "writeKey": "WK",
    }
    keys = list(only(receipt))
    assert keys[-6:] == ["originalTimestamp", "receivedAt", "channel", "version", "projectId", "writeKey"]


@pytest.mark.parametrize(
    ("body", "path", "expected"),
    [
        ({"userId": "u"}, "/v1/identify", ["webhook"]),
        ({"userId": "u"}, "/v1/i", ["webhook"]),
        ({"userId": "u", "groupId": "g"}, "/v1/g", ["webhook"]),
        ({"userId": "u", "event": "E"}, "/v1/t", ["NO_MATCHING_MAPPING"]),
        ({"userId": "u"}, "/v1/p", ["NO_MATCHING_MAPPING"]),
        ({"userId": "u"}, "/v1/s", ["NO_MATCHING_MAPPING"]),
        ({"userId": "u", "previousId": "v"}, "/v1/a", ["NO_MATCHING_MAPPING"]),
        ({"anonymousId": "a"}, "/v1/identify", ["webhook"]),
        ({"userId": None, "anonymousId": "a"}, "/v1/identify", ["webhook"]),
        ({}, "/v1/identify", ["no_user_anon_id"]),
        ({"userId": None}, "/v1/identify", ["no_user_anon_id"]),
        ({"userId": 5}, "/v1/identify", ["id_not_string"]),
        ({"userId": True}, "/v1/identify", ["id_not_string"]),
        ({"userId": "", "anonymousId": "a"}, "/v1/identify", ["webhook"]),
        ({"userId": "u", "anonymousId": []}, "/v1/identify", ["id_not_string"]),
        ({"userId": "u", "traits": []}, "/v1/identify", ["traits_not_object"]),
        ({"userId": "u", "traits": "x"}, "/v1/group", ["traits_not_object"]),
        ({"userId": "u", "traits": None}, "/v1/identify", ["webhook"]),
        ({"userId": "u"}, "/v1/track", ["event_not_defined"]),
        ({"userId": "u", "event": 1}, "/v1/track", ["event_not_string"]),
        ({"userId": "u", "event": "E", "properties": 1}, "/v1/track", ["properties_not_object"]),
        ({"userId": "u", "name": ""}, "/v1/page", ["name_not_string"]),
        ({"userId": "u", "category": 1}, "/v1/screen", ["category_not_string"]),
        ({"userId": "u", "groupId": 7}, "/v1/group", ["webhook"]),
        ({"userId": "u"}, "/v1/group", ["webhook"]),
        ({"batch": [5, None, [], "x"]}, "/v1/batch", ["bad_request"] * 4),
        (
            {"batch": [{"userId": "u"}, {"userId": "u", "type": "Identify"}]},
            "/v1/batch",
            ["unknown_type"] * 2,
        ),
        (
            {"userId": "u", "integrations": {"All": False}},
            "/v1/identify",
            ["FILTERED_BY_INTEGRATIONS_OBJECT"],
        ),
        ({"userId": "u", "integrations": {"All": False, "Webhook": True}}, "/v1/identify", ["webhook"]),
        (
            {"userId": "u", "integrations": {"Webhooks (Actions)": False}},
            "/v1/identify",
            ["FILTERED_BY_INTEGRATIONS_OBJECT"],
        ),
        ({"userId": "u", "integrations": {"Pendo": False}}, "/v1/identify", ["webhook"]),
    ],
)
def test_a_call_is_skipped_exactly_when_segment_would_not_deliver_it(
    body: Any, path: str, expected: list[str]
) -> None:
    receipt = receive(body, path)
    assert codes(receipt) == expected
    assert receipt.reply.status == 200
    assert receipt.reply.body == b'{"success": true}'
    for judged in receipt.judged:
        if isinstance(judged.outcome, Skipped):
            assert judged.outcome.reason.endswith("."), "a skip explains itself in a sentence"


def test_track_is_selected_only_when_asked() -> None:
    body = {"userId": "u", "event": "E", "properties": {"groupId": "g"}}
    assert codes(receive(body, "/v1/track")) == ["NO_MATCHING_MAPPING"]
    assert only(receive(body, "/v1/track", track=True))["event"] == "E"


def test_one_oversize_item_does_not_take_the_others_along() -> None:
    big = {"type": "identify", "userId": "u", "traits": {"x": "y" * 33_000}}
    receipt = receive(
        {"batch": [{"type": "identify", "userId": "a"}, big, {"type": "identify", "userId": "b"}]}
    )
    assert codes(receipt) == ["webhook", "message_too_large", "webhook"]


def test_more_than_2500_calls_are_rejected_after_a_200() -> None:
    receipt = receive({"batch": [{"type": "identify", "userId": "u"}] * 2501})
    assert set(codes(receipt)) == {"too_many_messages"}
    assert receipt.reply.status == 200


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/identify", b'{"userId":', 400, "bad_json"),
        ("/v1/identify", b"", 400, "bad_json"),
        ("/v1/batch", b"[]", 400, "bad_request"),
        ("/v1/batch", b"{}", 400, "bad_request"),
        ("/v1/batch", b'{"batch": []}', 200, "empty_batch"),
        ("/v1/identify", b'{"userId":"u","traits":{"x":"' + b"y" * 33_000 + b'"}}', 400, "too_large"),
        ("/v1/batch", b'{"batch":["' + b"y" * 520_000 + b'"]}', 400, "too_large"),
        ("/v1/identify", gzip.compress(b'{"userId":"u"}', mtime=0)[:-9], 400, "bad_gzip"),
        ("/v1/identify", b"\x1f\x8b" + b"\x00" * 30, 400, "bad_gzip"),
        ("/v1/identify", gzip.compress(b" " * 50_000_000, mtime=0), 400, "too_large"),
        ("/v1/identify", b"[" * 400_000, 400, "too_large"),
        ("/v2/nothing", b"{}", 404, "unknown_path"),
    ],
)
def test_only_bad_json_and_oversize_are_refused(path: str, body: bytes, status: int, code: str) -> None:
    receipt = receive(body, path)
    assert receipt.refusal is not None
    assert (receipt.reply.status, receipt.refusal.code) == (status, code)
    assert isinstance(json.loads(receipt.reply.body), dict)


def test_nan_names_the_token_and_not_the_data() -> None:
    receipt = receive(b'{"userId":"secret-person","traits":{"n":NaN}}', "/v1/identify")
    assert receipt.refusal is not None
    assert "NaN" in receipt.refusal.message
    assert "secret-person" not in receipt.refusal.message


@pytest.mark.parametrize(
    "path",
    [
        "/v1/batch",
        "/v1/batch/",
        "/v1/b",
        "/v1/import",
        "/v1/import/",
        "//v1/batch",
        "/v1//batch",
        "/proxy/segment/v1/batch",
        "/beacon/v1/batch",
        "/batch",
        "/my/batch",
        "/",
        "/a/mobile/proxy",
    ],
)
def test_every_path_of_a_batch(path: str) -> None:
    assert codes(receive({"batch": [{"type": "identify", "userId": "u"}]}, path)) == ["webhook"]


def test_an_event_at_a_bare_proxy_url_is_known_by_its_type() -> None:
    assert codes(receive({"type": "identify", "userId": "u"}, "/collect")) == ["webhook"]
    bodies: list[Any] = [{"type": "other"}, {}, [], b"{"]
    for body in bodies:
        assert receive(body, "/collect").reply.status == 404


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
    ],
)
def test_content_type_means_nothing(kind: str) -> None:
    headers = (("content-TYPE", kind),) if kind else ()
    assert only(receive({"userId": "u"}, "/v1/identify", headers=headers))["userId"] == "u"


@pytest.mark.parametrize("headers", [(), (("Content-Encoding", "gzip"),), (("CONTENT-ENCODING", "GZIP"),)])
def test_gzip_is_seen_with_and_without_its_header(headers: Any) -> None:
    assert only(receive(gzip.compress(b'{"userId":"u"}'), "/v1/identify", headers=headers))["userId"] == "u"


@pytest.mark.parametrize(
    ("basic", "key"), [("WK123:", "WK123"), ("WK123", "WK123"), (":WK123", "WK123"), ("", None)]
)
def test_the_write_key_of_basic_auth(basic: str, key: str | None) -> None:
    headers = (("authorization", "basic " + base64.b64encode(basic.encode()).decode()),)
    assert (
        only(receive({"batch": [{"type": "identify", "userId": "u"}]}, headers=headers)).get("writeKey")
        == key
    )


def test_the_write_key_of_the_body_wins_and_stays_out_of_single_calls() -> None:
    headers = (("Authorization", "Basic " + base64.b64encode(b"HEADER:").decode()),)
    batch = {"batch": [{"type": "identify", "userId": "u"}], "writeKey": "BODY"}
    assert only(receive(batch, headers=headers))["writeKey"] == "BODY"
    assert "writeKey" not in only(receive({"userId": "u", "writeKey": "BODY"}, "/v1/i", headers=headers))


def test_a_beacon_has_its_write_key_in_the_query() -> None:
    batch = {"batch": [{"type": "identify", "userId": "u"}]}
    assert only(receive(batch, "/beacon/v1/batch", query="writeKey=QUERY"))["writeKey"] == "QUERY"


def test_a_trait_id_never_replaces_the_visitor() -> None:
    body = only(receive({"userId": "u", "traits": {"id": "other", "userId": "third"}}, "/v1/identify"))
    assert body["userId"] == "u"
    assert body["traits"] == {"id": "other", "userId": "third"}


def test_batch_context_and_integrations_are_merged_and_the_item_wins() -> None:
    item = {
        "type": "identify",
        "userId": "u",
        "context": {"app": {"name": "mine"}},
        "integrations": {"A": False},
    }
    outer = {
        "context": {"app": {"name": "theirs", "version": "1"}, "library": {"name": "go"}},
        "integrations": {"A": True, "B": True},
    }
    body = only(receive({"batch": [item], **outer}))
    assert body["context"] == {"app": {"name": "mine", "version": "1"}, "library": {"name": "go"}}
    assert body["integrations"] == {"A": False, "B": True}


def test_merging_leaves_what_was_sent_alone() -> None:
    item = {"type": "identify", "userId": "u", "context": {"app": {"name": "mine"}}}
    receipt = receive({"batch": [item, item], "context": {"app": {"version": "1"}}})
    assert [judged.call.data for judged in receipt.judged] == [item, item]


def test_the_envelope_does_not_become_the_calls() -> None:
    body = only(
        receive(
            {
                "batch": [{"type": "identify", "userId": "u"}],
                "messageId": "batch",
                "sequence": 3,
                "timestamp": "2020-01-01T00:00:00Z",
            }
        )
    )
    assert body["messageId"].startswith("api-")
    assert len(body["messageId"]) == 31
    assert "sequence" not in body
    assert body["timestamp"] == "2024-05-09T10:00:01.000Z"


@pytest.mark.parametrize(
    ("library", "ip", "expected"),
    [
        ({"name": "analytics-ios"}, "10.0.0.9", "10.0.0.9"),
        ({"name": "@segment/analytics-react-native"}, "10.0.0.9", "10.0.0.9"),
        ({"name": "analytics-python"}, "10.0.0.9", None),
        ({"name": "@segment/analytics-node"}, "10.0.0.9", None),
        ({"name": "analytics-ios"}, "::1", None),
    ],
)
def test_context_ip_is_filled_for_devices_only(library: Any, ip: str, expected: str | None) -> None:
    body = only(
        receive({"batch": [{"type": "identify", "userId": "u", "context": {"library": library}}]}, ip=ip)
    )
    assert body["context"].get("ip") == expected


def test_nulls_and_unknown_keys_pass() -> None:
    sent = {
        "userId": "u",
        "anonymousId": None,
        "traits": {"gone": None, "total billed": 830},
        "myOwn": {"x": [1, None]},
    }
    body = only(receive(sent, "/v1/identify"))
    assert {key: body[key] for key in sent} == sent


def test_a_pixel_of_many_dots_is_no_deep_call() -> None:
    query = "userId=u&writeKey=aaaaaaaaaaaaaaaa&traits" + ".a" * 28_000 + "=x"
    receipt = assess(SdkRequest("GET", "/v1/pixel/identify", query), id="1", at=AT, setup=Setup())
    assert only(receipt)["userId"] == "u"


def test_a_key_in_a_path_is_in_no_message() -> None:
    for path in (
        "/aBcDeFgHiJkLmNoPqRsTuVwXyZ012345/v2/x",
        "//data/segmentio/0123abcd-0000-1111-2222-0123456789ab/",
    ):
        receipt = receive(b"{", path)
        assert receipt.refusal is not None
        assert "****" in receipt.refusal.message
        told = refusal_line(receipt)
        assert "aBcDeFgHi" not in told
        assert "0123abcd" not in told


def test_a_refused_path_cannot_drive_a_terminal() -> None:
    assert refusal_line(receive(b"{", "/\x1b]0;pwn\x07")).isprintable()


def test_a_chain_is_the_user_else_the_device_else_the_group() -> None:
    names = []
    for call in ({"userId": "u", "anonymousId": "a"}, {"anonymousId": "a"}, {"userId": "u", "groupId": "g"}):
        (judged,) = receive(call, "/v1/group").judged
        names.append(chain(judged))
    assert names == ['userId:"u"', 'anonymousId:"a"', 'userId:"u"']


@pytest.mark.parametrize(
    "query",
    ["data=eyJ1c2VySWQiOiAidT8_In0", "data=eyJ1c2VySWQiOiAidT8%2FIn0%3D", "userId=u%3F%3F&traits.plan=pro"],
)
def test_the_pixel_in_its_forms(query: str) -> None:
    receipt = assess(SdkRequest("GET", "/v1/pixel/identify", query), id="1", at=AT, setup=Setup())
    assert only(receipt)["userId"] == "u??"
    assert receipt.reply.headers[0] == ("Content-Type", "image/gif")
    assert receipt.reply.body.startswith(b"GIF89a")


def test_settings_keep_an_sdk_here() -> None:
    request = SdkRequest("GET", "/v1/projects/WK1/settings", host="127.0.0.1:4170")
    receipt = assess(request, id="1", at=AT, setup=Setup())
    segment = json.loads(receipt.reply.body)["integrations"]["Segment.io"]
    assert segment == {"apiKey": "WK1", "apiHost": "127.0.0.1:4170/v1", "protocol": "http"}


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/v1/identfy", "/v1/identify"),
        ("/v1/grup", "/v1/group"),
        ("/v1/batc", "/v1/batch"),
        ("/v1/pages", "/v1/page"),
        ("/healthz", None),
        ("/v1/users", None),
        ("/", None),
    ],
)
def test_a_path_that_is_almost_one_of_segments_names_it(path: str, meant: str | None) -> None:
    receipt = assess(SdkRequest("POST", path, body=b"x"), id="r", at=AT, setup=Setup())
    assert receipt.refusal is not None
    assert receipt.refusal.code == "unknown_path"
    asked = f"Did you mean {meant}?" if meant else "Did you mean"
    assert (asked in receipt.refusal.message) is (meant is not None)


@pytest.mark.parametrize(("count", "refused"), [(10_000, False), (10_001, True)])
def test_a_batch_of_very_many_calls_is_told_as_a_whole(count: int, *, refused: bool) -> None:
    body = b'{"batch":[' + b",".join([b"0"] * count) + b"]}"
    receipt = assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup())
    assert receipt.reply.status == 200
    assert (receipt.refusal is not None, len(receipt.judged)) == (refused, 0 if refused else count)
    if receipt.refusal is not None:
        assert receipt.refusal.code == "too_many_messages"
        assert "10,001 calls" in receipt.refusal.message

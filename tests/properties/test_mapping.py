"""What holds for every call."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st
from strategies import any_json, calls, hostile_calls, ids, objects

from segment_pendo.base import js_json
from segment_pendo.explain import rows
from segment_pendo.explain.telling.teller import Teller
from segment_pendo.mapping.assess import assess, chain
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.ids import effective
from segment_pendo.pendo.records import Records
from segment_pendo.words import Receipt, SdkRequest, Skipped, Webhook

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
PATHS = st.sampled_from(
    [
        f"/v1/{name}"
        for name in ("batch", "import", "b", "identify", "group", "track", "i", "g", "t", "p", "s", "a", "m")
    ]
)


def receive(body: bytes, path: str = "/v1/batch", headers: Any = (), *, track: bool = True) -> Receipt:
    return assess(
        SdkRequest("POST", path, headers=headers, body=body), id="r-1", at=AT, setup=Setup(track=track)
    )


def bodies(receipt: Receipt) -> list[Any]:
    return [json.loads(j.outcome.body) for j in receipt.judged if isinstance(j.outcome, Webhook)]


def kept(value: Any) -> bytes:
    return js_json.keep(value)


def as_javascript(value: Any) -> Any:
    return json.loads(js_json.write(value))


@given(st.lists(hostile_calls | any_json, max_size=5), objects)
def test_mapping_is_total(items: list[Any], envelope: dict[str, Any]) -> None:
    receipt = receive(kept({**envelope, "batch": items}))
    assert len(receipt.judged) == len(items)
    for judged in receipt.judged:
        assert isinstance(judged.outcome, Webhook | Skipped)
        json.loads(rows.dumps(rows.call_row(receipt, judged)))
        for line in Teller(Setup()).call(receipt, judged).split("\n"):
            assert line.isprintable(), "nothing of an app's data may drive a terminal"
        chain(judged)


@given(PATHS, st.binary(max_size=200))
def test_any_bytes_are_answered_on_any_path(path: str, body: bytes) -> None:
    for data, headers in (
        (body, ()),
        (gzip.compress(body), ()),
        (gzip.compress(body)[:-3], (("Content-Encoding", "gzip"),)),
        (body, (("Content-Encoding", "gzip"), ("Authorization", "Basic " + body.hex()))),
        (b"\xef\xbb\xbf" + body, (("Content-Encoding", "br"),)),
    ):
        receipt = receive(data, path, headers)
        assert receipt.reply.status in {200, 400}
        assert isinstance(json.loads(receipt.reply.body), dict)


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(["GET", "POST", "OPTIONS", "PUT", "é"]))
def test_any_request_line_is_answered(path: str, query: str, method: str) -> None:
    for prefix in ("/", "/v1/pixel/identify", "/v1/projects/"):
        receipt = assess(SdkRequest(method, prefix + path, query), id="1", at=AT, setup=Setup())
        assert receipt.reply.status in {200, 400, 404}


@given(st.lists(calls(), min_size=1, max_size=5))
def test_ids_and_traits_are_identical_and_order_is_kept(items: list[dict[str, Any]]) -> None:
    made = bodies(receive(kept({"batch": items})))
    assert [(b["type"], b["userId"], b.get("groupId")) for b in made] == [
        (c["type"], c["userId"], c.get("groupId")) for c in items
    ]
    assert [b["traits"] for b in made] == [as_javascript(c["traits"]) for c in items]


@given(st.lists(calls(), min_size=1, max_size=4))
def test_a_batch_is_its_calls_one_by_one(items: list[dict[str, Any]]) -> None:
    together = bodies(receive(kept({"batch": items})))
    apart = [body for item in items for body in bodies(receive(kept({"batch": [item]})))]
    for body in [*together, *apart]:
        if body["messageId"].startswith("api-"):  # made up from the call's place
            del body["messageId"]
    assert together == apart


@given(calls(), any_json)
@example({"type": "group", "userId": "0", "traits": {}, "groupId": " "}, None)
@example({"type": "identify", "userId": " ", "traits": {}}, "u")
@example({"type": "identify", "userId": "0", "traits": {}}, "u")
def test_a_trait_named_id_never_replaces_the_visitor(call: dict[str, Any], other: Any) -> None:
    call["traits"] |= {"id": other, "userId": other, "groupId": other}
    (body,) = bodies(receive(kept({"batch": [call]})))
    assert body["userId"] == call["userId"]
    assert body.get("groupId") == call.get("groupId")
    pendo = Records()
    pendo.apply(body, 1)
    record = pendo.visitor(call["userId"])
    # A visitor is made exactly where its id is usable, and in a group call the account's too.
    makes_one = effective(call["userId"], "visitor") is not None and (
        call["type"] == "identify" or effective(call["groupId"], "account") is not None
    )
    assert (record is not None) == makes_one
    assert record is None or record["id"] == call["userId"]


@given(calls(types=st.sampled_from(["identify", "group", "track"])))
def test_mapping_changes_nothing_of_what_it_is_given(call: dict[str, Any]) -> None:
    before = kept({"batch": [call]})
    receipt = receive(before)
    assert kept({"batch": [judged.call.data for judged in receipt.judged]}) == kept(
        js_json.read(before).value
    )


@given(calls())
def test_mapping_a_webhook_again_gives_the_same_webhook(call: dict[str, Any]) -> None:
    (first,) = bodies(receive(kept({"batch": [call]})))
    data = js_json.read(js_json.write(first)).value
    assert js_json.write(data) == js_json.write(first)


@given(st.lists(calls(), max_size=4), ids)
def test_the_model_never_raises_and_twice_equals_once(items: list[dict[str, Any]], visitor: str) -> None:
    once, twice = Records(), Records()
    for body in bodies(receive(kept({"batch": items}))):
        once.apply(body, 5)
    for body in [b for b in bodies(receive(kept({"batch": items}))) for _ in (1, 2)]:
        twice.apply(body, 5)
    for name in [visitor, *(str(c["userId"]) for c in items)]:
        assert once.visitor(name) == twice.visitor(name)


@given(any_json)
def test_the_model_takes_any_json(value: Any) -> None:
    Records().apply(value, 1)


@given(st.integers(-(10**9), 10**9), st.integers(0, 10**6))
def test_a_wrong_clock_does_not_move_the_timestamp(shift: int, age: int) -> None:
    def timestamp(offset: int) -> str:
        base = 1_700_000_000_000 + offset
        call = {"type": "identify", "userId": "u", "timestamp": _iso(base - age)}
        (body,) = bodies(receive(kept({"batch": [call], "sentAt": _iso(base)})))
        return str(body["timestamp"])

    assert timestamp(shift) == timestamp(0)


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")

"""The content views, through mitmproxy's own choice of a view."""

import gzip
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import contentviews, http
from mitmproxy.contentviews import ContentviewResult, Metadata, prettify_message
from mitmproxy.test import taddons, tflow

from segment_pendo_addons.content_views import PendoView, SegmentView
from segment_pendo_addons.intercept import Intercept
from segment_pendo_addons.outline import MOST_CALLS

KEY = "0123abcd-0000-1111-2222-0123456789ab"
WEBHOOK = f"https://data.pendo.io/data/segmentio/{KEY}"
BATCH = "https://api.segment.io/v1/batch"
ANN = {
    "type": "identify",
    "userId": "ann",
    "traits": {"plan": "pro", "firstName": "Ann", "address": {"a": 1}},
}


@pytest.fixture
def context() -> Iterator[taddons.context]:
    with taddons.context(loadcore=False) as context:
        addon = Intercept()
        context.master.addons.add(addon)
        context.configure(addon, segment_pendo_hosts=["collect.example"])
        yield context


def asked(url: str, body: Any, **headers: str) -> http.HTTPFlow:
    """A flow whose request has a body: bytes, or a value that is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    flow = tflow.tflow()
    flow.request = http.Request.make("POST", url)
    flow.request.headers.update({"Content-Type": "application/json", **headers})
    flow.request.raw_content = content
    return flow


def shown(flow: http.HTTPFlow, view: str = "auto") -> ContentviewResult:
    return prettify_message(flow.request, flow, view)


def test_a_batch_is_shown_as_its_calls(context: taddons.context) -> None:
    calls = [
        ANN,
        {"type": "group", "userId": "ann", "groupId": "acme", "traits": {"name": "Acme"}},
        {"type": "track", "userId": "ann", "event": "Signed Up"},
        {"type": "identify", "userId": ""},
    ]
    view = shown(asked(BATCH, {"batch": calls, "writeKey": "a-write-key-of-an-app"}))
    assert (view.view_name, view.syntax_highlight) == ("Segment", "yaml")
    assert view.text == (
        """\
# 4 calls for Segment, and what Pendo gets of it.

- identify ann: >
    delivered as visitor ann; 2 of 3 traits become metadata; firstName as
    firstname (Pendo lower-cases names); address.a does not, because Pendo
    ignores objects: send address_a as a trait of its own.
  kept:
    plan: "pro"
    firstname: "Ann"  # sent as firstName
  lost:
    address: {"a":1}  # Pendo ignores objects
  findings: |
    warning NESTED_IGNORED at $.traits.address: Pendo ignores objects; send
      its parts as traits of their own.

- group acme of ann: >
    delivered as account acme, joined by visitor ann; its trait name becomes
    metadata.
  kept:
    name: "Acme"

- track Signed Up of ann: >
    not delivered, as Pendo takes track calls only if its subscription has
    the setting for them; track is off here.
  skipped: NO_MATCHING_MAPPING

- "identify \\"\\"": >
    not delivered, as the call has neither userId nor anonymousId (an empty
    text counts as none), so Segment drops it; send userId, which is what
    Pendo needs.
  skipped: no_user_anon_id
"""
    )


def test_a_compressed_call_at_a_host_of_the_users_own_is_shown(context: taddons.context) -> None:
    body = gzip.compress(json.dumps(ANN).encode())
    flow = asked("https://collect.example/v1/identify", body, **{"Content-Encoding": "gzip"})
    view = shown(flow)
    assert (view.view_name, "visitor ann" in view.text) == ("Segment", True)


def test_a_webhook_is_shown_as_pendo_reads_it(context: taddons.context) -> None:
    view = shown(asked(WEBHOOK, ANN | {"writeKey": "a-write-key-of-an-app", "messageId": "m"}))
    assert view.view_name == "Pendo"
    assert "# 1 event as Pendo reads it.\n\n- identify ann: >\n    delivered as visitor ann" in view.text
    assert '    firstname: "Ann"  # sent as firstName\n  lost:\n    address: {"a":1}  # Pendo ig' in view.text
    assert "a-write-key" not in view.text
    assert KEY not in view.text


def test_a_webhook_that_passes_is_kept_for_its_view_and_other_requests_are_streamed(
    context: taddons.context,
) -> None:
    addon = context.master.addons.get("segment_pendo")
    for url, streamed in ((WEBHOOK, False), ("https://data.pendo.io/data/other", True)):
        flow = asked(url, ANN)
        addon.requestheaders(flow)
        assert flow.request.stream is streamed


def test_a_batched_webhook_is_shown_event_by_event(context: taddons.context) -> None:
    view = shown(asked(WEBHOOK, [ANN, ANN | {"userId": "bob"}, 7]))
    assert view.text.startswith("# 2 events as Pendo reads it.")
    assert re.findall("^- (.*): >$", view.text, re.MULTILINE) == ["identify ann", "identify bob"]


@pytest.mark.parametrize(
    ("url", "body", "name"),
    [
        (BATCH, b'{"batch":', "Raw"),
        (BATCH, {"batch": []}, "JSON"),
        (BATCH, {"batch": "text"}, "JSON"),
        ("https://cdn.segment.com/v1/m", {"series": []}, "JSON"),
        ("https://api.segment.io.evil.example/v1/batch", {"batch": [ANN]}, "JSON"),
        ("https://example.com/v1/identify", ANN, "JSON"),
        (WEBHOOK, b"{", "Raw"),
        (WEBHOOK, [], "JSON"),
        (WEBHOOK, b"[" * 100_000, "Raw"),
        ("https://data.pendo.io/data/other", ANN, "JSON"),
    ],
)
def test_what_is_not_ours_or_cannot_be_read_is_left_to_other_views(
    context: taddons.context, url: str, body: Any, name: str
) -> None:
    flow = asked(url, body)
    if name == "Raw":
        flow.request.headers["Content-Type"] = "text/plain"
    assert shown(flow).view_name == name


def test_an_answer_is_left_to_other_views(context: taddons.context) -> None:
    flow = asked(BATCH, {"batch": [ANN]})
    flow.response = http.Response.make(200, json.dumps(ANN), {"Content-Type": "application/json"})
    assert prettify_message(flow.response, flow).view_name == "JSON"


@pytest.mark.parametrize("view", ["segment", "pendo"])
@pytest.mark.parametrize("url", [BATCH, WEBHOOK, "https://example.com/"])
def test_who_chooses_a_view_for_something_else_reads_a_sentence(
    context: taddons.context, view: str, url: str
) -> None:
    assert shown(asked(url, b"\xff\x00"), view).text.startswith("# This is no ")


def test_long_bodies_are_cut(context: taddons.context) -> None:
    wide = {"type": "identify", "userId": "u", "traits": {f"t{n}": "x" * 80 for n in range(300)}}
    for body in (
        {"batch": [ANN] * 2000},
        {"batch": [wide] * 15},
        {"batch": [ANN | {"userId": "u" * 30_000}]},
    ):
        view = shown(asked(BATCH, body))
        assert view.view_name == "Segment"
        assert len(view.text) < 700_000
        assert max(map(len, view.text.splitlines())) < 300
    many = shown(asked(BATCH, {"batch": [ANN] * 2000})).text
    assert many.startswith("# 2000 calls for Segment")
    assert many.count("- identify ann: >") == MOST_CALLS
    assert many.endswith(f"# Only the first {MOST_CALLS} are shown.\n")
    assert "# Only the first" not in shown(asked(BATCH, {"batch": [ANN] * MOST_CALLS})).text


def test_texts_of_an_app_stay_texts(context: taddons.context) -> None:
    call = {"type": "identify", "userId": "a: b\n\x1b[31m", "traits": {"x: y\n": "# no\n", "- z": "é"}}
    text = shown(asked(BATCH, {"batch": [call]})).text
    assert '- "identify a: b\\\\x0a\\\\x1b[31m": >' in text
    assert '"x: y\\\\x0a": "# no\\\\x0a"' in text
    assert "\x1b" not in text


def test_the_views_know_the_options_of_now(context: taddons.context) -> None:
    flow = asked(BATCH, {"batch": [{"type": "track", "userId": "u", "event": "E"}]})
    assert "skipped: NO_MATCHING_MAPPING" in shown(flow).text
    context.configure(context.master.addons.get("segment_pendo"), segment_pendo_track=True)
    assert "delivered as track event E" in shown(flow).text


def test_a_damaged_time_of_a_flow_does_no_harm(context: taddons.context) -> None:
    flow = asked(BATCH, {"batch": [ANN]})
    flow.request.timestamp_start = 1e300
    assert "visitor ann" in shown(flow, "segment").text


@given(
    body=st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["batch", "type", "traits", "userId", "x"]), inner)
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_no_body_makes_a_view_raise(body: bytes) -> None:
    addon = Intercept()
    for view, url in ((SegmentView(addon._asked, addon._setup), BATCH), (PendoView(addon._setup), WEBHOOK)):
        flow = asked(url, body)
        metadata = Metadata(flow=flow, http_message=flow.request)
        assert view.render_priority(body, metadata) in {-1.0, 2.0}
        assert isinstance(view.prettify(body, metadata), str)


def test_the_names_of_the_views_are_free() -> None:
    theirs = {view.name.lower() for view in contentviews._views}
    assert not theirs & {"segment", "pendo"}

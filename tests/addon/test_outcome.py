"""Comments and markers of flows."""

import asyncio
import gc
import io
import json
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
from aiohttp import web
from background import background
from mitmproxy import http
from mitmproxy.io import FlowReader, FlowWriter
from mitmproxy.test import taddons, tflow
from mitmproxy.utils import emoji

from segment_pendo.serve.client import name_of
from segment_pendo.serve.gate import Gate
from segment_pendo_addons import outcome
from segment_pendo_addons.intercept import Intercept

GOOD = {"type": "identify", "userId": "ann", "traits": {"plan": "pro"}}
NESTED = {"type": "identify", "userId": "ann", "traits": {"a": {"b": 1}}}
TRACK = {"type": "track", "userId": "ann", "event": "E"}
LOST = {"type": "identify", "userId": ""}


@pytest.fixture
def addon() -> Iterator[Intercept]:
    with taddons.context(loadcore=False) as context:
        addon = Intercept()
        context.master.addons.add(addon)
        context.configure(addon)
        yield addon


def sent(addon: Intercept, body: Any, comment: str = "") -> http.HTTPFlow:
    """A flow of a request to Segment after the addon has answered it."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    flow = tflow.tflow()
    flow.request = http.Request.make("POST", "https://api.segment.io/v1/batch", content)
    flow.comment = comment
    asyncio.run(addon.request(flow))
    assert flow.response
    return flow


async def answered(addon: Intercept, body: Any) -> http.HTTPFlow:
    flow = tflow.tflow()
    flow.request = http.Request.make("POST", "https://api.segment.io/v1/batch", json.dumps(body).encode())
    await addon.request(flow)
    return flow


class Shown:
    """An addon that is told what to show anew, as a list of flows is."""

    def __init__(self) -> None:
        self.flows: list[Any] = []

    def update(self, flows: Any) -> None:
        self.flows += flows


@pytest.mark.parametrize(
    ("calls", "comment", "marker"),
    [
        ([GOOD], "identify ann: webhook", "✔"),
        ([NESTED], "identify ann: webhook; warning NESTED_IGNORED", "⚠"),
        ([TRACK], "track E of ann: not selected (NO_MATCHING_MAPPING)", "▪"),
        ([LOST], 'identify "": lost at Segment (no_user_anon_id)', "✖"),
        ([GOOD, GOOD], "2 calls: 2 webhooks", "✔"),
        ([GOOD, TRACK], "2 calls: 1 webhook, 1 not selected (NO_MATCHING_MAPPING)", "✔"),
        (
            [NESTED, LOST, NESTED],
            "3 calls: 2 webhooks, 1 lost at Segment (no_user_anon_id); warning NESTED_IGNORED x2",
            "✖",
        ),
    ],
)
def test_a_flow_says_what_became_of_its_calls(
    addon: Intercept, calls: list[Any], comment: str, marker: str
) -> None:
    flow = sent(addon, {"batch": calls})
    assert flow.comment == f"segment-pendo: {comment}"
    assert emoji.emoji[flow.marked] == marker


def test_a_refused_request_says_why(addon: Intercept) -> None:
    flow = sent(addon, b"{")
    assert flow.comment.startswith("segment-pendo: refused: POST /v1/batch answered 400 bad_json: ")
    assert flow.marked == outcome._BAD


def test_a_request_that_brings_no_calls_is_not_marked(addon: Intercept) -> None:
    flow = tflow.tflow()
    flow.request = http.Request.make("GET", "https://cdn.segment.com/v1/projects/WK/settings")
    asyncio.run(addon.request(flow))
    assert flow.response
    assert (flow.comment, flow.marked) == ("", "")


def test_the_comment_of_a_person_stays_and_ours_is_renewed(addon: Intercept) -> None:
    assert sent(addon, {"batch": [GOOD]}, comment="look at this").comment == "look at this"
    again = sent(addon, {"batch": [GOOD]}, comment="segment-pendo: identify bob: webhook")
    assert again.comment == "segment-pendo: identify ann: webhook"


def test_a_comment_is_one_short_printable_line(addon: Intercept) -> None:
    calls = [NESTED | {"userId": "u\n\x1b" * 5000, "type": "x" * 5000}]
    comment = sent(addon, {"batch": calls}).comment
    assert len(comment) < 520
    assert comment.isprintable()


def test_the_option_turns_them_off(addon: Intercept) -> None:
    with taddons.context(loadcore=False) as context:
        addon = Intercept()
        context.master.addons.add(addon)
        context.configure(addon, segment_pendo_comments=False)
        for body in ({"batch": [GOOD]}, b"{"):
            flow = sent(addon, body)
            assert (flow.comment, flow.marked) == ("", "")


def test_a_webhook_that_is_given_up_later_is_told_on_its_flow(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refused(request: web.Request) -> web.Response:
        return web.Response(status=200 if b"bob" in await request.read() else 403)

    monkeypatch.setenv("SEGMENT_PENDO_API_KEY", "k")
    with background([web.post("/{path:.*}", refused)]) as url, taddons.context(loadcore=False) as context:
        addon, shown = Intercept(), Shown()
        context.master.addons.add(addon, shown)

        async def main() -> list[http.HTTPFlow]:
            context.configure(addon, segment_pendo_to=url)
            await addon.running()
            flows = [
                await answered(addon, {"batch": calls})
                for calls in ([GOOD], [NESTED, GOOD | {"userId": "bob"}, NESTED], [GOOD | {"userId": "bob"}])
            ]
            await addon.done()
            return flows

        flows = asyncio.run(main())
    why = f"({name_of(url)} answered 403; Segment would not try again)"
    assert [flow.comment.removeprefix("segment-pendo: ") for flow in flows] == [
        f"not delivered {why}; identify ann: webhook",
        f"2 of 3 not delivered {why}; 3 calls: 3 webhooks; warning NESTED_IGNORED x2",
        "identify bob: webhook",
    ]
    assert [emoji.emoji[flow.marked] for flow in flows] == ["✖", "✖", "✔"]
    assert shown.flows == [flows[0], flows[1], flows[1]]


def test_no_flow_is_kept_for_what_comes_later(addon: Intercept) -> None:
    flow = sent(addon, {"batch": [GOOD]})
    held = weakref.ref(flow)
    del flow
    gc.collect()
    assert held() is None


def test_files_of_flows_keep_them(addon: Intercept) -> None:
    flow = sent(addon, {"batch": [GOOD]})
    buffer = io.BytesIO()
    FlowWriter(buffer).add(flow)
    buffer.seek(0)
    (kept,) = FlowReader(buffer).stream()
    assert (kept.comment, kept.marked) == ("segment-pendo: identify ann: webhook", ":heavy_check_mark:")


def test_a_page_that_may_not_write_to_a_real_pendo_is_told_on_the_flow(addon: Intercept) -> None:
    addon._gate = Gate(is_open=False)
    flow = tflow.tflow()
    flow.request = http.Request.make("POST", "https://api.segment.io/v1/batch", b"{}")
    flow.request.headers["Origin"] = "https://evil.example"
    asyncio.run(addon.request(flow))
    assert flow.comment.startswith("segment-pendo: refused: answered 403: Pages of https://evil.example may")
    assert flow.marked == outcome._BAD


def test_mitmproxys_own_addons_have_other_names() -> None:
    """`mitmproxy` and `mitmweb` have an addon called intercept, and refuse a second one."""
    assert Intercept.name == "segment_pendo"

"""The addon by itself: mitmproxy's own test helpers, no network."""

import asyncio
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from mitmproxy import exceptions, http
from mitmproxy.proxy.server_hooks import ServerConnectionHookData
from mitmproxy.test import taddons, tflow, tutils
from recorded import calls_of

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.relay import Relay
from segment_pendo.words import Receipt
from segment_pendo_addons.intercept import Intercept, addons, allow_patterns, leads_here

KEY = "0123abcd-0000-1111-2222-0123456789ab"
BODY = b'{"batch":[{"type":"identify","userId":"u-1"}]}'


class Kept:
    def __init__(self) -> None:
        self.receipts: list[Receipt] = []

    def take(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)


def flow(
    host: str = "api.segment.io", path: str = "/v1/batch", method: str = "POST", content: bytes = BODY
) -> http.HTTPFlow:
    request = tutils.treq(
        host=host,
        port=443,
        scheme=b"https",
        authority=b"",
        method=method.encode(),
        path=path.encode(),
        content=content,
    )
    request.headers["host"] = host
    return tflow.tflow(req=request)


@pytest.fixture
def kept() -> Kept:
    return Kept()


def intercept(kept: Kept, **how: object) -> Intercept:
    relay = Relay([kept], setup=Setup(), clock=lambda: datetime(2024, 5, 9, tzinfo=UTC))
    return Intercept(relay, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "host",
    ["api.segment.io", "API.Segment.io", "api.segment.io.", "events.eu1.segmentapis.com", "collect.example"],
)
def test_segments_hosts_are_answered_and_mapped(kept: Kept, host: str) -> None:
    one = flow(host)
    asyncio.run(intercept(kept, hosts=["collect.example:443"]).request(one))
    assert one.response
    assert (one.response.status_code, one.response.content) == (200, b'{"success": true}')
    (receipt,) = kept.receipts
    assert (receipt.request.door, receipt.judged[0].call.type) == ("proxy", "identify")


@pytest.mark.parametrize(
    "host",
    [
        "api.segmentapis.com",
        "fn.segmentapis.com",
        "oauth2.segment.io.evil.example",
        "api.segment.io.evil.example",
        "example.com",
        "data.pendo.io",
    ],
)
def test_other_hosts_are_left_alone_and_streamed(kept: Kept, host: str) -> None:
    one = flow(host)
    addon = intercept(kept)
    addon.requestheaders(one)
    asyncio.run(addon.request(one))
    one.response = http.Response.make(200)
    addon.responseheaders(one)
    assert (one.request.stream, one.response.stream, kept.receipts) == (True, True, [])


def test_other_pages_do_not_reach_a_real_pendo_through_the_proxy(kept: Kept) -> None:
    addon = intercept(kept, gate=Gate(is_open=False, origins=["https://app.example"]))
    for name, value in (("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")):
        foreign = flow()
        foreign.request.headers[name] = value
        asyncio.run(addon.request(foreign))
        assert foreign.response
        assert (foreign.response.status_code, kept.receipts) == (403, [])
    own = flow()
    own.request.headers["origin"] = "https://app.example"
    asyncio.run(addon.request(own))
    assert len(kept.receipts) == 1


def test_pass_maps_and_lets_it_go_on(kept: Kept) -> None:
    one = flow()
    addon = intercept(kept, answers=False)
    asyncio.run(addon.request(one))
    assert one.response is None
    assert len(kept.receipts) == 1
    assert one.request.content == BODY


TOKEN_HOSTS = ["oauth2.segment.io", "oauth2.eu1.segmentapis.com"]
FORM = (
    b"grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    b"&client_assertion=eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhbi1hcHAifQ.c2ln&scope=tracking_api:write"
)


@pytest.mark.parametrize("host", TOKEN_HOSTS)
def test_tokens_are_given_here(kept: Kept, host: str) -> None:
    one, foreign = flow(host, "/token", content=FORM), flow(host, "/token", content=FORM)
    foreign.request.headers["origin"] = "https://evil.example"
    addon = intercept(kept, gate=Gate(is_open=False))
    for asked in (one, foreign):
        asyncio.run(addon.request(asked))
    assert one.response
    assert json.loads(one.response.content or b"")["token_type"] == "Bearer"
    assert foreign.response
    assert (foreign.response.status_code, foreign.response.headers.get("access-control-allow-origin")) == (
        403,
        None,
    )
    assert kept.receipts == []


def test_a_wrong_request_for_a_token_is_told_without_what_it_held(kept: Kept) -> None:
    one = flow("oauth2.segment.io", "/token?x=eyJ", content=FORM.replace(b"client_credentials", b"password"))
    one.request.headers["authorization"] = "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln"
    asyncio.run(intercept(kept).request(one))
    assert one.response
    assert json.loads(one.response.content or b"")["error"] == "unsupported_grant_type"
    ((request, refusal),) = [(receipt.request, receipt.refusal) for receipt in kept.receipts]
    assert refusal
    assert "eyJ" not in f"{refusal} {request.headers} {request.query} {request.body!r}"


def test_where_segment_is_asked_as_well_it_gives_the_token(kept: Kept) -> None:
    one = flow("oauth2.segment.io", "/token", content=FORM)
    asyncio.run(intercept(kept, answers=False).request(one))
    assert (one.response, one.request.content, kept.receipts) == (None, FORM, [])


@pytest.mark.parametrize("host", ["api.segment.io", *TOKEN_HOSTS])
def test_nothing_is_dialled_for_segment(kept: Kept, host: str) -> None:
    server = tflow.tserver_conn()
    server.address = (host, 443)
    data = ServerConnectionHookData(server, tflow.tclient_conn())
    intercept(kept, answers=False).server_connect(data)
    assert server.error is None
    intercept(kept).server_connect(data)
    assert server.error
    other = tflow.tserver_conn()
    other.address = ("example.com", 443)
    intercept(kept).server_connect(ServerConnectionHookData(other, tflow.tclient_conn()))
    assert other.error is None


def test_a_connect_to_segment_is_granted_and_one_to_our_home_refused(kept: Kept) -> None:
    addon = intercept(kept, own_ports=[4170])
    for host, port, status in (
        ("api.segment.io", 443, 200),
        ("127.0.0.1", 4170, 403),
        ("localhost", 4170, 403),
        ("example.com", 443, None),
    ):
        one = flow(host, method="CONNECT")
        one.request.port = port
        addon.http_connect(one)
        assert (one.response.status_code if one.response else None) == status


@pytest.mark.parametrize(
    "name",
    [
        "127.0.0.1",
        "localhost",
        "::1",
        "[::1]",
        "0.0.0.0",
        "::",
        "127.1",
        "2130706433",
        "0x7f.1",
        "::ffff:127.0.0.1",
        "0:0:0:0:0:0:0:1",
    ],
)
def test_our_own_doors_are_known_by_every_name(kept: Kept, name: str) -> None:
    assert leads_here(name)
    server = tflow.tserver_conn()
    server.address = (name, 4170)
    intercept(kept, own_ports=[4170]).server_connect(ServerConnectionHookData(server, tflow.tclient_conn()))
    assert server.error


@pytest.mark.parametrize("name", ["192.0.2.1", "2001:db8::1", "name.invalid", "a" * 300])
def test_other_places_are_not_ours(name: str) -> None:
    assert not leads_here(name)


def test_the_home_is_ingest_only_through_the_proxy(kept: Kept) -> None:
    one = flow("127.0.0.1", "/_/calls", "GET", b"")
    one.request.port = 4170
    asyncio.run(intercept(kept, own_ports=[4170]).request(one))
    assert one.response
    assert one.response.status_code == 404


def test_scripts_come_from_the_real_cdn_unless_offline(kept: Kept) -> None:
    path = "/analytics.js/v1/WK/analytics.min.js"
    passed, answered, api = (
        flow("cdn.segment.com", path, "GET", b""),
        flow("cdn.segment.com", path, "GET", b""),
        flow("api.segment.io", path, "GET", b""),
    )
    online, offline = intercept(kept), intercept(kept, offline=True)
    asyncio.run(online.request(passed))
    asyncio.run(offline.request(answered))
    asyncio.run(online.request(api))
    assert passed.response is None
    for one in (answered, api):
        assert one.response
        assert (one.response.status_code, json.loads(one.response.content or b"")["code"]) == (
            404,
            "cdn_script",
        )
    passed.response = http.Response.make(200)
    online.responseheaders(passed)
    assert passed.response.stream
    for addon, dialled in ((online, True), (offline, False)):
        server = tflow.tserver_conn()
        server.address = ("cdn.segment.com", 443)
        addon.server_connect(ServerConnectionHookData(server, tflow.tclient_conn()))
        assert (server.error is None) == dialled


def test_allow_patterns_take_whole_names() -> None:
    import re

    (pattern,) = allow_patterns(["api.segment.io"])
    assert re.search(pattern, "api.segment.io:443")
    for other in ("api.segment.io.evil.test:443", "xapi.segment.io:443", "apixsegment.io:443"):
        assert not re.search(pattern, other)


@pytest.fixture
def context() -> Iterator[taddons.context]:
    with taddons.context() as made:
        yield made


def test_its_options_record_without_a_launcher(context: taddons.context, tmp_path: Path) -> None:
    addon = Intercept()
    context.master.addons.add(addon)
    file = tmp_path / "calls.jsonl"
    context.configure(addon, segment_pendo_record=str(file))
    asyncio.run(addon.request(flow()))
    context.configure(addon, segment_pendo_track=True, segment_pendo_record="")
    asyncio.run(addon.request(flow()))
    assert [call.call["userId"] for call in calls_of(file)] == ["u-1"]


def test_a_destination_file_is_an_option(context: taddons.context, tmp_path: Path) -> None:
    addon, file, destination = Intercept(), tmp_path / "calls.jsonl", tmp_path / "destination.json"
    destination.write_text('{"mappings": [{"trigger": "type = \\"track\\""}]}')
    context.master.addons.add(addon)
    context.configure(addon, segment_pendo_record=str(file), segment_pendo_destination=str(destination))
    asyncio.run(addon.request(flow()))
    context.configure(addon, segment_pendo_record="")
    (call,) = calls_of(file)
    assert call.code == "NO_MATCHING_MAPPING"


def test_hosts_are_an_option(context: taddons.context) -> None:
    addon = Intercept()
    context.master.addons.add(addon)
    context.configure(addon, segment_pendo_hosts=["collect.example"])
    one = flow("collect.example")
    asyncio.run(addon.request(one))
    assert one.response


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("segment_pendo_to", "us", "SEGMENT_PENDO_API_KEY"),
        ("segment_pendo_destination", "/nowhere.json", "segment_pendo_destination: /nowhere.json cannot be"),
        ("segment_pendo_record", "/no/such/dir/file", "cannot be written"),
        ("segment_pendo_segment", "maybe", "answer, pass"),
        ("segment_pendo_cdn_settings", "/no/such/file", "segment_pendo_cdn_settings: .*No such file"),
        ("segment_pendo_webhook", "new", "segment_pendo_webhook: webhook is one of actions, classic"),
        ("segment_pendo_assume", ["nestd=dot"], "segment_pendo_assume: .*Did you mean nested"),
        (
            "segment_pendo_assume",
            ["classic_dates=rewritten"],
            "segment_pendo_assume: .*only where webhook is classic",
        ),
    ],
)
def test_wrong_options_are_options_errors(
    context: taddons.context, monkeypatch: pytest.MonkeyPatch, option: str, value: Any, words: str
) -> None:
    monkeypatch.delenv("SEGMENT_PENDO_API_KEY", raising=False)
    addon = Intercept()
    context.master.addons.add(addon)
    with pytest.raises(exceptions.OptionsError, match=words):
        context.configure(addon, **{option: value})


def test_a_wrong_destination_does_not_tell_the_key(
    context: taddons.context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMENT_PENDO_API_KEY", KEY)
    addon = Intercept()
    context.master.addons.add(addon)
    with pytest.raises(exceptions.OptionsError) as refused:
        context.configure(addon, segment_pendo_to="mars")
    assert KEY not in str(refused.value)


def test_every_option_has_help(context: taddons.context) -> None:
    context.master.addons.add(Intercept())
    names = [name for name in context.options.keys() if name.startswith("segment_pendo_")]  # noqa: SIM118 - not a dict
    assert sorted(names) == [
        f"segment_pendo_{name}"
        for name in (
            "assume",
            "cdn_settings",
            "comments",
            "destination",
            "hosts",
            "record",
            "segment",
            "to",
            "track",
            "webhook",
        )
    ]
    assert all(context.options._options[name].help.endswith(".") for name in names)


def test_the_file_is_an_addon_for_mitmdump() -> None:
    assert [type(addon) for addon in addons] == [Intercept]


def test_a_settings_request_keeps_the_sdk_on_segments_name(kept: Kept) -> None:
    one = flow("cdn.segment.com", "/v1/projects/WK/settings", "GET", b"")
    asyncio.run(intercept(kept).request(one))
    assert one.response
    assert json.loads(one.response.content or b"")["integrations"]["Segment.io"] == {
        "apiKey": "WK",
        "apiHost": "api.segment.io/v1",
    }


def test_production_settings_are_an_option(context: taddons.context, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(
        '{"integrations": {"Segment.io": {"apiHost": "x", "apiKey": "WK"}}, "plan": {"track": 1}}'
    )
    addon = Intercept()
    context.master.addons.add(addon)
    context.configure(addon, segment_pendo_cdn_settings=str(file))
    one = flow("cdn.segment.com", "/v1/projects/WK/settings", "GET", b"")
    asyncio.run(addon.request(one))
    assert one.response
    assert json.loads(one.response.content or b"") == {
        "integrations": {
            "Segment.io": {"apiHost": "api.segment.io/v1", "apiKey": "WK", "protocol": "https"},
        },
        "plan": {"track": 1},
        "metrics": {"host": "api.segment.io/v1"},
    }


def test_a_browser_that_loads_pendos_agent_is_told_of_once_and_tunnelled(kept: Kept) -> None:
    addon = intercept(kept)
    for host in ("data.pendo.io", "cdn.eu.pendo.io"):
        one = flow(host, method="CONNECT")
        addon.http_connect(one)
        assert one.response is None
        asyncio.run(addon.request(flow()))
        asyncio.run(addon.request(flow()))
    told = [[finding.code for finding in receipt.judged[0].findings] for receipt in kept.receipts]
    assert ["DUAL_GROUP" in codes for codes in told] == [False, False, True, False]

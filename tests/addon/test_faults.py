"""Faults on flows through the proxy: mitmproxy's own test helpers, no network."""

import asyncio
import json
from typing import Any

import pytest
from mitmproxy import http
from mitmproxy.test import tflow, tutils

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.fault import Fault
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.relay import Relay
from segment_pendo.words import Receipt
from segment_pendo_addons.intercept import Intercept


class Talk:
    """An addon with faults, what it took, and what was noted."""

    def __init__(self, *faults: Fault, **how: Any) -> None:
        self.receipts: list[Receipt] = []
        self.notes: list[str] = []
        self.faults = Faults(self.notes.append, seed=1)
        self.faults.add(*faults)
        self.addon = Intercept(Relay([self], setup=Setup()), faults=self.faults, **how)

    def take(self, receipt: Receipt) -> None:
        self.receipts.append(receipt)

    def send(self, method: str = "POST", host: str = "api.segment.io", user: str = "u1") -> http.HTTPFlow:
        flow = sent(method, host, user)
        asyncio.run(self.addon.request(flow))
        return flow


def sent(method: str = "POST", host: str = "api.segment.io", user: str = "u1") -> http.HTTPFlow:
    content = json.dumps({"batch": [{"type": "identify", "userId": user}]}).encode()
    request = tutils.treq(
        host=host,
        port=443,
        scheme=b"https",
        authority=b"",
        method=method.encode(),
        path=b"/v1/batch",
        content=content,
    )
    request.headers["host"] = host
    return tflow.tflow(req=request)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("status", [200, 204, 429, 503])
def test_a_status_with_retry_after(status: int, *, keep: bool) -> None:
    talk = Talk(Fault.of({"status": status, "retry_after": 7, "keep": keep}))
    answer = talk.send().response
    assert answer
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert bool(answer.content) == (status != 204)
    assert len(talk.receipts) == keep
    (note,) = talk.notes
    assert note.startswith(f"POST /v1/batch answered {status}, as a fault asked; its calls were")
    usual = talk.send().response
    assert usual
    assert (usual.status_code, usual.content) == (200, b'{"success": true}')


@pytest.mark.parametrize("status", [200, 503, None])
def test_a_cut_answer_promises_more_than_it_has(status: int | None) -> None:
    talk = Talk(Fault.of({"cut": True, "status": status}))
    answer = talk.send().response
    assert answer
    assert answer.raw_content
    assert (answer.status_code, answer.headers["Connection"]) == (status or 200, "close")
    assert len(answer.raw_content) < int(answer.headers["Content-Length"])
    assert len(talk.receipts) == (status is None)


def test_a_reset_kills_the_flow() -> None:
    talk = Talk(Fault(reset=True))
    flow = talk.send()
    assert (flow.response, flow.error and flow.error.msg) == (None, "Connection killed.")
    assert talk.receipts == []


@pytest.mark.parametrize("end", ["left", "cleared"])
def test_a_hang_ends_when_the_sdk_leaves_or_when_faults_are_cleared(end: str) -> None:
    talk = Talk(Fault(hang=True, keep=True))

    async def main() -> http.HTTPFlow:
        flow = sent()
        flow.client_conn.timestamp_end = None
        assert flow.client_conn.connected
        hung = asyncio.create_task(talk.addon.request(flow))
        await asyncio.sleep(0.2)
        assert not hung.done()
        if end == "left":
            flow.client_conn.state = flow.client_conn.state.CLOSED
        else:
            talk.faults.clear()
        await asyncio.wait_for(hung, 10)
        return flow

    flow = asyncio.run(main())
    assert (flow.response, flow.error and flow.error.msg) == (None, "Connection killed.")
    assert len(talk.receipts) == 1


def test_a_delay_only_delays() -> None:
    talk = Talk(Fault(status=None, delay=0.05))
    answer = talk.send().response
    assert answer
    assert (answer.status_code, len(talk.receipts)) == (200, 1)
    assert talk.notes == ["POST /v1/batch held back for 0.05 s, as a fault asked"]


def test_only_posts_to_segment_that_may_pass_and_match_meet_a_fault() -> None:
    fault = Fault.of({"match": {"user": "u2"}})
    talk = Talk(fault, gate=Gate(is_open=False))
    for flow in (talk.send("OPTIONS"), talk.send(host="example.com"), talk.send()):
        assert flow.response is None or flow.response.status_code != 503
    foreign = sent(user="u2")
    foreign.request.headers["origin"] = "https://evil.test"
    asyncio.run(talk.addon.request(foreign))
    assert foreign.response
    assert (foreign.response.status_code, talk.notes) == (403, [])
    answer = talk.send(user="u2").response
    assert answer
    assert answer.status_code == 503


def test_where_segment_is_to_answer_it_does_not_get_what_a_fault_refuses() -> None:
    talk = Talk(Fault(), answers=False)
    refused, passed = talk.send(), talk.send()
    assert refused.response
    assert (refused.response.status_code, passed.response, len(talk.receipts)) == (503, None, 1)

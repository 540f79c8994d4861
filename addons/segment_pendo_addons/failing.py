"""Carry faults out on flows of SDKs that come through the proxy."""

import asyncio
from collections.abc import Awaitable, Callable

from mitmproxy import http

from segment_pendo.base.prose import plain
from segment_pendo.segment.ingest import masked
from segment_pendo.serve.failing import refusal, until_left
from segment_pendo.serve.fault import Fault
from segment_pendo.serve.faults import Faults
from segment_pendo.words import Reply, SdkRequest

__all__ = ["answer_of", "fail"]


def answer_of(reply: Reply) -> http.Response:
    """Return the answer that mitmproxy gives in our place."""
    # Named `response`, it would be a hook of mitmproxy in the module that imports it.
    headers = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in reply.headers]
    return http.Response.make(reply.status, reply.body, headers)


async def fail(
    flow: http.HTTPFlow,
    asked: SdkRequest,
    fault: Fault,
    faults: Faults,
    take: Callable[[], Awaitable[None]],
) -> None:
    """Answer a flow as a fault says, or not at all; `take` takes its calls and gives it its usual answer."""
    what = f"POST {plain(masked(asked.path))}"
    if fault.delay:
        faults.tell_delay(fault, what)
        await asyncio.sleep(fault.delay)
    if fault.is_taken:
        await take()
    if fault.only_delays:
        return
    faults.tell(fault, what)
    if fault.hang or fault.reset:
        if fault.hang:
            await until_left(lambda: flow.client_conn.connected, faults)
        flow.response = None  # what `take` put there
        if flow.killable:
            flow.kill()
        return
    if fault.status is not None:
        flow.response = answer_of(refusal(asked, fault.status))
    if flow.response is not None:
        _spoil(flow.response, fault)


def _spoil(answer: http.Response, fault: Fault) -> None:
    """Give an answer its Retry-After, and take away half of the body that its Content-Length promises."""
    if fault.retry_after is not None:
        answer.headers["Retry-After"] = str(fault.retry_after)
    if fault.cut:
        body = answer.raw_content or b""
        answer.raw_content = body[: len(body) // 2]
        answer.headers["Content-Length"] = str(max(1, len(body)))
        answer.headers["Connection"] = "close"

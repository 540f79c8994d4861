"""Hand webhooks to the Pendo in this process: the exact bytes, without HTTP, and with its faults."""

import asyncio
from collections.abc import Callable
from time import perf_counter
from typing import Final

from segment_pendo.serve.client import Answer
from segment_pendo.serve.delivering.delivery import Send
from segment_pendo.serve.fault import Fault
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.loopback_pendo import LoopbackPendo
from segment_pendo.words import Webhook

__all__ = ["in_process"]

_NAME: Final = "the Pendo on loopback"
_WHAT: Final = "a webhook"
_TURN: Final = 0.005


def in_process(
    pendo: LoopbackPendo, faults: Faults, patience: float, clock: Callable[[], float] = perf_counter
) -> Send:
    """Return what gives a webhook to the Pendo in this process, and its answer back.

    `patience`: how many seconds Segment's destination waits for an answer. By `clock`, all of them together
    hold the event loop for a moment at a time; what else waits has its turn then.
    """

    began: float | None = None  # when the first one in this turn of the loop began

    def end_turn() -> None:
        nonlocal began
        began = None

    async def send(webhook: Webhook) -> Answer:
        nonlocal began
        while began is not None and clock() - began > _TURN:  # noqa: ASYNC110 - it ends with the turn
            await asyncio.sleep(0)
        if began is None:
            began = clock()
            asyncio.get_running_loop().call_soon(end_turn)
        fault = faults.next("pendo", webhook.body) if faults.concern("pendo") else None
        if fault is None:
            return _answered(pendo.receive(webhook.body, webhook.method))
        return await _failed(pendo, faults, fault, webhook, patience)

    return send


async def _failed(
    pendo: LoopbackPendo, faults: Faults, fault: Fault, webhook: Webhook, patience: float
) -> Answer:
    """Return the answer to a webhook to which a fault happens."""
    silent = Answer(None, f"no answer from {_NAME} within {patience:g} s", perhaps_taken=True)
    if fault.delay:
        faults.tell_delay(fault, _WHAT)
        await asyncio.sleep(min(fault.delay, patience))
    status = pendo.receive(webhook.body, webhook.method) if fault.is_taken else None
    if not fault.only_delays:
        faults.tell(fault, _WHAT)
    if fault.delay >= patience:
        return silent
    if fault.hang:
        await asyncio.sleep(patience)
        return silent
    if fault.reset or fault.cut:
        return Answer(
            None,
            f"the request to {_NAME} failed: {'reset' if fault.reset else 'cut off'}",
            perhaps_taken=True,
        )
    wait = (("Retry-After", str(fault.retry_after)),) if fault.retry_after is not None else ()
    return _answered(status if fault.status is None else fault.status, *wait)


def _answered(status: int | None, *headers: tuple[str, str]) -> Answer:
    assert status is not None
    wrong = "" if 200 <= status < 300 else f"{_NAME} answered {status}"
    return Answer(status, wrong, headers=headers)

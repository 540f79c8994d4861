"""Webhooks that go to the Pendo in this process."""

import asyncio
import json

import pytest

from segment_pendo.serve.delivering.in_process import in_process
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.loopback_pendo import LoopbackPendo
from segment_pendo.words import Webhook


@pytest.mark.parametrize(("each", "turns"), [(0.0, 1), (0.002, 3), (1.0, 8)])
def test_webhooks_hold_the_loop_for_a_moment_at_a_time(each: float, turns: int) -> None:
    taken = asyncio.run(_turns_of_eight(each))
    assert len(taken) == 8
    assert len(set(taken)) == turns


async def _turns_of_eight(each: float) -> list[int]:
    """Return in which turn of the loop each of eight webhooks was taken, of which each takes so long."""
    turn, taken = 0, list[int]()
    pendo = LoopbackPendo(lambda _: taken.append(turn))
    send = in_process(pendo, Faults(), 5.0, lambda: len(taken) * each)

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    bodies = [{"type": "identify", "userId": f"user-{number}", "traits": {}} for number in range(8)]
    await asyncio.gather(*(send(Webhook(json.dumps(body).encode(), ())) for body in bodies))
    counting.cancel()
    return taken

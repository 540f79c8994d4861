"""Webhooks that go to the Pendo in this process."""

import asyncio
import json

import pytest

from segment_pendo.serve.delivering.in_process import in_process
from segment_pendo.serve.faults import Faults
from segment_pendo.serve.loopback_pendo import LoopbackPendo
from segment_pendo.words import Webhook


@pytest.mark.parametrize(("size", "turns"), [(10, 1), (5000, 8)])
def test_of_large_webhooks_the_loop_takes_one_at_a_time(size: int, turns: int) -> None:
    taken = asyncio.run(_turns_of_eight(size))
    assert len(taken) == 8
    assert len(set(taken)) == turns


async def _turns_of_eight(size: int) -> list[int]:
    """Return in which turn of the loop each of eight webhooks was taken."""
    turn, taken = 0, list[int]()
    pendo = LoopbackPendo(lambda _: taken.append(turn))
    send = in_process(pendo, Faults(), 5.0)

    async def count() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    counting = asyncio.create_task(count())
    bodies = [
        {"type": "identify", "userId": f"user-{number}", "traits": {"note": "x" * size}}
        for number in range(8)
    ]
    await asyncio.gather(*(send(Webhook(json.dumps(body).encode(), ())) for body in bodies))
    counting.cancel()
    return taken

"""Send the events of a probe to a Pendo, one after another, as the webhooks of a delivery are sent."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import ClassVar, Final

from segment_pendo.base import js_json
from segment_pendo.base.errors import NOT_DELIVERED, SegmentPendoError
from segment_pendo.pendo.probe.plan import Post, Probe
from segment_pendo.segment.retries import Schedule, retry_after
from segment_pendo.segment.webhooks import ACTIONS, batched, signed
from segment_pendo.serve.client import Answer, client
from segment_pendo.serve.delivering.delivery import Send, over_http
from segment_pendo.words import Destination, Webhook

__all__ = ["ProbeError", "deliver"]

_RANDOM: Final = Random(0)  # noqa: S311 - only pauses


class ProbeError(SegmentPendoError):
    """The first event of a probe was not taken, and so nothing else was sent."""

    exit_code: ClassVar[int] = NOT_DELIVERED


async def deliver(
    probe: Probe,
    to: Destination,
    *,
    pause: float,
    schedule: Schedule,
    sent: Callable[[int, int | None], None],
    signing_key: str = "",
) -> None:
    """Send every request, `pause` seconds apart; call `sent` with its first event and the status.

    The status is None where no answer came. Tries again as Segment does (W-27), within the schedule. Raises
    ProbeError.
    """
    async with client() as opened:
        send = over_http(opened, to)
        for post in probe.posts:
            if post is not probe.posts[0]:
                await asyncio.sleep(pause)
            answer = await _answer(send, _webhook(post, signing_key), schedule)
            if post is probe.posts[0] and answer.wrong:
                raise ProbeError(_refused(answer, to))
            sent(post.numbers[0], answer.status)


def _refused(answer: Answer, to: Destination) -> str:
    why = " Is the API key one of an app at this Pendo?" if answer.status in {401, 403, 404} else ""
    return f"{answer.wrong}; nothing else was sent to {to.name}.{why}"


def _webhook(post: Post, signing_key: str) -> Webhook:
    if isinstance(post.body, list):
        return batched([Webhook(js_json.write(event), ACTIONS.headers) for event in post.body], signing_key)
    return signed(Webhook(post.bytes, ACTIONS.headers, post.method), ACTIONS, signing_key)


async def _answer(send: Send, webhook: Webhook, schedule: Schedule) -> Answer:
    now, attempts = asyncio.get_running_loop().time, 0
    since = now()
    while True:
        answer = await send(webhook)
        if answer.status is not None and not ACTIONS.is_retried(answer.status):
            return answer
        attempts += 1
        after = retry_after(answer.headers, datetime.now(UTC))
        due = schedule.next(attempts, since=since, now=now(), draw=_RANDOM.random(), after=after)
        if due is None:
            return answer
        await asyncio.sleep(due - now())

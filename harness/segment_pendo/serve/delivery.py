"""Delivery: POST webhooks to a destination, in order within their chain, several chains at a time.

Each has one attempt (a later release adds Segment's retries), within the time that Segment's destination
waits. Redirects are not followed (W-11). The answer to the SDK never waits for any of this.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from segment_pendo.base.steps import Steps, finished
from segment_pendo.mapping.assess import chain
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.regions import webhook_url
from segment_pendo.segment import webhooks
from segment_pendo.serve.client import Client, client
from segment_pendo.words import Attempt, CallRef, Destination, Receipt, Webhook

__all__ = ["DRAIN", "Delivery", "post"]

# Of a batch. Pendo publishes no limit; our Pendo on loopback refuses more than 1 MiB.
_MOST_BYTES: Final = 1_000_000
DRAIN: Final = 5.0  # how many seconds the end waits for queued webhooks
_log = logging.getLogger("segment_pendo")
type Heard = Callable[[CallRef, Attempt], None]


async def post(
    client: Client, to: Destination, webhook: Webhook, kind: webhooks.Kind = webhooks.ACTIONS
) -> Attempt:
    """POST a webhook once. Never raises for what the network does; an Attempt never has the URL in it."""
    at = datetime.now(UTC)
    answer = await client.ask(
        "POST",
        webhook_url(to),
        name=to.name,
        headers=webhook.headers,
        body=webhook.body,
        seconds=kind.timeout,
    )
    if not answer.wrong:
        return Attempt(1, at, answer.status, "", "delivered")
    again = answer.status is None or kind.is_retried(answer.status)
    return Attempt(
        1,
        at,
        answer.status,
        f"{answer.wrong}; Segment would {'try again for hours' if again else 'not try again'}",
        "dead",
    )


class Delivery:
    """A sink that POSTs each webhook of a receipt, or up to `batch` of them in one POST.

    `heard` is called with each attempt.
    """

    def __init__(
        self,
        to: Destination,
        heard: Heard,
        *,
        setup: Setup | None = None,
        batch: int | None = None,
        concurrency: int = 16,
    ) -> None:
        self.to = to
        self._heard = heard
        self._setup = setup or Setup()
        self._batch = batch
        self._chains: dict[str, deque[tuple[CallRef, Webhook]]] = {}
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._idle = asyncio.Event()
        self._idle.set()
        self.accepted = 0
        self._concurrency = concurrency
        self._workers: list[asyncio.Task[None]] = []
        self._opened = AsyncExitStack()

    async def start(self) -> None:
        """Begin to deliver. Call it in the loop that will run the deliveries."""
        opened = await self._opened.enter_async_context(client())
        self._workers = [asyncio.create_task(self._work(opened)) for _ in range(self._concurrency)]

    def take(self, receipt: Receipt) -> None:
        """Queue the webhooks of a receipt behind the earlier ones of their chain."""
        finished(self.take_in_steps(receipt))

    def take_in_steps(self, receipt: Receipt) -> Steps[None]:
        """Do the same as `take`, a call a step."""
        for judged in receipt.judged:
            yield
            webhook = judged.webhook
            if webhook is None:
                continue
            name = chain(judged)
            waiting = self._chains.get(name)
            if waiting is None:
                waiting = self._chains[name] = deque()
                self._ready.put_nowait(name)
                self._idle.clear()
            waiting.append((receipt.ref(judged), webhook))

    async def _work(self, opened: Client) -> None:
        while True:
            taken = self._taken(await self._ready.get())
            sent = [
                webhook for name, count in taken.items() for _, webhook in islice(self._chains[name], count)
            ]
            webhook = sent[0] if self._batch is None else webhooks.batched(sent, self._setup.secret)
            attempt = await post(opened, self.to, webhook, self._setup.kind)
            self.accepted += attempt.state == "delivered"
            for name, count in taken.items():
                self._ended(name, count, attempt)
            if not self._chains:
                self._idle.set()

    def _taken(self, first: str) -> dict[str, int]:
        """Return how many webhooks of which chains go into the next POST.

        No other worker gets these chains before the POST has ended.
        """
        places, room = self._batch or 1, _MOST_BYTES
        taken: dict[str, int] = {}
        name: str | None = first
        while name is not None:
            sizes = (len(webhook.body) for _, webhook in islice(self._chains[name], places))
            count = 0
            for size in sizes:
                if taken and size > room:  # the first goes in any case, or it would never go
                    break
                count += 1
                room -= size
                taken[name] = count
            places -= count
            if not count:
                self._ready.put_nowait(name)
                break
            name = self._ready.get_nowait() if places and not self._ready.empty() else None
        return taken

    def _ended(self, name: str, count: int, attempt: Attempt) -> None:
        waiting = self._chains[name]
        for _ in range(count):
            ref, _ = waiting[0]
            try:
                self._heard(ref, attempt)
            except Exception as error:  # noqa: BLE001 - whatever goes wrong there, the next webhook must go out
                _log.error("an attempt could not be kept or printed: %s", type(error).__name__)
            waiting.popleft()
        if waiting:
            self._ready.put_nowait(name)
        else:
            del self._chains[name]

    async def drain(self, seconds: float) -> list[CallRef]:
        """Wait until all webhooks are delivered, at most `seconds`; return those that are left."""
        try:
            await asyncio.wait_for(self._idle.wait(), seconds)
        except TimeoutError:
            pass
        return [ref for waiting in self._chains.values() for ref, _ in waiting]

    async def close(self) -> None:
        """Stop delivering, even if webhooks are left."""
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self._opened.aclose()

"""The replayer of webhooks: it accepts them from their source into a store, and delivers them.

The store may run ahead of delivery, memory does not: only one group of webhooks, and what is being sent, is
held there.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import islice
from typing import Final

from segment_pendo.base.prose import tell_nobody
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.sending.pace import Pace
from segment_pendo.recordings.sending.resend import Outgoing
from segment_pendo.serve.client import Client
from segment_pendo.serve.delivering.delivery import Delivery, Send
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.store.replay import ReplayStore
from segment_pendo.words import Attempt, CallRef

__all__ = ["Replayer"]

_GROUP: Final = 200  # webhooks accepted in one commit
_AHEAD: Final = 10_000  # webhooks that wait at a time, so that the store stays small
_MOST_REFUSED: Final = 100  # in a row, where none was ever taken: the rest would only be more of the same
_MOST_GIVEN_UP: Final = 16  # in a row; fewer may be bad luck, or a few that cannot be taken
_PROOF: Final = 3  # attempts of another webhook, after one was given up in silence


class Replayer:
    """Delivers the webhooks of a source, each at its pace, in order within its chain.

    `items` yields every webhook of the source; those that the store accepted before are passed over. `name`,
    `send`, `how`, `setup`, `clock` and `tell` are as in Delivery; a webhook's retries begin with its first
    attempt. `heard` is called with each attempt. `gave_up`: it stopped by itself, since the other side took
    nothing any more.
    """

    def __init__(
        self,
        items: Iterator[Outgoing],
        store: ReplayStore,
        pace: Pace,
        name: str,
        send: Callable[[Client], Send],
        heard: Callable[[CallRef, Attempt], None],
        *,
        setup: Setup,
        how: How,
        clock: Callable[[], float] = time.time,
        tell: Callable[[str], None] = tell_nobody,
    ) -> None:
        self._items = items
        self._store = store
        self._pace = pace
        self._heard = heard
        self._setup = setup
        self._how = replace(how, window_each=True)
        self._delivery = Delivery(
            name, send, store.store, self._hear, setup=setup, how=self._how, clock=clock, tell=tell
        )
        self._stopped = asyncio.Event()
        self._room = asyncio.Event()
        self._waiting = store.left
        self._any_taken = store.delivered > 0
        self._clock = clock
        self._taken_at = clock()
        self._given_up = self._refused = 0  # in a row
        self._is_silent = False
        self.gave_up = False

    def stop(self) -> None:
        """Let `run` end as soon as what is being sent has its answer."""
        self._stopped.set()
        self._room.set()

    async def run(self) -> bool:
        """Deliver until everything is delivered or given up; return False where it was stopped before.

        Raises RecordingError where the source cannot be read, OSError where nothing more can be accepted.
        """
        next(islice(self._items, self._store.accepted, self._store.accepted), None)
        async with AsyncExitStack() as stack:
            await self._delivery.start()
            stack.push_async_callback(self._delivery.finish)
            await self._accept_all()
            await self._until_delivered()
        return not self._stopped.is_set()

    # --- accepting ---

    async def _accept_all(self) -> None:
        loop = asyncio.get_running_loop()
        start = loop.time()
        group: list[Outgoing] = []
        for item in self._items:
            due = start + self._pace.due(item.call.at)
            if group and (len(group) == _GROUP or due > loop.time()):
                await self._accept(group)
                group = []
            await self._until(due)
            if self._stopped.is_set():
                return
            group.append(item)
        if group:
            await self._accept(group)

    async def _accept(self, group: list[Outgoing]) -> None:
        while self._waiting >= _AHEAD and not self._stopped.is_set():
            self._room.clear()
            await self._room.wait()
        if self._stopped.is_set():
            return
        self._store.accept(group)
        self._waiting += len(group)
        self._delivery.look()
        await asyncio.sleep(0)  # reading and accepting must not hold up what is being sent

    async def _until(self, due: float) -> None:
        seconds = due - asyncio.get_running_loop().time()
        if seconds > 0 and not self._stopped.is_set():
            try:
                await asyncio.wait_for(self._stopped.wait(), seconds)
            except TimeoutError:
                pass

    # --- delivering ---

    async def _until_delivered(self) -> None:
        tasks = {
            asyncio.create_task(self._delivery.drain(None)),
            asyncio.create_task(self._stopped.wait()),
        }
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hear(self, ref: CallRef, attempt: Attempt) -> None:
        if attempt.state == "delivered":
            self._any_taken, self._taken_at = True, self._clock()
            self._given_up = self._refused = 0
            self._is_silent = False
        if attempt.state == "dead":
            self._count_dead(attempt)
        elif attempt.state == "waiting" and self._is_silent and attempt.number == _PROOF:
            self._give_up()
        if attempt.state != "waiting":
            self._waiting -= 1
            self._room.set()
        self._heard(ref, attempt)

    def _count_dead(self, attempt: Attempt) -> None:
        """Stop where nobody is there: what is left waits for a better time, instead of being given up too.

        One that is given up in a silent window may itself be the reason: the next one of its chain shows it.
        """
        is_given_up = attempt.status is None or self._setup.kind.is_retried(attempt.status)
        window = self._how.schedule.window
        self._is_silent |= is_given_up and self._clock() - self._taken_at >= window > 0
        self._refused += 1
        self._given_up += is_given_up
        is_hopeless = self._refused >= _MOST_REFUSED and not self._any_taken
        if is_hopeless or self._given_up >= max(_MOST_GIVEN_UP, self._how.concurrency):
            self._give_up()

    def _give_up(self) -> None:
        self.gave_up = True
        self.stop()

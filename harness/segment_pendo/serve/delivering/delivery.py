"""Delivery: send what the outbox holds to its destination, in order within a chain, several chains at a time.

The answer to an SDK never waits for any of this. Only what is being sent, and a bounded number of webhooks
that came a moment ago, is held in memory; the rest is read from the store when its time has come.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from segment_pendo.base.prose import many, tell_nobody
from segment_pendo.base.steps import NOTHING, Prepared, Steps, finished
from segment_pendo.explain.fate import PERHAPS_TAKEN
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.regions import LOCAL_KEY, webhook_url
from segment_pendo.segment import webhooks
from segment_pendo.segment.retries import retry_after
from segment_pendo.serve.client import Answer, Client, client
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.delivering.pending_webhooks import PendingWebhooks
from segment_pendo.serve.delivering.posts import Posts
from segment_pendo.serve.store.outbox import Outcome, Waiting
from segment_pendo.serve.store.store import Store
from segment_pendo.words import Attempt, CallRef, Destination, Receipt, State, Webhook

__all__ = ["Delivery", "Send", "over_http"]

# Of a batch. Pendo publishes no limit; our Pendo on loopback refuses more than 1 MiB.
_MOST_BYTES: Final = 1_000_000
_AGAIN: Final = 1.0  # seconds until an attempt is kept again that could not be written
_TOGETHER: Final = 31  # parcels that are delivered with another one; mostly two milliseconds
_TURN: Final = 0.005  # seconds that they may hold the event loop at a time
_log = logging.getLogger("segment_pendo")
type Heard = Callable[[CallRef, Attempt], None]
type Send = Callable[[Webhook], Awaitable[Answer]]


def over_http(opened: Client, to: Destination, kind: webhooks.Kind = webhooks.ACTIONS) -> Send:
    """Return what sends one webhook to Pendo, within the time that Segment's destination waits.

    Redirects are not followed (W-11). It never raises for what the network does. No Answer has the URL,
    or the key where the other side repeats it (in Location, say): answers are kept and shown.
    """

    posts = Posts.to(webhook_url(to), to.name)
    if posts is not None:
        opened.closes(posts.close)

    async def send(webhook: Webhook) -> Answer:
        method, headers, body = webhook.method, webhook.headers, webhook.body
        if posts is not None and Posts.can_send(method, headers):
            answer = await posts.ask(method, headers, body, kind.timeout)
        else:
            answer = await opened.ask(
                method, webhook_url(to), name=to.name, headers=headers, body=body, seconds=kind.timeout
            )
        return answer if to.key == LOCAL_KEY else answer.without(to.key)

    return send


@dataclass(frozen=True, slots=True)
class _Parcel:
    """What goes into one POST: webhooks of one or more chains, each chain in its order."""

    waiting: Sequence[Waiting]
    webhook: Webhook

    @property
    def chains(self) -> set[int]:
        return {waiting.chain for waiting in self.waiting}


def _never() -> bool:
    return False


class Delivery:
    """Delivers the webhooks of a store's outbox.

    `send` is opened when delivery starts; `name` is what texts call the other side. `heard` is called with
    each attempt, `tell` with a sentence where attempts cannot be kept. `at_once`: whether an answer takes no
    time now, so that nothing is gained by sending several webhooks at once. `clock` returns seconds since
    1970.
    """

    def __init__(
        self,
        name: str,
        send: Callable[[Client], Send],
        store: Store,
        heard: Heard,
        *,
        setup: Setup | None = None,
        how: How | None = None,
        at_once: Callable[[], bool] = _never,
        clock: Callable[[], float] = time.time,
        tell: Callable[[str], None] = tell_nobody,
    ) -> None:
        self.name = name
        self._at_once = at_once
        self._make_send = send
        self._store = store
        self._outbox = store.outbox
        self._webhooks = PendingWebhooks(store.database)
        self._heard = heard
        self._setup = setup or Setup()
        self._how = how or How()
        self._clock = clock
        self._tell = tell
        self._began = clock()
        self._busy: set[int] = set()
        self._ready: list[int] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._free = asyncio.Semaphore(self._how.concurrency)
        self._next_slot = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._opened = AsyncExitStack()
        self.accepted = 0
        self._failing = False

    async def start(self) -> None:
        """Begin to deliver. Call it in the loop that will run the deliveries."""
        opened = await self._opened.enter_async_context(client())
        self._send = self._make_send(opened)
        self._dispatcher = asyncio.create_task(self._dispatch())

    def take(self, receipt: Receipt) -> None:
        """Deliver the webhooks of a receipt that the store has kept."""
        finished(self.prepared(receipt)).keep()

    def prepared(self, receipt: Receipt) -> Steps[Prepared]:
        """Hold the webhooks of a receipt, a call a step; once the store keeps it, they are delivered.

        They are held before that: what is due would else be made again from the store in between.
        """
        refs: list[CallRef] = []
        for judged in receipt.each:
            if judged.webhook is not None:
                refs.append(receipt.ref(judged))
                self._webhooks.remember(refs[-1], judged.webhook)
            yield None
        return Prepared(self.look, partial(self._forget, refs)) if refs else NOTHING

    def _forget(self, refs: Sequence[CallRef]) -> None:
        for ref in refs:
            self._webhooks.forget(ref)

    def look(self) -> None:
        """Look what is due: the store has accepted something."""
        self._idle.clear()
        self._wake.set()

    # --- what is sent next ---

    async def _dispatch(self) -> None:
        while True:
            await self._free.acquire()
            parcel = await self._next()
            if self._how.rate is not None:
                await self._pace(self._how.rate)
            parcels = [parcel, *(await self._more())]
            sent = asyncio.Event()
            task = asyncio.create_task(self._deliver(parcels, sent))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            if len(parcels) > 1:  # several at a time would hold the event loop up together
                await sent.wait()

    async def _more(self) -> list[_Parcel]:
        """Return what is delivered together with a parcel, where that holds nothing up."""
        more: list[_Parcel] = []
        if self._how.rate is None and self._at_once():
            while self._ready and len(more) < _TOGETHER:
                parcel = await self._parcel()
                more += [] if parcel is None else [parcel]
        return more

    async def _next(self) -> _Parcel:
        """Wait until something is due; no other parcel has webhooks of its chains."""
        while True:
            self._wake.clear()
            if not self._ready or self._outbox.by_number:  # the next of a chain may come before the rest
                now = self._clock()
                self._ready = self._chains_due(now)
                if not self._ready:
                    await self._until_due(now)
                    continue
            parcel = await self._parcel()
            if parcel is not None:
                return parcel

    def _chains_due(self, now: float) -> list[int]:
        # What is being sent is still in the outbox: it must not hide the rest.
        most = 1 if self._outbox.by_number else 64
        limit = len(self._busy) + max(most, 2 * (self._how.batch or 1))
        return [chain for chain in self._outbox.due(now, limit) if chain not in self._busy][::-1]

    async def _until_due(self, now: float) -> None:
        due = self._outbox.next_due(now)
        if due is None and not self._busy:
            self._idle.set()
        try:
            await asyncio.wait_for(self._wake.wait(), None if due is None else max(0.001, due - now))
        except TimeoutError:
            pass

    async def _parcel(self) -> _Parcel | None:
        """Take what goes into the next POST from the chains that are due."""
        taken: list[tuple[Waiting, Webhook]] = []
        while self._ready and len(taken) < (self._how.batch or 1):
            chain = self._ready.pop()
            if chain in self._busy:
                continue
            more = await self._fitting(chain, taken)
            taken += more
            if taken and not more:  # the rest does not fit: its time is the next POST
                break
        if not taken:
            return None
        bodies = [webhook for _, webhook in taken]
        webhook = bodies[0] if self._how.batch is None else webhooks.batched(bodies, self._setup.secret)
        return _Parcel([waiting for waiting, _ in taken], webhook)

    async def _fitting(
        self, chain: int, taken: Sequence[tuple[Waiting, Webhook]]
    ) -> list[tuple[Waiting, Webhook]]:
        """Return the first webhooks of a chain that fit beside those taken; then the chain is busy."""
        self._busy.add(chain)
        room = _MOST_BYTES - sum(len(webhook.body) for _, webhook in taken)
        more: list[tuple[Waiting, Webhook]] = []
        waits = self._outbox.first(chain, (self._how.batch or 1) - len(taken))
        for waiting in waits:
            webhook = await self._webhooks.get(waiting)
            if webhook is None:
                self._give_up(waiting)
                break
            if (taken or more) and len(webhook.body) > room:  # the first goes anyway, or it would never go
                break
            room -= len(webhook.body)
            more.append((waiting, webhook))
        if not more:
            self._busy.discard(chain)
        if not waits:
            self._outbox.forget(chain)
        return more

    def _give_up(self, waiting: Waiting) -> None:
        """Give up a webhook that this version cannot make again from what another one has kept."""
        detail = "it was kept by another version of segment-pendo, which mapped it in a way unknown here"
        at = datetime.fromtimestamp(self._clock(), UTC)
        attempt = Attempt(waiting.attempts + 1, at, None, detail, "dead")
        self._store.database.keep(self._outbox.ended([Outcome(waiting, attempt)]))
        self._report(waiting.ref, attempt)

    async def _pace(self, rate: float) -> None:
        loop = asyncio.get_running_loop()
        slot = max(loop.time(), self._next_slot)
        self._next_slot = slot + 1 / rate
        await asyncio.sleep(slot - loop.time())

    # --- one POST ---

    async def _deliver(self, parcels: Sequence[_Parcel], sent: asyncio.Event) -> None:
        """Send parcels and keep the attempts; `sent` is set between the two."""
        try:
            outcomes: list[Outcome] = []
            until = time.perf_counter() + _TURN
            for parcel in parcels:
                if time.perf_counter() >= until:
                    await asyncio.sleep(0)
                    until = time.perf_counter() + _TURN
                began = self._clock()
                answer = await self._send(parcel.webhook)
                outcomes += [self._outcome(waiting, answer, began) for waiting in parcel.waiting]
            sent.set()
            await self._kept(outcomes)
            for waiting, attempt, _ in outcomes:
                if attempt.state != "waiting":
                    self._webhooks.forget(waiting.ref)
                self.accepted += attempt.state == "delivered"
                self._report(waiting.ref, attempt)
        finally:
            sent.set()
            for parcel in parcels:
                self._busy -= parcel.chains
            self._free.release()
            self._wake.set()

    def _outcome(self, waiting: Waiting, answer: Answer, began: float) -> Outcome:
        number, now = waiting.attempts + 1, self._clock()
        at = datetime.fromtimestamp(began, UTC)
        if not answer.wrong:
            attempt = Attempt(
                number, at, answer.status, "", "delivered", now - began, answer.headers, answer.body
            )
            return Outcome(waiting, attempt)
        due, follows = self._again(waiting, answer, began, now)
        state: State = "dead" if due is None else "waiting"
        wrong = f"{answer.wrong}, {PERHAPS_TAKEN}" if answer.perhaps_taken else answer.wrong
        detail = f"{wrong}; {follows}"
        attempt = Attempt(number, at, answer.status, detail, state, now - began, answer.headers, answer.body)
        return Outcome(waiting, attempt, due)

    def _since(self, waiting: Waiting, began: float) -> float:
        """Return when the time began for which a webhook is tried; its last attempt began at `began`."""
        if not self._how.window_each:
            return max(waiting.at.timestamp(), self._began)
        first = self._outbox.first_attempt(waiting) if waiting.attempts else None
        return began if first is None else max(first.timestamp(), self._began)

    def _again(self, waiting: Waiting, answer: Answer, began: float, now: float) -> tuple[float | None, str]:
        """Return when a webhook is sent again, if it is, and what follows in words."""
        number = waiting.attempts + 1
        if answer.status is not None and not self._setup.kind.is_retried(answer.status):
            return None, "Segment would not try again"
        schedule = self._how.schedule
        since = self._since(waiting, began)
        draw = random.Random(f"{self._how.seed} {waiting.number} {waiting.place} {number}").random()  # noqa: S311 - no secret
        asked = retry_after(answer.headers, datetime.fromtimestamp(now, UTC))
        due = schedule.next(number, since=since, now=now, draw=draw, after=asked)
        if due is not None:
            return due, f"tried again in {due - now:.3g} s"
        if asked is not None and now < since + schedule.window:
            return None, f"given up: it asks to wait {asked:g} s, more than is left of {schedule.window:g} s"
        return None, (
            f"given up after {many(number, 'attempt')} in {schedule.window:g} s; "
            "Segment would try for four hours"
        )

    async def _kept(self, outcomes: Sequence[Outcome]) -> None:
        """Keep attempts; until they can be written, nothing more of their chains is sent."""
        while True:
            try:
                await self._store.database.soon(self._outbox.ended(outcomes))
            except OSError as error:
                if not self._failing:
                    self._failing = True
                    self._tell(
                        f"{error.strerror}: {error.filename}. Deliveries wait until it can be written."
                    )
                await asyncio.sleep(_AGAIN)
            else:
                self._failing = False
                return

    def _report(self, ref: CallRef, attempt: Attempt) -> None:
        try:
            self._heard(ref, attempt)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong there, the next webhook must go out
            _log.error("an attempt could not be printed: %s", type(error).__name__)

    # --- the end ---

    @property
    def is_idle(self) -> bool:
        """Whether nothing is being sent, and nothing waits."""
        return not self._busy and self._outbox.left() == 0

    async def drain(self, seconds: float | None) -> int:
        """Wait until nothing waits any more, at most `seconds` (None: as long as it takes).

        Return how many webhooks are left.
        """
        try:
            async with asyncio.timeout(seconds):
                while not self.is_idle:
                    self._idle.clear()
                    self._wake.set()
                    await self._idle.wait()
        except TimeoutError:
            pass
        return self._outbox.left()

    async def finish(self) -> None:
        """Stop delivering when what is being sent has been answered; what is left stays in the store."""
        self._dispatcher.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.close()

    async def close(self) -> None:
        """Stop delivering; what is left stays in the store."""
        tasks = [self._dispatcher, *self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._opened.aclose()

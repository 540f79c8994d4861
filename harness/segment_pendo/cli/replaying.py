"""Send a source again for `replay`, and say what became of it: its webhooks, or its SDK requests."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import chain, count
from pathlib import Path
from random import Random
from typing import Final

import click

from segment_pendo.base import js_json
from segment_pendo.base.prose import many
from segment_pendo.cli.failure import NOT_DELIVERED
from segment_pendo.cli.signals import Signals
from segment_pendo.recordings.sending.pace import Item, Pace, replay
from segment_pendo.recordings.sending.resend import Resend
from segment_pendo.recordings.sending.undelivered import write_undelivered
from segment_pendo.segment.retries import retry_after
from segment_pendo.segment.webhooks import ACTIONS
from segment_pendo.serve.client import Answer, Client, client, name_of
from segment_pendo.serve.delivering.delivery import over_http
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.delivering.replayer import Replayer
from segment_pendo.serve.environment import replay_store
from segment_pendo.serve.store.replay import ReplayStore
from segment_pendo.words import Attempt, CallRef, Destination, Json, SdkRequest

__all__ = ["Webhooks", "opened_store", "send_requests"]

_MOST_SHOWN: Final = 10
_HINT: Final = "Is segment-pendo running there? Start it with: segment-pendo run"


def _say(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def _bar(length: int, label: str, done: int = 0) -> Iterator[Callable[[], None]]:
    """Show a progress bar where stderr is a terminal; yield what is called with each item that ended."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        bar.update(done)
        yield lambda: bar.update(1)


async def _stop_at(signals: Signals, stop: Callable[[], None]) -> None:
    await signals.next()
    stop()
    signals.end_at_once(lambda: _say("Ended at once, in the middle of what was being sent."))


# --- webhooks ---


def opened_store(what: Json, to: Destination, resend: Resend, *, restart: bool = False) -> ReplayStore:
    """Open the store of what is sent again, the same one for the same `what`; None: it does not last."""
    path = None
    if what is not None:
        path = replay_store(blake2b(js_json.write(what), digest_size=12).hexdigest())

    def opened() -> ReplayStore:
        return ReplayStore(path, setup=resend.as_mapped, destination=to.name, fingerprint=to.fingerprint)

    store = opened()
    if restart and store.accepted:
        store.remove()
        store = opened()
    return store


@dataclass(frozen=True, slots=True)
class Webhooks:
    """Webhooks that are sent again: `count` of them, to `to`.

    `failed`: the recording of those that are not delivered.
    """

    resend: Resend
    to: Destination
    pace: Pace
    how: How
    count: int
    failed: Path | None

    def send(self, store: ReplayStore) -> int:
        """Deliver what is not delivered yet, say what became of it, and return the exit code."""
        if store.accepted:
            _say(f"Goes on: {store.delivered} of {many(self.count, 'webhook')} were delivered before.")
            store.resume()
        try:
            is_ended, gave_up = asyncio.run(self._deliver(store))
            code, is_kept = self._end(store, is_ended=is_ended, gave_up=gave_up)
        except BaseException:
            store.close()
            raise
        if is_kept:
            store.close()
        else:
            store.remove()
        return code

    async def _deliver(self, store: ReplayStore) -> tuple[bool, bool]:
        """Return whether it came to its end, and whether it stopped by itself before."""
        signals, source = Signals(), self.resend.source
        with _bar(self.count, Path(source.name).name, store.delivered) as ended:
            is_told = store.delivered > 0 or not self.to.loopback

            def heard(_ref: CallRef, attempt: Attempt) -> None:
                nonlocal is_told
                if attempt.state != "waiting":
                    ended()
                if attempt.status is None and not is_told:
                    _say(f"{attempt.detail}. {_HINT}")
                is_told = True

            setup = self.resend.as_mapped
            replayer = Replayer(
                self.resend.webhooks(),
                store,
                self.pace,
                self.to.name,
                lambda opened: over_http(opened, self.to, setup.kind),
                heard,
                setup=setup,
                how=self.how,
                tell=_say,
            )
            waiting = asyncio.create_task(_stop_at(signals, replayer.stop))
            is_ended = await replayer.run()
            waiting.cancel()
        return is_ended, replayer.gave_up

    def _end(self, store: ReplayStore, *, is_ended: bool, gave_up: bool) -> tuple[int, bool]:
        """Say what became of it; return the exit code, and whether the store is still needed."""
        delivered, dead = store.delivered, store.dead_count
        for one in store.dead(_MOST_SHOWN):
            _say(f"{self.resend.source.name}:{one.name}: {one.why}")
        if dead > _MOST_SHOWN:
            _say(f"... and {dead - _MOST_SHOWN} more")
        is_kept = store.path is not None and delivered > 0 and (dead > 0 or not is_ended)
        total = store.accepted if is_ended else self.count
        rest = "" if is_ended else f"; stopped, {_how_on(store, is_kept=is_kept)}"
        if self.failed is not None and (gave_up or (is_ended and dead)):
            write_undelivered(self.failed, self.resend, chain(store.undelivered(), count(store.accepted)))
            rest = f"; the others are in {self.failed}"
            is_kept = False
        click.echo(f"{delivered} of {many(total, 'webhook')} delivered to {self.to.name}{rest}")
        if gave_up:
            _say(f"{self.to.name} takes nothing any more, so the rest was not tried.")
        if is_kept and dead:
            _say(
                f"What was not delivered is kept: the same command tries it again. `segment-pendo pending "
                f"list --store {store.path}` shows it, --failed FILE writes it as a recording."
            )
        return (NOT_DELIVERED if dead or not is_ended else 0), is_kept


def _how_on(store: ReplayStore, *, is_kept: bool) -> str:
    if is_kept:
        return "the same command goes on"
    return "the same command begins anew" if store.path is not None else "stdin cannot be read again"


# --- SDK requests ---


async def send_requests(resend: Resend, url: str, pace: Pace, how: How, count: int) -> int:
    """Send SDK requests to an ingest, say what became of them, and return the exit code."""
    signals, stop = Signals(), asyncio.Event()
    waiting = asyncio.create_task(_stop_at(signals, stop.set))
    failures: list[str] = []
    ended = failed = 0
    with ExitStack() as stack:
        more = stack.enter_context(_bar(count, Path(resend.source.name).name))

        def report(item: Item, wrong: str) -> None:
            nonlocal ended, failed
            ended += 1
            more()
            if wrong:
                failed += 1
                if len(failures) < _MOST_SHOWN:
                    failures.append(f"{resend.source.name}:{item.line}: {wrong}")
                if failed == ended >= how.concurrency:  # nobody is there
                    stop.set()

        async with client() as opened:
            asking = _Asking(opened, url, how)
            left = await replay(
                resend.requests(asking.ask), pace, report, concurrency=how.concurrency, stop=stop
            )
    waiting.cancel()
    for line in failures:
        _say(line)
    if failed > len(failures):
        _say(f"... and {failed - len(failures)} more")
    if failed == ended > 0:
        _say(_HINT)
        left = None  # nothing was delivered, so there is no line to continue from
    rest = f"; stopped, continue with --from-line {left}" if left is not None else ""
    click.echo(f"{ended - failed} of {many(count, 'request')} delivered to {name_of(url)}{rest}")
    return NOT_DELIVERED if failed or stop.is_set() else 0


class _Asking:
    """Sends requests to an ingest; what fails is tried again as webhooks are."""

    def __init__(self, opened: Client, url: str, how: How) -> None:
        self._client = opened
        self._url = url
        self._how = how
        self._random = Random(how.seed)  # noqa: S311 - no secret: it must be repeatable

    async def ask(self, request: SdkRequest) -> str:
        """Send a request; return an empty text, or what went wrong the last time."""
        loop = asyncio.get_running_loop()
        since, attempts = loop.time(), 0
        while True:
            answer = await self._client.send(self._url, request)
            if answer.status == 200:
                return ""
            attempts += 1
            due = self._due(answer, attempts, since, loop.time())
            if due is None:
                return answer.wrong or f"{name_of(self._url)} answered {answer.status}"
            await asyncio.sleep(due - loop.time())

    def _due(self, answer: Answer, attempts: int, since: float, now: float) -> float | None:
        if answer.status is not None and not ACTIONS.is_retried(answer.status):
            return None
        asked = retry_after(answer.headers, datetime.now(UTC))
        draw = self._random.random()
        return self._how.schedule.next(attempts, since=since, now=now, draw=draw, after=asked)

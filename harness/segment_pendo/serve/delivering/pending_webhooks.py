"""Webhooks that wait to be delivered: those that came a moment ago from memory, others made again."""

from collections import OrderedDict
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.headers import header_pairs
from segment_pendo.serve.relay import in_turns
from segment_pendo.serve.store.database import Database
from segment_pendo.serve.store.outbox import Waiting
from segment_pendo.serve.store.receipts import as_kept, judged_at, remade_in_steps
from segment_pendo.words import CallRef, Webhook

__all__ = ["PendingWebhooks"]

_MOST_BYTES: Final = 16 * 1024 * 1024
_EACH: Final = 500  # about what a webhook weighs beside its body
_TURN: Final = 0.01


class PendingWebhooks:
    """Gives the bytes of webhooks. About 16 MB of them are held, or all of one receipt where that is more."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: OrderedDict[CallRef, Webhook] = OrderedDict()
        self._size = 0

    def remember(self, ref: CallRef, webhook: Webhook) -> None:
        """Hold a webhook, if there is room: the store can make it again."""
        if self._size + len(webhook.body) + _EACH <= _MOST_BYTES:
            self._hold(ref, webhook)

    def forget(self, ref: CallRef) -> None:
        """Hold a webhook no longer."""
        webhook = self._held.pop(ref, None)
        if webhook is not None:
            self._size -= len(webhook.body) + _EACH

    async def get(self, waiting: Waiting) -> Webhook | None:
        """Return a webhook that waits, or None where it cannot be made again."""
        webhook = self._held.get(waiting.ref) or self._exact(waiting)
        if webhook is None:
            await self._make_again(waiting)
            webhook = self._held.get(waiting.ref)
        return webhook

    def _exact(self, waiting: Waiting) -> Webhook | None:
        """Return a webhook whose bytes are kept."""
        row = self._database.execute(
            "select body, headers, method from bodies where n = ? and place = ?",
            (waiting.number, waiting.place),
        ).fetchone()
        if row is None:
            return None
        return Webhook(bytes(row[0]), header_pairs(js_json.read(row[1].encode()).value), row[2])

    async def _make_again(self, waiting: Waiting) -> None:
        """Map a receipt again, and hold all its webhooks that wait: the next ones will be asked for soon."""
        try:
            receipt, setup = await in_turns(remade_in_steps(self._database, waiting.number), _TURN)
        except (ValueError, LookupError):
            return
        rows = self._database.execute(
            "select place, history, signature from calls where n = ? and state = 'waiting'", (waiting.number,)
        ).fetchall()
        each = judged_at(receipt)
        again = [
            as_kept(each[place], history, signature, setup)
            for place, history, signature in rows
            if place in each
        ]
        bodies = [(receipt.ref(judged), judged.webhook) for judged in again if judged.webhook is not None]
        self._make_room(sum(len(webhook.body) + _EACH for _, webhook in bodies))
        for ref, webhook in bodies:
            self._hold(ref, webhook)

    def _make_room(self, size: int) -> None:
        while self._held and self._size + size > _MOST_BYTES:
            self.forget(next(iter(self._held)))

    def _hold(self, ref: CallRef, webhook: Webhook) -> None:
        if ref not in self._held:
            # What orjson writes stands in 4 kB, however short it is; a copy stands in its own size.
            body = bytes(memoryview(webhook.body))
            self._held[ref] = Webhook(body, webhook.headers, webhook.method)
            self._size += len(webhook.body) + _EACH

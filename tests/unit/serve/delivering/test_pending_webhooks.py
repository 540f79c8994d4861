"""Webhooks that wait: what is held of them."""

import tracemalloc
from contextlib import closing

from segment_pendo.base import js_json
from segment_pendo.serve.delivering.pending_webhooks import PendingWebhooks
from segment_pendo.serve.store.database import Database
from segment_pendo.words import CallRef, Webhook


def test_a_short_webhook_is_held_in_its_own_size() -> None:
    with closing(Database(None)) as database:
        pending = PendingWebhooks(database)
        tracemalloc.start()
        try:
            for number in range(1000):
                pending.remember(CallRef(str(number), 0), Webhook(js_json.write({"userId": number}), ()))
            held, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert held < 1000 * 1000

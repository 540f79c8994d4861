"""What each stage of the mapping costs, beside orjson's loads + dumps of the same bytes.

Each stage works on what the stages before it made; "whole" is from the bytes of the request to the receipt.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
from tests.bench.bodies import SIZES, requests
from tests.bench.rounds import done, tables
from tests.bench.turns import Effort

from segment_pendo.base import js_json
from segment_pendo.explain.fate import explained
from segment_pendo.explain.rows import call_row, dumps
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.across import Across
from segment_pendo.pendo.findings import examine
from segment_pendo.pendo.records import Records
from segment_pendo.segment import ingest, server, webhooks
from segment_pendo.segment.near_misses import near_misses
from segment_pendo.serve.store import Store
from segment_pendo.words import Batch, Message, Receipt, SdkRequest

EVENTS = {"1k": 1_200, "20k": 2_400, "450k": 2_328}
AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
SETUP = Setup()


def _read(request: SdkRequest) -> Batch:
    batch = ingest.read(request)
    assert isinstance(batch, Batch)
    return batch


def _delivered(batch: Batch) -> list[Message]:
    delivered = [
        server.deliver(call, batch, received=AT, ip="127.0.0.1", message_id=lambda: "m")
        for call in batch.calls
    ]
    return [message for message in delivered if isinstance(message, Message)]


def _assessed(wanted: Iterable[SdkRequest]) -> Iterator[Receipt]:
    return (assess(request, id=f"r-{number}", at=AT, setup=SETUP) for number, request in enumerate(wanted))


def _annotated(wanted: Iterable[SdkRequest]) -> Iterator[Receipt]:
    return map(EarlierCalls(SETUP).annotated, _assessed(wanted))


def _rows(receipts: Iterable[Receipt]) -> Iterator[str]:
    return (dumps(call_row(receipt, judged)) for receipt in receipts for judged in receipt.each)


def _explained(receipts: Iterable[Receipt]) -> Iterator[str]:
    return (
        dumps(call_row(receipt, judged) | explained(judged, SETUP))
        for receipt in receipts
        for judged in receipt.each
    )


def _stored(folder: Path, receipts: list[Receipt]) -> None:
    for old in folder.iterdir():
        old.unlink()
    store = Store(folder / "s.db", setup=SETUP)
    for receipt in receipts:
        store.take(receipt)
    store.close()


def stages(size: str, folder: Path) -> dict[str, Callable[[], object]]:
    """What is measured, by its name in the table; the first is the reference."""
    wanted = list(requests(size, EVENTS[size]))
    bodies = [request.body for request in wanted]
    batches = [_read(request) for request in wanted]
    messages = [message for batch in batches for message in _delivered(batch)]
    events = [message.data for message in messages]
    receipts = list(_assessed(wanted))
    across, records = Across(), Records()
    return {
        "orjson loads + dumps": lambda: done(orjson.dumps(orjson.loads(body)) for body in bodies),
        "parse + look": lambda: done(js_json.read(body) for body in bodies),
        "parse + look + dump": lambda: done(
            js_json.write(js_json.read(body).value, ordinary=True) for body in bodies
        ),
        "ingest.read": lambda: done(ingest.read(request) for request in wanted),
        "server rules": lambda: done(map(_delivered, batches)),
        "near misses": lambda: done(near_misses(message.call) for message in messages),
        "webhook": lambda: done(webhooks.webhook(message, ordinary=True) for message in messages),
        "findings": lambda: done(map(examine, events)),
        "**whole, with findings**": lambda: done(_assessed(wanted)),
        "findings across calls": lambda: done(map(across.examine, events)),
        "**whole, with findings across calls**": lambda: done(_annotated(wanted)),
        "store.take": lambda: _stored(folder, receipts),
        "row": lambda: done(_rows(receipts)),
        "explained + row": lambda: done(_explained(receipts)),
        "Pendo's records": lambda: done(records.apply(event, 0) for event in events),
    }


def main(effort: Effort) -> Iterator[str]:
    """Yield the lines of the tables, one for each size of a body."""
    yield from tables("an event", SIZES, stages, EVENTS, effort.rounds)

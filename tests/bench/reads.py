"""How long the page waits: the newest calls and each filter, over a store of 50,000 calls."""

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench.turns import Effort

from segment_pendo.base.js_json import write
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.serve.store.calls import Calls
from segment_pendo.words import SdkRequest

CALLS = 50_000
FEW = 1_000  # where it is only to be seen that it runs
FILTERS: list[dict[str, str]] = [
    {},
    {"user": "u-77"},
    {"group": "g-5"},
    {"event": "Event 7"},
    {"type": "group"},
    {"type": "alias"},
    {"trait": "plan"},
    {"trait": "onlyOnce"},
    {"outcome": "skipped"},
    {"outcome": "dropped"},
    {"delivery": "dead"},
    {"code": "NESTED_IGNORED"},
    {"level": "error"},
    {"level": "warning"},
    {"door": "proxy"},
    {"q": "signed"},
    {"q": "onlyonce"},
    {"q": "nobody has this"},
]


def call(number: int, of: int) -> Any:
    user = f"u-{number * 7919 % 20_000}"
    traits: Any = {"firstName": "Ann", "plan": "pro", "address": {"city": "Bern"}, "logins": number % 9}
    if number == of // 2:
        traits["onlyOnce"] = True
    if number % 5 == 1:
        return {"type": "group", "userId": user, "groupId": f"g-{number % 500}", "traits": traits}
    if number % 5 == 2:
        event = f"Event {number % 300}"
        return {"type": "track", "userId": user, "event": event, "properties": {"price": number}}
    if number % 50 == 3:
        return {"type": "identify", "traits": traits}
    return {"type": "identify", "userId": user, "traits": traits}


def fill(store: Store, count: int, size: int) -> None:
    """Send so many calls in batches of a size."""
    relay = Relay([store], setup=Setup(), writer=store.database)
    for start in range(0, count, size):
        body = write({"batch": [call(number, count) for number in range(start, start + size)]})
        relay.receive(SdkRequest("POST", "/v1/batch", body=body), datetime.now(UTC))


def milliseconds(store: Store, filters: dict[str, str], *, newest: bool) -> tuple[float, float, int]:
    """When 100 rows were there, the best of three: read for the first time, and again; and how many."""
    first, again, rows = 1e9, 1e9, 0
    for _ in range(3):
        calls = Calls(store.database)  # holds nothing yet
        for is_first in (True, False):
            start = time.perf_counter()
            rows = len(calls.page(filters, newest=newest, limit=100).calls)
            took = (time.perf_counter() - start) * 1000
            first, again = (min(first, took), again) if is_first else (first, min(again, took))
    return first, again, rows


def main(effort: Effort) -> Iterator[str]:
    """The table: each filter, newest and oldest first."""
    yield "| calls in a request | filter | rows | newest first, ms | again, ms | oldest first, ms |"
    yield "| --- | --- | --- | --- | --- | --- |"
    count = FEW if effort.is_brief else CALLS
    for size in (1, 50):
        with TemporaryDirectory() as folder, closing(Store(Path(folder) / "s", setup=Setup())) as store:
            fill(store, count, size)
            for filters in FILTERS:
                name = " ".join(f"{key}={value}" for key, value in filters.items()) or "none"
                newest, again, rows = milliseconds(store, filters, newest=True)
                oldest, _, _ = milliseconds(store, filters, newest=False)
                yield f"| {size} | {name} | {rows} | {newest:.1f} | {again:.1f} | {oldest:.1f} |"

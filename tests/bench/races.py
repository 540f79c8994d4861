"""How the time of `races` grows with the calls: each size beside the one before it."""

import time
from collections.abc import Callable, Iterator
from typing import Any

from segment_pendo.explain.prediction import Event
from segment_pendo.explain.races import races

SIZES = (12_500, 25_000, 50_000, 100_000)


def people(number: int) -> Any:
    user = f"u{number * 7919 % 20_000}"
    if number % 3 == 0:
        traits: Any = {"employees": number % 9}
        return {"type": "group", "userId": user, "groupId": f"g{number % 500}", "traits": traits}
    traits = {"name": "Peter", "plan": "free" if number % 2 else "pro", "logins": number % 9}
    return {"type": "identify", "userId": user, "traits": traits}


CALLS: dict[str, Callable[[int], Any]] = {
    "20,000 people in 500 accounts": people,
    "one person, one field": lambda number: {"type": "identify", "userId": "u", "traits": {"n": number}},
    "one person, always another field": lambda number: {
        "type": "identify",
        "userId": "u",
        "traits": {f"k{number}": 1},
    },
    "one person, always another account": lambda number: {
        "type": "group",
        "userId": "u",
        "groupId": f"g{number}",
    },
}


def seconds(events: list[Event]) -> float:
    """CPU seconds of one analysis."""
    start = time.process_time()
    races(events)
    return time.process_time() - start


def main() -> Iterator[str]:
    """The table: a size of twice the calls should take twice the time."""
    yield "| calls | number | CPU seconds | times the half |"
    yield "| --- | --- | --- | --- |"
    for title, call in CALLS.items():
        before = 0.0
        for size in SIZES:
            now = seconds([Event(call(number), 0, f"line {number}") for number in range(size)])
            ratio = f"{now / before:.1f}" if before else ""
            yield f"| {title} | {size:,} | {now:.2f} | {ratio} |"
            before = now

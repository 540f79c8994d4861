"""Bodies for benchmarks: captured calls of four SDKs, each with a visitor, a messageId and a time of its own.

Nothing repeats that would not repeat in real traffic, so that a cache gains here what it gains there.
"""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from gzip import decompress
from pathlib import Path
from typing import Any

from segment_pendo.words import SdkRequest

__all__ = ["SIZES", "requests"]

SDK = Path(__file__).parents[2] / "fixtures" / "sdk"
CLIENTS = (
    "analytics-next-1.84.3-batching",
    "analytics-react-native-2.24.1-stubbed",
    "analytics-node-3.1.0",
    "segment-analytics-python-2.4.0",
)
SCENARIOS = ("identify-doc", "identify-full", "group-doc")
# How many calls a body of about so many bytes has.
SIZES = {"1k": 1, "20k": 24, "450k": 582}
VISITORS = 1_000
_SENT = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


@cache
def captured() -> list[dict[str, Any]]:
    """The first call of each scenario of each client."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for client in CLIENTS:
        for line in (SDK / f"{client}.jsonl").read_text("utf-8").splitlines():
            request = json.loads(line)
            body = base64.b64decode(request["body_b64"] or "")
            if request["mark"] not in SCENARIOS or not body:
                continue
            envelope = json.loads(decompress(body) if body.startswith(b"\x1f\x8b") else body)
            found.setdefault((client, request["mark"]), envelope["batch"][0])
    return list(found.values())


def _time(number: int) -> str:
    return (_SENT + timedelta(milliseconds=7 * number)).isoformat(timespec="milliseconds")[:-6] + "Z"


def call(number: int) -> dict[str, Any]:
    """The call of this number."""
    calls = captured()
    visitor = number * 7919 % VISITORS
    varied = calls[number % len(calls)] | {
        "userId": f"user-{visitor:06}",
        "messageId": f"ajs-next-{number:012}-1f7a-4c5e",
        "timestamp": _time(number),
        "integrations": {},
    }
    return varied | ({"groupId": f"company-{visitor % 50}"} if varied["type"] == "group" else {})


def requests(size: str, events: int) -> Iterator[SdkRequest]:
    """As many requests of a size as hold so many calls."""
    for first in range(0, events, SIZES[size]):
        numbers = range(first, first + SIZES[size])
        envelope = {"batch": [call(number) for number in numbers], "sentAt": _time(numbers[-1] + 100)}
        body = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()
        yield SdkRequest("POST", "/v1/batch", "", (("Content-Type", "application/json"),), body)

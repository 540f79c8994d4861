"""Calls that the tests of the page send."""

import json
import urllib.request
from typing import Any

from processes import Running, get

__all__ = ["ANN", "DROPPED", "send", "users"]

ANN: dict[str, Any] = {
    "type": "identify",
    "userId": "ann",
    "traits": {"firstName": "Ann", "plan": "pro", "address": {"city": "Oslo"}},
}
DROPPED = {"type": "identify", "userId": "", "traits": {"a": 1}}


def send(running: Running, *calls: dict[str, Any]) -> None:
    """Send calls in one batch."""
    body = json.dumps({"writeKey": "WRITE_KEY_of_page", "batch": calls}).encode()
    headers = {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(f"{running.home}/v1/batch", body, headers)) as answer:
        assert answer.status == 200
    assert get(f"{running.home}/_/wait?count=1")[0] == 200


def users(count: int) -> list[dict[str, Any]]:
    """As many identify calls, each of another user."""
    return [{"type": "identify", "userId": f"u-{i}", "traits": {"plan": "pro"}} for i in range(count)]

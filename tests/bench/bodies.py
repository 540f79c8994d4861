"""The bodies that are sent: identify and group calls as Segment's SDKs sent them, for 1,000 visitors."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

__all__ = ["Body", "bodies"]

CAPTURES: Final = Path(__file__).parents[2] / "fixtures" / "sdk"
VISITORS: Final = 1000
_MARKS: Final = ("identify-doc", "group-doc")
_NEW: Final = b"@@@@@@@@"  # becomes another number in each request, so that no messageId comes twice


class Body(NamedTuple):
    """A size of body: its name, its path, how many calls it has, how many are sent at the same time.

    `variants` have calls of different visitors.
    """

    name: str
    path: str
    calls: int
    connections: int
    variants: tuple[bytes, ...]

    def numbered(self, number: int) -> bytes:
        """Return the body of this request, with messageIds of its own."""
        return self.variants[number % len(self.variants)].replace(_NEW, b"%08d" % number)


def _captured() -> Iterator[Any]:
    """Yield the calls that every SDK made from the same two lines of documentation."""
    for file in sorted(CAPTURES.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            request = json.loads(line)
            body = base64.b64decode(request.get("body_b64", ""))
            if request.get("mark") in _MARKS and body.startswith(b"{"):
                sent = json.loads(body)
                yield from sent.get("batch", [sent])


def _call(captured: Any, number: int) -> bytes:
    own = {"userId": f"visitor-{number % VISITORS}", "messageId": f"bench-{_NEW.decode()}-{number}"}
    return json.dumps(captured | own, separators=(",", ":")).encode()


def _batch(captured: list[Any], first: int, size: int) -> tuple[bytes, int]:
    """Return a batch of about `size` bytes, and how many calls it has."""
    calls: list[bytes] = []
    length = 80
    while length < size:
        call = _call(captured[len(calls) % len(captured)], first + len(calls))
        length += len(call) + 1
        calls.append(call)
    tail = b'],"writeKey":"WRITE_KEY_bench","sentAt":"2026-11-23T16:33:48.451Z"}'
    return b'{"batch":[' + b",".join(calls) + tail, len(calls)


def bodies() -> tuple[Body, ...]:
    """Return the three sizes: one call of a browser, a server's batch, the largest that is usual."""
    captured = [*_captured()]
    browser = max((call for call in captured if call["type"] == "identify"), key=lambda call: len(str(call)))
    single = tuple(_call(browser, number) for number in range(VISITORS))
    sizes = [Body("1k", "/v1/i", 1, 8, single)]
    for name, size, variants, connections in (("20k", 20_000, 40, 8), ("450k", 450_000, 2, 2)):
        made = [_batch(captured, number * VISITORS // variants, size) for number in range(variants)]
        contents = tuple(body for body, _ in made)
        sizes.append(Body(name, "/v1/batch", made[0][1], connections, contents))
    return tuple(sizes)

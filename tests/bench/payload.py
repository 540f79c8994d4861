"""What the load sends: bodies of each size, whose calls have messageIds of their own in every request."""

import json
from typing import Final, NamedTuple

from tests.bench.bodies import SIZES, call

__all__ = ["Body", "bodies"]

_NEW: Final = b"@@@@@@@@"  # becomes another number in each request, so that no messageId comes twice
# Of each size: how many variants there are, so that all visitors come, and how many are sent at a time.
_MANY: Final = {"1k": (1000, 8), "20k": (40, 8), "450k": (2, 2)}


class Body(NamedTuple):
    """A size of body: its name, how many calls it has, how many are sent at the same time, its variants."""

    name: str
    calls: int
    connections: int
    variants: tuple[bytes, ...]

    def numbered(self, number: int) -> bytes:
        """Return the body of this request, with messageIds of its own."""
        return self.variants[number % len(self.variants)].replace(_NEW, b"%08d" % number)


def _batch(first: int, count: int) -> bytes:
    calls = [
        call(number) | {"messageId": f"bench-{_NEW.decode()}-{number}"}
        for number in range(first, first + count)
    ]
    envelope = {"batch": calls, "writeKey": "WRITE_KEY_bench", "sentAt": "2026-11-23T17:00:10.000Z"}
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()


def bodies() -> tuple[Body, ...]:
    """Return the three sizes: one call, a usual batch, the largest that is usual."""
    made = []
    for name, calls in SIZES.items():
        variants, connections = _MANY[name]
        contents = tuple(_batch(number * calls, calls) for number in range(variants))
        made.append(Body(name, calls, connections, contents))
    return tuple(made)

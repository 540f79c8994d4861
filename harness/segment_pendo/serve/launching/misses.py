"""What the proxy sees of calls that do not come: `run` makes its hints of it."""

from collections import Counter
from typing import Final

from segment_pendo.segment.ingest import route
from segment_pendo.words import SdkRequest

__all__ = ["Misses", "note"]

_MOST: Final = 200  # names of each kind


class Misses:
    """Counts by name: of clients by what they call themselves, of hosts.

    `distrusting`: clients that refused the proxy's certificate for one of Segment's hosts; `silent`: those
    that began TLS with one and left without a request. `tunnelled`: other hosts that were reached through
    the proxy, unread; `posted`: those that got what looks like a Segment call, over plain HTTP. `settings`:
    """

    def __init__(self) -> None:
        self.distrusting: Counter[str] = Counter()
        self.silent: Counter[str] = Counter()
        self.tunnelled: Counter[str] = Counter()
        self.posted: Counter[str] = Counter()

    def passed(self, request: SdkRequest) -> None:
        """Note a request to another host that could be read."""
        asked = route(request)
        if asked is not None and asked.kind in {"single", "batch"}:
            note(self.posted, request.host)


def note(counts: "Counter[str]", name: str) -> None:
    """Count a name, unless there are too many already."""
    if name in counts or len(counts) < _MOST:
        counts[name] += 1

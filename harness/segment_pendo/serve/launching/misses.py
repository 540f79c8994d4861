"""What the proxy sees of calls that do not come: `run` makes its hints of it."""

from collections import Counter
from collections.abc import Callable
from typing import Final

from segment_pendo.segment.ingest import route
from segment_pendo.words import SdkRequest

__all__ = ["Misses", "note"]

_MOST: Final = 200  # names of each kind


def _nobody(_name: str, _host: str) -> None:
    return None


class Misses:
    """Counts by name: of clients by what they call themselves, of hosts.

    `distrusting`: clients that refused the proxy's certificate for one of Segment's hosts; `silent`: those
    that began TLS with one and left without a request. `tunnelled`: other hosts that were reached through
    the proxy, unread; `posted`: those that got what looks like a Segment call, over plain HTTP. `told` is
    called with the name and the host when a client refuses the certificate for the first time.
    """

    def __init__(self, told: Callable[[str, str], None] = _nobody) -> None:
        self._told = told
        self.distrusting: Counter[str] = Counter()
        self.silent: Counter[str] = Counter()
        self.tunnelled: Counter[str] = Counter()
        self.posted: Counter[str] = Counter()

    def refused(self, name: str, host: str) -> None:
        """Note a client that refused the certificate for a host."""
        is_new = name not in self.distrusting
        note(self.distrusting, name)
        if is_new and name in self.distrusting:
            self._told(name, host)

    def passed(self, request: SdkRequest) -> None:
        """Note a request to another host that could be read."""
        asked = route(request)
        if asked is not None and asked.kind in {"single", "batch"}:
            note(self.posted, request.host)


def note(counts: "Counter[str]", name: str) -> None:
    """Count a name, unless there are too many already."""
    if name in counts or len(counts) < _MOST:
        counts[name] += 1

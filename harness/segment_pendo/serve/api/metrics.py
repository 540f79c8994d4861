"""Counts of a run as Prometheus reads them: a sink that counts, and the text at `/_/metrics`.

Counters hold since this process began, whatever the store has forgotten since; gauges are read when asked.
Format: Prometheus text exposition format, version 0.0.4.
"""

import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Final, NamedTuple

from aiohttp import web

from segment_pendo import __version__
from segment_pendo.segment.ingest import TYPES
from segment_pendo.serve.store import Store
from segment_pendo.words import Attempt, CallRef, Judged, Receipt

__all__ = ["Metrics", "metrics_route"]

_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)  # seconds
_ESCAPED: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPED: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})

type Labels = tuple[tuple[str, str], ...]
type Heard = Callable[[CallRef, Attempt], None]


class _Sample(NamedTuple):
    """One value; `suffix` is what follows the name of its family."""

    value: float
    labels: Labels = ()
    suffix: str = ""


class Metrics:
    """A sink that counts calls, findings, refused requests and ends of deliveries."""

    def __init__(self) -> None:
        self._started = time.time()
        self._calls: Counter[Labels] = Counter()
        self._findings: Counter[Labels] = Counter()
        self._refused: Counter[Labels] = Counter()
        self._ended: Counter[Labels] = Counter()
        self._seconds = [0] * (len(_BOUNDS) + 1)  # attempts by how long they took
        self._all_seconds = 0.0

    def take(self, receipt: Receipt) -> None:
        if receipt.refusal is not None:
            self._refused[(("status", str(receipt.refusal.status)),)] += 1
        for judged in receipt.each:
            kind = judged.call.type if judged.call.type in TYPES else "other"
            self._calls[("type", kind), ("outcome", _outcome(judged))] += 1
            for finding in judged.findings:
                self._findings[("code", finding.code), ("level", finding.level)] += 1

    def hearing(self, heard: Heard) -> Heard:
        """Return what counts an attempt, and then calls `heard` with it."""

        def count(ref: CallRef, attempt: Attempt) -> None:
            self._seconds[bisect_left(_BOUNDS, attempt.seconds)] += 1
            self._all_seconds += attempt.seconds
            if attempt.state != "waiting":
                self._ended[(("state", attempt.state),)] += 1
            heard(ref, attempt)

        return count

    def text(self, store: Store) -> str:
        """Return all of it in Prometheus' text format."""
        return "".join(self._families(store))

    def _families(self, store: Store) -> Iterator[str]:
        version: Labels = (("version", __version__),)
        yield _family("segment_pendo_build_info", "gauge", "This segment-pendo.", [_Sample(1, version)])
        yield _family(
            "process_start_time_seconds", "gauge", "Since when counters count, in seconds since 1970.",
            [_Sample(self._started)],
        )  # fmt: skip
        yield _counter(
            "calls", "Calls by what became of them; one that several mappings select counts for each.",
            self._calls,
        )  # fmt: skip
        yield _counter("findings", "Findings about calls; finding CODE says what each means.", self._findings)
        yield _counter("refused", "Requests that brought no call, by Segment's answer.", self._refused)
        yield _counter(
            "webhooks", "Webhooks whose delivery ended; one that is sent again counts again.", self._ended
        )
        yield _family(
            "segment_pendo_delivery_seconds", "histogram", "How long attempts to deliver took.",
            self._histogram(),
        )  # fmt: skip
        yield _family(
            "segment_pendo_webhooks_waiting", "gauge", "Webhooks that wait for this run's destination.",
            [_Sample(store.outbox.left())],
        )  # fmt: skip
        yield _family(
            "segment_pendo_store_bytes", "gauge", "Bytes that the store holds.",
            [_Sample(store.database.used())],
        )  # fmt: skip

    def _histogram(self) -> Iterator[_Sample]:
        bounds = [*map(_number, _BOUNDS), "+Inf"]
        for bound, count in zip(bounds, accumulate(self._seconds), strict=True):
            yield _Sample(count, (("le", bound),), "_bucket")
        yield _Sample(self._all_seconds, suffix="_sum")
        yield _Sample(sum(self._seconds), suffix="_count")


def metrics_route(metrics: Metrics, store: Store) -> web.RouteDef:
    """Return the route that answers with the metrics."""

    async def answer(_request: web.Request) -> web.Response:
        return web.Response(body=metrics.text(store).encode(), headers={"Content-Type": _TYPE})

    return web.get("/_/metrics", answer)


def _outcome(judged: Judged) -> str:
    """Return webhook, dropped (by Segment) or unselected (by the destination), as the filter has it."""
    if judged.webhook is not None:
        return "webhook"
    return "dropped" if judged.message is None else "unselected"


def _counter(name: str, means: str, counts: Counter[Labels]) -> str:
    samples = [_Sample(count, labels) for labels, count in sorted(counts.items())]
    return _family(f"segment_pendo_{name}_total", "counter", means, samples)


def _family(name: str, kind: str, means: str, samples: Iterable[_Sample]) -> str:
    """Return a metric as lines: what it means, its type, its values."""
    lines = [f"# HELP {name} {means.translate(_HELP_ESCAPED)}", f"# TYPE {name} {kind}"]
    for value, labels, suffix in samples:
        inside = ",".join(f'{label}="{text.translate(_ESCAPED)}"' for label, text in labels)
        lines.append(f"{name}{suffix}{f'{{{inside}}}' if inside else ''} {_number(value)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return repr(value)

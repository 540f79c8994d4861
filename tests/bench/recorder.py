"""What a call costs that is recorded, beside orjson's loads + dumps of the bytes that it came in."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
from tests.bench.bodies import SIZES, requests
from tests.bench.rounds import done, tables
from tests.bench.turns import Effort

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.redaction.pseudonyms import People
from segment_pendo.words import Receipt

EVENTS = {"1k": 600, "20k": 1_200, "450k": 1_164}
AT = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
SETUP = Setup()


def _recorded(file: Path, receipts: list[Receipt], people: People | None = None) -> None:
    file.unlink(missing_ok=True)
    recorder = Recorder(file, setup=SETUP, people=people)
    for receipt in receipts:
        recorder.take(receipt)
    recorder.close()


def recordings(size: str, folder: Path) -> dict[str, Callable[[], object]]:
    """What is measured, by its name in the table; the first is the reference."""
    wanted = list(requests(size, EVENTS[size]))
    bodies = [request.body for request in wanted]
    receipts = [assess(request, id=f"r-{n}", at=AT, setup=SETUP) for n, request in enumerate(wanted)]
    file, people = folder / "calls.jsonl", People(b"a key of the bench")
    return {
        "orjson loads + dumps": lambda: done(orjson.dumps(orjson.loads(body)) for body in bodies),
        "**recorder.take**": lambda: _recorded(file, receipts),
        "recorder.take, people redacted": lambda: _recorded(file, receipts, people),
    }


def main(effort: Effort) -> Iterator[str]:
    """Yield the lines of the tables, one for each size of a body."""
    yield from tables("a call", SIZES, recordings, EVENTS, effort.rounds)

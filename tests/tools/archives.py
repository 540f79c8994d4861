"""Archives to test with: folders of gzip parts as Segment writes them, of few people who are seen often."""

import gzip
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from segment_pendo import archive
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.reading.parts import Part

FIRST = datetime(2026, 2, 2, 3, tzinfo=UTC)


def events(count: int, people: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Archived events of so many people: identify, group, track and now and then a deletion."""
    random = Random(seed)
    for number in range(count):
        person = random.randrange(people)
        at = (FIRST + timedelta(seconds=number)).isoformat().replace("+00:00", ".000Z")
        event: dict[str, Any] = {"messageId": f"m-{number}", "userId": f"user-{person}", "context": {}}
        event |= {
            "timestamp": at,
            "originalTimestamp": at,
            "receivedAt": at,
            "version": 2,
            "channel": "server",
        }
        draw = random.random()
        if draw < 0.5:
            plan = random.choice(["free", "team", "pro"])
            traits = {"plan": plan, "logins": number, "email": f"{person}@example.com"}
            yield event | {"type": "identify", "traits": traits}
        elif draw < 0.8:
            group = f"account-{(person + random.randrange(2)) % max(1, people // 5)}"
            yield event | {"type": "group", "groupId": group, "traits": {"seats": number, "name": group}}
        elif draw < 0.99:
            yield event | {"type": "track", "event": "Opened", "properties": {"page": number}}
        else:
            yield event | {"type": "delete"}


def write(folder: Path, count: int, *, people: int = 20, parts: int = 4, seed: int = 1) -> Path:
    """Write an archive of so many parts, and return its folder; events go to the parts in turn."""
    day = folder / "1770000000000"
    day.mkdir(parents=True)
    with ExitStack() as opened:
        files = [
            opened.enter_context(gzip.GzipFile(day / f"{number:04}.gz", "wb", 1, mtime=0))
            for number in range(parts)
        ]
        for number, event in enumerate(events(count, people, seed)):
            files[number % parts].write(json.dumps(event).encode() + b"\n")
    return folder


def fold_part(path: str, setup: Setup) -> archive.Partial:
    """Fold one file, as a task of any engine may."""
    return archive.fold(archive.webhooks(Part(path, Path(path)).lines(), setup, part=path))


def end_once(path: Path) -> Path:
    """A task that ends its process the first time, in the manner of a machine that has no memory left."""
    mark = path.with_suffix(".seen")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return path


def end_always(path: Path) -> Path:
    """A task that ends its process each time."""
    os.kill(os.getpid(), signal.SIGKILL)
    return path

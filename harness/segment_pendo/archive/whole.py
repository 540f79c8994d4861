"""All records of an archive at once, read from the files of its finished parts."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path

from segment_pendo.archive import kept
from segment_pendo.archive.final_calls import Counts, FinalCalls
from segment_pendo.archive.kept import Entry, Head
from segment_pendo.archive.state import is_shown
from segment_pendo.base import js_json
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.recordings.files import replace_whole

__all__ = ["Whole"]


@dataclass(frozen=True, slots=True)
class Whole:
    """The records that the files of a job hold, one after another, and what else is known of the archive."""

    paths: Sequence[Path]
    head: Head

    def entries(self) -> Iterator[Entry]:
        """Yield every record once, accounts first, in the order of the ids."""
        return chain.from_iterable(map(kept.entries, self.paths))

    def write_calls(self, path: Path, switches: PendoSwitches) -> Counts:
        """Write the final calls into a file, whole or not at all. Raises RecordingError."""
        calls = FinalCalls(switches)
        replace_whole(path, (js_json.write(call) + b"\n" for call in calls.of(self.entries())))
        return calls.counts

    def sample(self, most: int, switches: PendoSwitches) -> list[Entry]:
        """Return so many records, always the same ones, wherever they lie among the others."""
        shown = (entry for entry in self.entries() if is_shown(entry.kind, entry.record, switches))
        return heapq.nsmallest(most, shown, key=_drawn)


def _drawn(entry: Entry) -> tuple[bytes, str]:
    name = f"{entry.kind}\n{entry.id}"
    return blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), name

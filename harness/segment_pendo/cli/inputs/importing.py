"""Put the requests that files of other programs hold into a recording, one by one."""

import io
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Final

from segment_pendo.base.hosts import bare
from segment_pendo.cli.failure import CONFIGURATION, Failure
from segment_pendo.cli.inputs.files import Files
from segment_pendo.cli.proxy_extra import needed_side
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.exchange import archive
from segment_pendo.recordings.exchange.containers import MOST_BYTES, bounded, is_held_whole, opened
from segment_pendo.recordings.exchange.found import Damage, Imported, ImportFailure, PassedOver
from segment_pendo.recordings.exchange.har import har
from segment_pendo.recordings.reading.parts import Part, Watch
from segment_pendo.recordings.recorder import Recorder

__all__ = ["Import"]

_HEAD: Final = 1 << 15  # bytes that say what a file is


@dataclass(slots=True)
class Import:
    """Takes requests to `hosts` into a recorder; counts those taken, passed over, and lost by their file."""

    recorder: Recorder
    hosts: frozenset[str]
    setup: Setup
    before_the_end: Callable[[], None]
    taken: int = 0
    lost: int = 0
    passed: Counter[str] = field(default_factory=Counter)

    def run(self, files: Files) -> None:
        """Take all that is in the files.

        Calls `before_the_end` once all was good. Raises Failure or ImportFailure; then nothing is imported,
        and an older recording is as it was.
        """
        try:
            for part in files:
                if self._is_ours(part):
                    continue
                with files.told():
                    for item in _imported(part, files):
                        self._take(item)
            self.before_the_end()
        except OSError as error:
            self.recorder.discard()
            message = f"{self.recorder.path} cannot be written: {error.strerror}. Nothing was imported."
            raise Failure(message, CONFIGURATION) from None
        except BaseException:
            self.recorder.discard()
            raise

    def _is_ours(self, part: Part) -> bool:
        """Whether a part is what is written meanwhile, or lies beside it for that: in a folder, it is met."""
        if part.path is None:
            return False
        out, path = self.recorder.path.resolve(), part.path.resolve()
        return (path.parent == out.parent and path.name.startswith(f"{out.name}.")) or path == out

    def _take(self, item: Imported | PassedOver) -> None:
        host = item.request.host if isinstance(item, Imported) else item.host
        if host and bare(host) not in self.hosts:
            self.passed["to other hosts"] += 1
        elif isinstance(item, Imported):
            receipt = assess(item.request, id=str(self.taken), at=item.at, setup=self.setup)
            self.recorder.take(receipt)
            self.taken += 1
        else:
            self.passed[item.why] += 1
            self.lost += item.is_loss


def _imported(part: Part, files: Files) -> Iterator[Imported | PassedOver]:
    """Yield what is in a file, and tell what is damaged of it. Raises ImportFailure, Unreadable."""
    try:
        for item in _found(part, files.watch):
            if isinstance(item, Damage):
                files.tell(_failure(part, item.why))
            else:
                yield item
    except ImportFailure as error:
        raise _failure(part, str(error)) from None
    if part.damage:
        raise _failure(part, f"{part.damage} at line {part.line}")


def _failure(part: Part, why: str) -> ImportFailure:
    name = part.name
    return ImportFailure(why if why.startswith(f"{name} ") else f"{name} cannot be imported: {why}.")


def _found(part: Part, watch: Watch) -> Iterator[Imported | PassedOver | Damage]:
    if part.path is None or not is_held_whole(part.head(_HEAD)):
        yield from archive.lines_of(part.lines(watch))
        return
    content = opened(_whole(part, watch))
    if content.kind == "har":
        yield from har(content.data, content.files)
    elif content.kind == "flows":
        needed_side("a flow file of mitmproxy is read by mitmproxy")
        yield from import_module("segment_pendo_addons.flows").read(content.data)
    else:
        yield from archive.lines_of(io.BytesIO(content.data))


def _whole(part: Part, watch: Watch) -> bytes:
    """Return all that a file holds. Raises ImportFailure where that is too much, or damaged."""
    held = bytearray()
    for line in part.lines(watch):
        held += line
        if len(held) > MOST_BYTES:
            bounded(b"", too_large=True)
    if part.damage:
        raise ImportFailure(part.damage)
    return bytes(held)

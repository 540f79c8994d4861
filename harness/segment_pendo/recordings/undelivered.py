"""Write what a replay did not deliver as a recording, so that it can be sent again."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from segment_pendo.mapping.assess import assess
from segment_pendo.recordings.files import replace_whole
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.resend import Outgoing, Resend

__all__ = ["write_undelivered"]


def write_undelivered(path: Path, resend: Resend, places: Iterable[int]) -> None:
    """Write the webhooks at these places of the source (from 0, ascending) into a new recording.

    Lines of a recording are copied; calls of another input are recorded as in a run. Raises RecordingError,
    OSError.
    """
    chosen = _at(resend.webhooks(), iter(places))
    if resend.source.is_recording:
        replace_whole(path, _lines(resend.source.header.line, chosen))
        return
    recorder = Recorder(path, setup=resend.as_mapped)
    try:
        for item in chosen:
            receipt = assess(item.request(), id=item.name, at=item.call.at, setup=resend.as_mapped)
            recorder.take(receipt)
    except BaseException:
        recorder.discard()
        raise
    recorder.close()


def _at(items: Iterator[Outgoing], places: Iterator[int]) -> Iterator[Outgoing]:
    wanted = next(places, None)
    for place, item in enumerate(items):
        if wanted is None:
            return
        if place == wanted:
            yield item
            wanted = next(places, None)


def _lines(header: bytes, chosen: Iterator[Outgoing]) -> Iterator[bytes]:
    yield header
    last = 0
    for item in chosen:
        if item.entry.number != last:
            yield item.entry.line
            last = item.entry.number
        yield item.call.line

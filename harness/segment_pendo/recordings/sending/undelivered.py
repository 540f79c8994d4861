"""Write what a replay did not deliver as a recording, so that it can be sent again."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from segment_pendo.recordings.files import replace_whole
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.sending.resend import Outgoing, Resend
from segment_pendo.segment.ingest import accepted
from segment_pendo.words import Receipt

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
    judge_of = Judge(resend.as_mapped)
    recorder = Recorder(path, setup=resend.as_mapped)
    try:
        for item in chosen:
            recorder.take(_receipt(item, judge_of))
    except BaseException:
        recorder.discard()
        raise
    recorder.close()


def _receipt(item: Outgoing, judge_of: Judge) -> Receipt:
    """Return a webhook's call as if it had come alone."""
    alone = replace(item.entry, calls=[item.call])
    request = alone.sdk_request()
    return Receipt(item.name, item.call.at, request, accepted(request), tuple(judge_of.entry(alone)))


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

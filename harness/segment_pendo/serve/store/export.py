"""Write pending webhooks as a recording, which can be sent again anywhere."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain, groupby
from pathlib import Path
from typing import ClassVar

from segment_pendo.base.errors import CONFIGURATION, SegmentPendoError
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.serve.store.calls import Kept
from segment_pendo.words import CallRef

__all__ = ["ExportError", "export"]


class ExportError(SegmentPendoError):
    """The calls cannot be exported; the text says why. Nothing is written then."""

    exit_code: ClassVar[int] = CONFIGURATION


@dataclass(frozen=True, slots=True)
class _First:
    """The call whose setup the recording has."""

    ref: CallRef
    setup: Setup

    def check(self, kept: Kept) -> None:
        """Raise ExportError where a call was accepted with another setup: a recording has one."""
        if kept.setup.described() != self.setup.described():
            msg = (
                f"{kept.receipt.ref(kept.judged)} was accepted with other settings than {self.ref}, and a "
                "recording has one setup. Export them apart, by their ids."
            )
            raise ExportError(msg)


def export(calls: Iterable[Kept], path: Path, secrets: tuple[str, ...] = ()) -> int:
    """Write calls, of one receipt after each other, to a new recording; return how many.

    Keys are replaced. Raises ExportError, RecordingError; then there is no file.
    """
    if path.exists():
        msg = f"{path} exists already; give another file."
        raise ExportError(msg)
    calls = iter(calls)
    first = next(calls, None)
    if first is None:
        return 0
    recorder = Recorder(path, setup=first.setup, secrets=secrets)
    try:
        _write(recorder, chain([first], calls), _First(first.receipt.ref(first.judged), first.setup))
    except BaseException as error:
        recorder.discard()
        if isinstance(error, OSError):
            msg = f"{path} cannot be written: {error.strerror}. Nothing was exported."
            raise ExportError(msg) from None
        raise
    recorder.close()
    return recorder.done.new


def _write(recorder: Recorder, calls: Iterator[Kept], first: _First) -> None:
    for _, group in groupby(calls, key=lambda kept: kept.receipt.id):
        of_receipt = [*group]
        for kept in of_receipt:
            first.check(kept)
        recorder.take(replace(of_receipt[0].receipt, judged=tuple(kept.judged for kept in of_receipt)))

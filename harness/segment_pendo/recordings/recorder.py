"""The recorder: a sink that writes a recording.

A new file grows call by call; an old one is replaced when the run ends well, or added to.

When an old file is to be replaced, the run is written beside it, to FILE.xxxxxx.new, and merged with it at
the end (`merge.merged`): calls that mean the same keep their line byte for byte. Until then the old file is
untouched, and a kill leaves both.
"""

import glob
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Literal

from segment_pendo.base import js_json
from segment_pendo.base.steps import NOTHING, Prepared, Steps, finished, made_waiting
from segment_pendo.base.times import milliseconds
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.comparing import merge as merging
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.files import private, replace_whole
from segment_pendo.recordings.format import Header, RecordingError
from segment_pendo.recordings.judge import IP, Judge
from segment_pendo.recordings.lock import Lock
from segment_pendo.recordings.redaction.pseudonyms import People
from segment_pendo.recordings.redaction.redact import Keys, Redacted, redacted_in_steps, without_body
from segment_pendo.segment.oauth import is_token_request
from segment_pendo.words import Batch, Call, Json, JsonObject, Message, Receipt

__all__ = ["Mode", "Recorder", "server_made_id"]

type Mode = Literal["over", "add"]


class Recorder:
    """Writes each receipt to the file before `take` returns; `close` merges a run with the old file.

    `setup`: with which the receipts were mapped; all but its secret is in the file. `mode`: "over" replaces
    an existing file, "add" adds to it what it does not hold. `people` makes pseudonyms of what is personal;
    `meaning` says what counts where calls are compared. Raises RecordingError if the file exists and is not a
    recording that was made in the same way, InUse if another process records into it.
    """

    def __init__(
        self,
        path: Path,
        *,
        setup: Setup,
        secrets: tuple[str, ...] = (),
        mode: Mode = "over",
        people: People | None = None,
        meaning: Meaning | None = None,
    ) -> None:
        self.path = path
        self._meaning = meaning or Meaning()
        self.done = merging.Merge()
        self.kept_in: Path | None = None  # the run, where it did not replace the old file
        self.unfinished: list[Path] = []  # left by earlier runs that were killed
        self.replaced = 0  # calls of the old file, where a good end writes it again
        self.is_new = False  # whether there was no file before
        self._real = path.resolve()
        # Without the secret: a signature would let a reader guess at it.
        self._setup = replace(setup, secret="")
        self._keys = Keys(secrets)
        self._people = people
        self._judge = Judge(self._setup)
        self._skip: Counter[bytes] = Counter()
        self._over = False
        with ExitStack() as undo:
            try:
                _refuse_what_is_no_file(self._real)
                self._lock = Lock(self._real)
                undo.callback(self._lock.release)
                self._target = self._opened(mode)
                self._file = private(self._target)
                undo.callback(self._file.close)
                began = self._file.tell()
                if began:
                    undo.callback(self._file.truncate, began)
                else:
                    undo.callback(self._target.unlink, missing_ok=True)
                    self._write(recording.header_line(self._setup, self._redaction()))
            except OSError as error:
                msg = f"{self._real} cannot be written: {error.strerror}. Give another file."
                raise RecordingError(msg) from None
            self._undo = undo.pop_all()

    @property
    def target(self) -> Path:
        """Return the file that holds this run until it is closed."""
        return self._target

    def _opened(self, mode: Mode) -> Path:
        """Read the old file, if there is one; return the file that this run is written to."""
        real = self._real
        if not real.exists() or real.stat().st_size == 0:
            self.is_new = True
            return real
        self._over = mode == "over"
        self._meet()
        if not self._over:
            return real
        self.unfinished = sorted(real.parent.glob(f"{glob.escape(real.name)}.*.new"))
        return real.with_name(f"{real.name}.{token_hex(3)}.new")

    def _meet(self) -> None:
        """Read the old file to its end: it must be whole, and made as this run will be."""
        with self.path.open("rb") as file:
            reading = recording.read(file, str(self.path))
            self._compare(reading.header)
            for entry in reading.entries:
                for call in entry.calls:
                    if self._over:
                        self.replaced += 1
                    else:
                        self._skip[self._meaning.exact_mark(call.call)] += 1
                        self._judge.met(call)

    def _compare(self, header: Header) -> None:
        ours, theirs = self._setup.described(), header.setup.described()
        for name in theirs | ours:
            if theirs.get(name) != ours.get(name):
                msg = (
                    f"{self.path}:1: this recording was made {_said(name, theirs.get(name))}; record into "
                    "another file, or run with the same setting."
                )
                raise RecordingError(msg)
        redaction = self._redaction()
        if header.redacted != redaction["redacted"]:
            msg = (
                f"{self.path}:1: this recording was made with {header.redacted} redacted; record into "
                "another file, or run with the same redaction."
            )
            raise RecordingError(msg)
        if header.redacted_with != redaction.get("redactedWith"):
            msg = (
                f"{self.path}:1: its pseudonyms were made with another key or other rules; use the same "
                "again, or record into another file."
            )
            raise RecordingError(msg)

    def _redaction(self) -> JsonObject:
        return (
            {"redacted": "keys"}
            if self._people is None
            else {"redacted": "people", "redactedWith": self._people.fingerprint}
        )

    def _write(self, data: bytes) -> None:
        size = os.fstat(self._file.fileno()).st_size
        view = memoryview(data)
        try:
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            os.ftruncate(self._file.fileno(), size)  # half a line would make the whole file unreadable
            raise OSError(error.errno, error.strerror, str(self._target)) from None

    def take(self, receipt: Receipt) -> None:
        """Write one receipt, redacted and mapped again without its secrets; only the calls that are in it.

        Raises OSError.
        """
        finished(self.prepared(receipt)).keep()

    def prepared(self, receipt: Receipt) -> Steps[Prepared]:
        """Make the lines of a receipt, a call a step; all of them are written when they are kept."""
        if not receipt.judged and (
            receipt.refusal is None or receipt.refusal.status == 404 or is_token_request(receipt.request)
        ):
            return NOTHING  # not a call of an SDK
        request, batch, untouched = yield from self._redacted(receipt)
        if self._people is not None:
            request = self._people.request(request)
            batch = (yield from _unknown(batch, self._people)) if batch is not None else None
        skipped: list[bytes] = []
        calls = (yield from self._calls(batch, receipt, untouched, skipped)) if batch is not None else []
        lines = b""
        if batch is None or calls:
            lines = recording.request_line(request, batch, receipt.refusal) + b"".join(calls)

        def keep() -> None:
            try:
                self._write(lines)
            except OSError:
                self._skip.update(skipped)  # the SDK will send them again
                raise
            self.done.new += len(calls)

        def undo() -> None:
            self._file.truncate(os.fstat(self._file.fileno()).st_size - len(lines))
            self._skip.update(skipped)
            self.done.new -= len(calls)

        return Prepared(keep, undo)

    def _redacted(self, receipt: Receipt) -> Steps[Redacted]:
        """Return the request without its secrets, and its calls; what was refused is not read again."""
        if receipt.refusal is not None and not receipt.judged:
            return Redacted(without_body(receipt.request, self._keys))
        return (yield from redacted_in_steps(receipt.request, self._keys, self._setup.switches))

    def _calls(
        self, batch: Batch, receipt: Receipt, untouched: frozenset[int], skipped: list[bytes]
    ) -> Steps[list[bytes]]:
        """Return the lines of the receipt's calls that the file does not hold yet; add the others' marks."""
        each = {judged.call.index: judged for judged in receipt.judged}
        at = milliseconds(receipt.at)  # all that a line holds
        if self._people is not None or receipt.request.ip != IP or at != receipt.at:
            untouched = frozenset()
        lines: list[bytes] = []
        sent_at: tuple[Json, ...] = (batch.envelope["sentAt"],) if "sentAt" in batch.envelope else ()
        for call in batch.calls:
            came = each.get(call.index)
            if came is None:  # only a part of the batch is recorded
                continue
            mark = self._meaning.exact_mark(call.data) if self._skip else b""
            if self._skip[mark] > 0:
                self._skip[mark] -= 1
                skipped.append(mark)
                continue
            made_id = server_made_id(call, came.message)
            judged = self._judge.reused(call, came, batch, at) if call.index in untouched else None
            if judged is None:
                make = partial(self._judge.judged, call, batch, at, made_id)
                judged = (yield from made_waiting(make)) if self._setup.function is not None else make()
            lines.append(recording.call_line(judged, at, sent_at, made_id, ordinary=batch.ordinary))
            yield None
        return lines

    def close(self, *, replacing: bool = True) -> None:
        """End the run; unless `replacing`, an old file stays and FILE.xxxxxx.new holds the run.

        Raises RecordingError if the file cannot be replaced; then FILE.xxxxxx.new holds the run as well.
        """
        if self._file.closed:
            return
        is_there = self._target.exists() and os.path.samestat(
            os.fstat(self._file.fileno()), self._target.stat()
        )
        self._file.close()
        try:
            if not is_there:
                msg = (
                    f"{self._target} was deleted or replaced while it was recorded, so this run's calls are "
                    "lost. Record again, and leave the file alone meanwhile."
                )
                raise RecordingError(msg)
            self._end(replacing=replacing)
        finally:
            self._lock.release()

    def abandon(self) -> None:
        """Leave the file as it is, and no lock beside it; for the case that the process ends at once."""
        self._lock.release()

    def discard(self) -> None:
        """End the run as if it had not been: nothing of it stays in the file, or beside it."""
        self._undo.close()

    def _end(self, *, replacing: bool) -> None:
        if not self._over:
            return
        if not self.done.new:  # an app that sent nothing must not cost its recording
            self._target.unlink()
            return
        if not replacing:
            self.kept_in = self._target
            return
        done = merging.Merge()
        try:
            with self._real.open("rb") as old, self._target.open("rb") as new:
                replace_whole(self._real, self._merged(old, new, done))
        except (OSError, RecordingError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            msg = f"{self.path} was not replaced: {why} The run is in {self._target}."
            raise RecordingError(msg) from None
        self._target.unlink()
        self.done = done

    def _merged(self, old: Iterator[bytes], new: Iterator[bytes], done: merging.Merge) -> Iterator[bytes]:
        return merging.merged(
            recording.read(old, str(self.path)), recording.read(new, str(self._target)), done, self._meaning
        )


def _refuse_what_is_no_file(path: Path) -> None:
    if path.exists() and not path.is_file():
        msg = f"{path} is not a regular file; give another one."
        raise RecordingError(msg)


def _unknown(batch: Batch, people: People) -> Steps[Batch]:
    """Return the batch with pseudonyms; that of a number may need the exact writer."""
    yield from people.prepared([batch.envelope, *(call.data for call in batch.calls)])
    envelope = people.call(batch.envelope)
    assert isinstance(envelope, dict)
    calls, ordinary = list[Call](), batch.ordinary and js_json.is_ordinary(envelope)
    for call in batch.calls:
        data = people.call(call.data)
        calls.append(replace(call, data=data))
        ordinary = ordinary and js_json.is_ordinary(data)
        yield None
    return replace(batch, envelope=envelope, calls=tuple(calls), ordinary=ordinary)


def server_made_id(call: Call, message: Message | None) -> str:
    """Return the messageId that the server made for a call, or an empty text."""
    has_one = isinstance(call.data, dict) and call.data.get("messageId") is not None
    return "" if message is None or has_one else str(message.data.get("messageId"))


def _said(name: str, value: Json) -> str:
    if name == "destination":
        return "without a destination file" if value is None else "with another destination file"
    if name == "pendoTrack":
        name, value = "pendo_track", value is None
    if name == "assume":
        assumed = value.items() if isinstance(value, dict) else ()
        return (
            f"assuming {', '.join(f'{key}={setting}' for key, setting in assumed)}"
            if assumed
            else "assuming nothing"
        )
    return f"with {name} {('off', 'on')[value] if isinstance(value, bool) else value}"

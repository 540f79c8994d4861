"""Map calls, captured requests or a recording: each call with its line, receipt and setup."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final, NamedTuple

from segment_pendo.base import js_json, times
from segment_pendo.explain import rows
from segment_pendo.mapping.assess import assess, judge, judge_message
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.reading import calls_file
from segment_pendo.recordings.reading.calls_file import Item
from segment_pendo.recordings.reading.parts import Part
from segment_pendo.segment import ingest, server
from segment_pendo.words import Call, JsonObject, Judged, Message, Receipt, SdkRequest

__all__ = ["DAMAGED", "Mapped", "Mapping", "Options", "Wrong", "damage_of", "mapped"]

DAMAGED: Final = "damaged"  # the code of a file that cannot be read to its end


class Mapped(NamedTuple):
    """One call and what became of it; where several mappings select it, one for each of them.

    `file`: where it stands, where there are several.
    """

    line: int
    receipt: Receipt
    judged: Judged
    setup: Setup
    file: str = ""

    @property
    def place(self) -> str:
        """Return where the call stands, in words."""
        return _place(self.file, self.line)

    def row(self) -> JsonObject:
        return _of_file(self.file) | rows.call_row(self.receipt, self.judged, line=self.line)


class Wrong(NamedTuple):
    """A value that is not a call, or `refused`: a request or call that Segment answers with an error."""

    line: int
    code: str
    message: str
    refused: bool = False
    file: str = ""

    @property
    def place(self) -> str:
        """Return where the value stands, in words."""
        return _place(self.file, self.line)

    def row(self) -> JsonObject:
        return _of_file(self.file) | rows.error_row(self.line, self.code, self.message)


def damage_of(part: Part, file: str = "") -> Wrong | None:
    """Return the damage that ended the lines of a part, or None where all were read."""
    if not part.damage:
        return None
    damage = part.damage[0].upper() + part.damage[1:]
    message = f"{damage}, so nothing from here on is read; get it again."
    return Wrong(part.line, DAMAGED, message, file=file)


def _place(file: str, line: int) -> str:
    return f"{file}:{line}" if file else f"line {line}"


def _of_file(file: str) -> JsonObject:
    return {"file": file} if file else {}


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is mapped.

    `at`: when calls are received; a recording keeps its own times unless `fixed`, and its own setup if
    `as_recorded`. Without `ingest_first`, each value is a message as a destination's function or trigger sees
    it; it was received when it says so, unless `fixed`. It was not `filtered` where it comes from before the
    plan, consent and filters of the destination file.
    """

    at: datetime
    setup: Setup
    fixed: bool = False
    ingest_first: bool = True
    filtered: bool = True
    as_recorded: bool = True


def mapped(data: bytes, options: Options, name: str = "stdin") -> Iterator[Mapped | Wrong]:
    """Yield every value of a text, mapped, in order.

    Raises RecordingError for a damaged recording; its text calls the input `name`.
    """
    return Mapping(options).of(io.BytesIO(data), name)


class Mapping:
    """Maps the files of one input, in their order; findings that need earlier calls know all of them.

    `several`: each call and error names its file. Each recording stands for itself. Without `across`, each
    call is mapped by itself, whatever came before.
    """

    def __init__(self, options: Options, *, several: bool = False, across: bool = True) -> None:
        self._options = options
        self._several = several
        self._earlier = EarlierCalls(options.setup) if across else None

    def of(self, lines: Iterable[bytes], name: str) -> Iterator[Mapped | Wrong]:
        """Yield every value of a file, mapped, in order, as soon as its line is there.

        Raises RecordingError for a damaged recording; its text calls the file `name`.
        """
        lines, head = iter(lines), list[bytes]()
        for line in lines:
            head.append(line)
            if line.strip():
                break
        is_recording = recording.is_recording(b"".join(head))
        lines, file = chain(head, lines), name if self._several else ""
        yield from self._recorded(lines, name, file) if is_recording else self._values(lines, file)

    def _values(self, lines: Iterable[bytes], file: str) -> Iterator[Mapped | Wrong]:
        for item in calls_file.items_of(lines):
            if item.error is not None:
                yield Wrong(item.line, *item.error, file=file)
            elif item.request is not None:
                yield from self._captured(item.request, item.line, file)
            elif item.call is not None:
                yield from self._call(item, item.call, file)

    def _recorded(self, lines: Iterable[bytes], name: str, file: str) -> Iterator[Mapped | Wrong]:
        options = self._options
        reading = recording.read(lines, name)
        setup = options.setup.like(reading.header.setup.described()) if options.as_recorded else options.setup
        judge_of = Judge(setup)
        for entry in reading.entries:
            if entry.refused is not None:
                yield Wrong(entry.number, *entry.refusal(), refused=True, file=file)
            request = entry.sdk_request()
            calls = [replace(call, at=options.at) for call in entry.calls] if options.fixed else entry.calls
            for index, judged in enumerate(judge_of.entry(replace(entry, calls=calls))):
                number = calls[index].number
                receipt = Receipt(str(number), calls[index].at, request, ingest.accepted(request), (judged,))
                yield from (Mapped(number, receipt, each, setup, file) for each in judged.each)

    def _captured(self, request: SdkRequest, line: int, file: str) -> Iterator[Mapped | Wrong]:
        if self._options.ingest_first:
            yield from self._request(request, line, file)
            return
        message = "Expected a message as a destination sees it, but this is a captured request."
        yield Wrong(line, "not_a_message", message, file=file)

    def _request(self, request: SdkRequest, line: int, file: str) -> Iterator[Mapped | Wrong]:
        setup = self._options.setup
        id = _id(file, line)
        receipt = assess(request, id=id, at=self._options.at, setup=setup)
        receipt = self._earlier.annotated(receipt) if self._earlier else receipt
        if receipt.refusal:
            yield Wrong(line, receipt.refusal.code, receipt.refusal.message, refused=True, file=file)
        for judged in receipt.each:
            yield Mapped(line, receipt, judged, setup, file)

    def _call(self, item: Item, data: JsonObject, file: str) -> Iterator[Mapped | Wrong]:
        options, kind = self._options, data.get("type")
        if not isinstance(kind, str):
            if isinstance(data.get("batch"), list) and options.ingest_first:
                request = SdkRequest("POST", "/v1/batch", body=js_json.keep(data))
                yield from self._request(request, item.line, file)
            else:
                message = "This object has no type; expected a call or a captured request."
                yield Wrong(item.line, "not_a_call", message, file=file)
            return
        at, call, id = options.at, Call(0, kind, data), _id(file, item.line)
        if options.ingest_first:
            judged = self._ingested(call, id, ordinary=item.ordinary)
            if isinstance(judged, int):
                message = f"The call has {judged:,} bytes; Segment answers 400 to a call of more than 32 KB."
                yield Wrong(item.line, "too_large", message, refused=True, file=file)
                return
        else:
            at = at if options.fixed else times.parse(data.get("receivedAt")) or at
            seen = Message(call, data)
            judged = judge_message(
                seen, ordinary=item.ordinary, setup=options.setup, filtered=options.filtered
            )
        request = SdkRequest("POST", "")
        receipt = Receipt(id, at, request, ingest.accepted(request), (judged,))
        annotated = self._earlier.annotated_call(judged, at) if self._earlier else judged
        yield from (Mapped(item.line, receipt, each, options.setup, file) for each in annotated.each)

    def _ingested(self, call: Call, id: str, *, ordinary: bool) -> Judged | int:
        """Return what becomes of a call that comes alone; its size in bytes, where that is too large."""
        size = len(js_json.write(call.data, ordinary=ordinary))
        if size > ingest.MAX_SINGLE:
            return size
        key, options = call.member("writeKey"), self._options
        batch = ingest.alone(call, size, key if isinstance(key, str) else None, ordinary=ordinary)
        made_id = partial(server.message_id, f"{id}.0", call, batch)
        return judge(call, batch, at=options.at, ip="127.0.0.1", message_id=made_id, setup=options.setup)


def _id(file: str, line: int) -> str:
    """Return what names a receipt and seeds the ids that the server makes; in an input, each has its own."""
    return f"{file}:{line}" if file else str(line)

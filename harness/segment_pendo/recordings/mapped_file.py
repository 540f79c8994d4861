"""Map a file of calls, captured requests or a recording: each call with its line, receipt and setup."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from segment_pendo.base import js_json
from segment_pendo.explain import rows
from segment_pendo.mapping.assess import assess, judge, judge_message
from segment_pendo.mapping.earlier import EarlierCalls
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import calls_file
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.calls_file import Item
from segment_pendo.recordings.judge import Judge
from segment_pendo.segment import ingest, server
from segment_pendo.words import Call, JsonObject, Judged, Message, Receipt, SdkRequest

__all__ = ["Mapped", "Options", "Wrong", "mapped"]


class Mapped(NamedTuple):
    """One call and what became of it; where several mappings select it, one for each of them."""

    line: int
    receipt: Receipt
    judged: Judged
    setup: Setup

    def row(self) -> JsonObject:
        return rows.call_row(self.receipt, self.judged, line=self.line)


class Wrong(NamedTuple):
    """A value that is not a call, or `refused`: a request or call that Segment answers with an error."""

    line: int
    code: str
    message: str
    refused: bool = False

    def row(self) -> JsonObject:
        return rows.error_row(self.line, self.code, self.message)


@dataclass(frozen=True, slots=True)
class Options:
    """How a file is mapped.

    `at`: when calls are received; a recording keeps its own times unless `fixed`, and its own setup if
    `as_recorded`. Without `ingest_first`, each value is a message as a destination sees it.
    """

    at: datetime
    setup: Setup
    fixed: bool = False
    ingest_first: bool = True
    as_recorded: bool = True


def mapped(data: bytes, options: Options, name: str = "stdin") -> Iterator[Mapped | Wrong]:
    """Yield every value of an input, mapped, in order.

    Raises RecordingError for a damaged recording; its text calls the input `name`.
    """
    if recording.is_recording(data):
        yield from _recorded(data.splitlines(keepends=True), name, options)
        return
    history = EarlierCalls(options.setup)
    for item in calls_file.items(data):
        if item.error is not None:
            yield Wrong(item.line, *item.error)
        elif item.request is not None:
            if options.ingest_first:
                yield from _request(item.request, item.line, options, history)
            else:
                yield Wrong(
                    item.line,
                    "not_a_message",
                    "Expected a message as a destination sees it, but this is a captured request.",
                )
        elif item.call is not None:
            yield from _call(item, item.call, options, history)


def _recorded(lines: list[bytes], name: str, options: Options) -> Iterator[Mapped | Wrong]:
    reading = recording.read(lines, name)
    setup = options.setup.like(reading.header.setup.described()) if options.as_recorded else options.setup
    judge_of = Judge(setup)
    for entry in reading.entries:
        if entry.refused is not None:
            yield Wrong(entry.number, *entry.refusal(), refused=True)
        request = entry.sdk_request()
        calls = [replace(call, at=options.at) for call in entry.calls] if options.fixed else entry.calls
        for index, judged in enumerate(judge_of.entry(replace(entry, calls=calls))):
            number = calls[index].number
            receipt = Receipt(str(number), calls[index].at, request, ingest.accepted(request), (judged,))
            yield from (Mapped(number, receipt, each, setup) for each in judged.each)


def _request(
    request: SdkRequest, line: int, options: Options, history: EarlierCalls
) -> Iterator[Mapped | Wrong]:
    receipt = history.annotated(assess(request, id=str(line), at=options.at, setup=options.setup))
    if receipt.refusal:
        yield Wrong(line, receipt.refusal.code, receipt.refusal.message, refused=True)
    for judged in receipt.each:
        yield Mapped(line, receipt, judged, options.setup)


def _call(item: Item, data: JsonObject, options: Options, history: EarlierCalls) -> Iterator[Mapped | Wrong]:
    setup, kind = options.setup, data.get("type")
    if not isinstance(kind, str):
        if isinstance(data.get("batch"), list) and options.ingest_first:
            yield from _request(
                SdkRequest("POST", "/v1/batch", body=js_json.keep(data)), item.line, options, history
            )
        else:
            yield Wrong(
                item.line, "not_a_call", "This object has no type; expected a call or a captured request."
            )
        return
    call = Call(0, kind, data)
    name = str(item.line)
    if not options.ingest_first:
        judged = judge_message(Message(call, data), ordinary=item.ordinary, setup=setup, filtered=True)
    else:
        size = len(js_json.write(data, ordinary=item.ordinary))
        if size > ingest.MAX_SINGLE:
            yield Wrong(
                item.line,
                "too_large",
                f"The call has {size:,} bytes; Segment answers 400 to a call of more than 32 KB.",
                refused=True,
            )
            return
        key = data.get("writeKey")
        batch = ingest.alone(call, size, key if isinstance(key, str) else None, ordinary=item.ordinary)
        made_id = partial(server.message_id, f"{name}.0", call, batch)
        judged = judge(call, batch, at=options.at, ip="127.0.0.1", message_id=made_id, setup=setup)
    receipt = Receipt(
        name, options.at, SdkRequest("POST", ""), ingest.accepted(SdkRequest("POST", "")), (judged,)
    )
    annotated = history.annotated_call(judged, options.at)
    yield from (Mapped(item.line, receipt, each, setup) for each in annotated.each)

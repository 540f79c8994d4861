"""Send a recording again, all of it or some calls: as the webhooks they became, or as SDK requests."""

import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from segment_pendo.base import times
from segment_pendo.explain.conditions import meets
from segment_pendo.mapping.assess import chain_of
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import Entry, RecordedCall, RecordingError
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.sending.pace import Item, Pace
from segment_pendo.recordings.sending.sendable import sendable, sendable_headers
from segment_pendo.recordings.sending.source import Source, is_plain
from segment_pendo.segment import webhooks
from segment_pendo.segment.members import BY_SDKS, TIMES
from segment_pendo.segment.wire import requests
from segment_pendo.words import Headers, Json, JsonObject, SdkRequest, Webhook

__all__ = ["Measure", "NoRequest", "Outgoing", "Resend"]


class Measure(NamedTuple):
    """How much will be sent, how many seconds that takes at least, and when the first was received.

    `refused` requests are in the file without their bodies, and so cannot be sent again.
    """

    items: int
    seconds: float
    first: datetime | None
    refused: int


class NoRequest(RecordingError):
    """A call is to be sent as the request that brought it, and none did."""

    def __init__(self, name: str, line: int) -> None:
        super().__init__(f"{name}:{line}: no SDK's request brought this call, so none can be sent again.")


class Outgoing(NamedTuple):
    """A webhook that is sent again, and where from; its name is the line, with -2, -3 where that has more."""

    name: str
    entry: Entry
    call: RecordedCall
    webhook: Webhook

    def request(self) -> SdkRequest:
        """Return the request as it would have brought this call alone."""
        return replace(self.entry, calls=[self.call]).sdk_request()


@dataclass(frozen=True, slots=True)
class Resend:
    """What of a source is sent again, and how.

    `start`: the line to begin at. `only`: conditions that a call must meet. `shift`: how far all times are
    moved; None leaves every byte as recorded. `setup`: map a recording again with this one; None: as it was
    recorded. `sdk`: encode requests as this SDK does (a key of segment.wire.SDKS); None: as recorded.
    `signing_key` signs webhooks anew. Methods that read the source raise RecordingError.
    """

    source: Source
    start: int = 1
    only: Mapping[str, str] = field(default_factory=dict)
    shift: timedelta | None = None
    setup: Setup | None = None
    sdk: str | None = None
    signing_key: str = field(default="", repr=False)

    @property
    def as_mapped(self) -> Setup:
        """Return the setup with which the webhooks are mapped."""
        return self.setup or self.source.header.setup

    def measured(self, pace: Pace, *, as_webhooks: bool) -> Measure:
        """Read the source to its end and count."""
        count, seconds, first, refused = 0, 0.0, None, 0
        judge_of = Judge(self.as_mapped) if as_webhooks else None
        if as_webhooks:
            self._headers()
        for whole in self.source.entries():
            refused += whole.refused is not None
            for at in self._due(self._chosen(whole), judge_of):
                count += 1
                first = first or at
                seconds = pace.due(at)
        return Measure(count, seconds, first, refused)

    def _due(self, entry: Entry, judge_of: Judge | None) -> list[datetime]:
        """Return when each item of an entry was received: with `judge_of` each webhook, else each request."""
        if not entry.calls:
            return []
        if judge_of is None:
            return [entry.calls[0].at] * len(self._encoded(entry))
        each = self._webhooks(entry, judge_of)
        return [call.at for call, webhooks in zip(entry.calls, each, strict=True) for _ in webhooks]

    def webhooks(self) -> Iterator[Outgoing]:
        """Yield each webhook, always in the same order."""
        kind, judge_of = self.as_mapped.kind, Judge(self.as_mapped)
        last, more = 0, 1
        for entry in self._entries():
            for call, each in zip(entry.calls, self._webhooks(entry, judge_of), strict=True):
                for webhook in each:
                    more = more + 1 if call.number == last else 1
                    last = call.number
                    name = str(last) if more == 1 else f"{last}-{more}"
                    yield Outgoing(name, entry, call, webhooks.signed(webhook, kind, self.signing_key))

    def _headers(self) -> Headers:
        if self.setup is not None:
            return self.setup.kind.headers
        return sendable_headers(self.source.header, self.source.name)

    def _webhooks(self, entry: Entry, judge_of: Judge) -> list[list[Webhook]]:
        """Return the webhooks of each call of an entry: as recorded, or made anew.

        They are made anew where that is asked for, and where a mapping sets headers or a method, which a
        recording does not keep.
        """
        if self.shift is None and self.setup is None and not self.as_mapped.sets_request:
            headers = self._headers()
            return [
                [Webhook(each.body.encode(), headers) for each in call.each if each.body is not None]
                for call in entry.calls
            ]
        moved = entry if self.shift is None else _shifted(entry, self.shift)
        return [
            [each.webhook for each in judged.each if each.webhook is not None]
            for judged in judge_of.entry(moved)
        ]

    def requests(self, send: Callable[[SdkRequest], Awaitable[str]]) -> Iterator[Item]:
        """Yield each SDK request as an item that `send` sends.

        `send` returns an empty text, or says what went wrong.
        """
        for entry in self._entries():
            moved = entry if self.shift is None else _shifted(entry, self.shift)
            first = moved.calls[0]
            # Calls of one batch may be of many users: batches keep the order of the file.
            chain = chain_of(first.call) if len(moved.calls) == 1 else ""
            for request in self._encoded(moved):
                yield Item(first.number, entry.calls[0].at, chain, partial(send, request))

    def _entries(self) -> Iterator[Entry]:
        """Yield the entries that have calls that were asked for, with these calls only."""
        for entry in self.source.entries():
            chosen = self._chosen(entry)
            if chosen.calls:
                yield chosen

    def _chosen(self, entry: Entry) -> Entry:
        calls = [
            call for call in entry.calls if call.number >= self.start and _is_wanted(entry, call, self.only)
        ]
        return replace(entry, calls=calls)

    def _encoded(self, entry: Entry) -> list[SdkRequest]:
        if self.sdk is None:
            if is_plain(entry):
                raise NoRequest(self.source.name, entry.number)
            return [sendable(entry, self.source.name)]
        calls: list[JsonObject] = []
        for recorded in entry.calls:
            if isinstance(recorded.call, dict):
                call = {key: value for key, value in recorded.call.items() if key not in BY_SDKS}
                context = call.get("context")
                if isinstance(context, dict):
                    call["context"] = {key: value for key, value in context.items() if key != "library"}
                calls.append({"type": entry.type_of(recorded), **call})
        return requests(
            calls, self.sdk, write_key="WRITE_KEY_1", at=entry.calls[0].at, unique=lambda: str(uuid.uuid4())
        )


def _is_wanted(entry: Entry, recorded: RecordedCall, only: Mapping[str, str]) -> bool:
    if not only:
        return True
    codes = {code for each in recorded.each for code in (*each.findings, each.code) if code is not None}
    kind = entry.type_of(recorded) if "type" in only else None
    return meets(only, recorded.call, kind=kind, outcome=recorded.outcome, codes=codes)


def _shifted(entry: Entry, shift: timedelta) -> Entry:
    return replace(entry, calls=[_shifted_call(call, shift) for call in entry.calls])


def _shifted_call(recorded: RecordedCall, shift: timedelta) -> RecordedCall:
    call = recorded.call
    if isinstance(call, dict):
        call = {key: _moved(value, shift) if key in TIMES else value for key, value in call.items()}
    return replace(
        recorded,
        call=call,
        at=recorded.at + shift,
        sent_at=tuple(_moved(value, shift) for value in recorded.sent_at),
    )


def _moved(value: Json, shift: timedelta) -> Json:
    at = times.parse(value)
    try:
        return value if at is None else times.text(at + shift)
    except OverflowError:
        return value

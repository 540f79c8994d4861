"""Send a recording again, all of it or some calls: as the webhooks they became, or as SDK requests."""

import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from segment_pendo.base import times
from segment_pendo.mapping.assess import chain_of
from segment_pendo.recordings.files import load
from segment_pendo.recordings.format import Entry, Header, RecordedCall
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.pace import Item, Pace
from segment_pendo.recordings.sendable import sendable, sendable_headers
from segment_pendo.segment import webhooks
from segment_pendo.segment.members import BY_SDKS, TIMES
from segment_pendo.segment.wire import requests
from segment_pendo.words import Json, JsonObject, SdkRequest, Webhook

__all__ = ["CONDITIONS", "Measure", "Resend"]

# What calls can be chosen by.
CONDITIONS: Final = ("type", "user", "group", "event", "outcome", "code")


class Measure(NamedTuple):
    """How much will be sent, how many seconds that takes at least, and when the first was received.

    `refused` requests are in the file without their bodies, and so cannot be sent again.
    """

    items: int
    seconds: float
    first: datetime | None
    refused: int


@dataclass(frozen=True, slots=True)
class Resend:
    """What of a file is sent again, and how.

    `start`: the line to begin at. `only`: CONDITIONS that a call must meet. `shift`: how far all times are
    moved; None leaves every byte as recorded. `sdk`: encode requests as this SDK does (a key of
    segment.wire.SDKS); None: as recorded. `size`: how many bytes of the file are read, since a recorder may
    be writing to it. `signing_key` signs webhooks anew. Methods that read the file raise RecordingError.
    """

    file: Path
    header: Header
    start: int = 1
    only: Mapping[str, str] = field(default_factory=dict)
    shift: timedelta | None = None
    sdk: str | None = None
    size: int | None = None
    signing_key: str = field(default="", repr=False)

    def measured(self, pace: Pace, *, as_webhooks: bool) -> Measure:
        """Read the file to its end and count."""
        count, seconds, first, refused = 0, 0.0, None, 0
        if as_webhooks:
            sendable_headers(self.header, self.file)
        for whole in load(self.file, self.size):
            refused += whole.refused is not None
            for at in self._due(self._chosen(whole), as_webhooks=as_webhooks):
                count += 1
                first = first or at
                seconds = pace.due(at)
        return Measure(count, seconds, first, refused)

    def _due(self, entry: Entry, *, as_webhooks: bool) -> list[datetime]:
        """Return when each item of an entry was received."""
        if as_webhooks:
            return [call.at for call in entry.calls if call.body is not None]
        return [entry.calls[0].at] * len(self._encoded(entry)) if entry.calls else []

    def webhooks(self, send: Callable[[Webhook, webhooks.Kind], Awaitable[str]]) -> Iterator[Item]:
        """Yield each webhook as an item that `send` sends.

        `send` returns an empty text, or says what went wrong.
        """
        kind, judge_of = self.header.setup.kind, Judge(self.header.setup)
        headers = sendable_headers(self.header, self.file)
        for entry in self._entries():
            bodies = [call.body for call in entry.calls]
            if self.shift is not None:
                moved = [judged.webhook for judged in judge_of.entry(_shifted(entry, self.shift))]
                bodies = [webhook.body.decode() if webhook else None for webhook in moved]
            for call, body in zip(entry.calls, bodies, strict=True):
                if body is not None:
                    webhook = webhooks.signed(Webhook(body.encode(), headers), kind, self.signing_key)
                    yield Item(call.number, call.at, chain_of(call.call), partial(send, webhook, kind))

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
        for entry in load(self.file, self.size):
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
            return [sendable(entry, self.file)]
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
    call = recorded.call if isinstance(recorded.call, dict) else {}
    values: dict[str, Json] = {
        "type": entry.type_of(recorded) if "type" in only else None,
        "user": call.get("userId"),
        "group": call.get("groupId"),
        "event": call.get("event"),
        "outcome": recorded.outcome,
    }
    codes = {*recorded.findings, recorded.code}
    return all(value in codes if key == "code" else str(values[key]) == value for key, value in only.items())


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

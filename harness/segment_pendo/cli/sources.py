"""Where predicted state comes from: a file of calls, a recording, a saved state, or a running segment-pendo."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from segment_pendo import js_json
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, Failure
from segment_pendo.cli.instance import DEFAULT, get, is_url
from segment_pendo.lines import many
from segment_pendo.mapped_file import Mapped, Options, mapped
from segment_pendo.mapping import Setup
from segment_pendo.predicting import Event, predicted
from segment_pendo.recording import RecordingError
from segment_pendo.segment import times
from segment_pendo.words import JsonObject, Webhook

__all__ = ["events", "from_option", "state"]

_PAGE: Final = "1000"
from_option = click.option(
    "--from",
    "source",
    metavar="SOURCE",
    envvar="SEGMENT_PENDO_URL",
    default=DEFAULT,
    show_default=True,
    help="A file of calls, a recording, a saved state, or the URL of a running segment-pendo.",
)


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise Failure(message, CANNOT_START) from None


def _saved(data: bytes) -> JsonObject | None:
    """A state that was saved, or None where this is something else."""
    try:
        value = js_json.read(data).value
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) and isinstance(value.get("visitors"), dict) else None


def events(source: str, setup: Setup) -> list[Event]:
    """The webhooks of a file, or of a running instance."""
    return _events_at(source) if is_url(source) else _events_of(_read(source), source, setup)


def _events_of(data: bytes, name: str, setup: Setup) -> list[Event]:
    made: list[Event] = []
    wrong = 0
    try:
        for one in mapped(data, Options(datetime.now(UTC), setup), name):
            if not isinstance(one, Mapped):
                wrong += 1
            elif isinstance(one.judged.outcome, Webhook) and one.judged.message is not None:
                made.append(Event(one.judged.message.data, int(one.receipt.at.timestamp() * 1000), f"line {one.line}"))
    except RecordingError as error:
        raise Failure(str(error), CONFIGURATION) from None
    if wrong > len(made):
        message = f"{name} holds hardly any calls, and is no saved state; `segment-pendo map {name}` tells more."
        raise Failure(message, CONFIGURATION)
    if wrong:
        click.echo(f"{name}: {many(wrong, 'value is', 'values are')} no call, and left out", err=True)
    return made


def _events_at(url: str) -> list[Event]:
    made: list[Event] = []
    after = ""
    while True:
        answer = get(url, "/_/calls", {"outcome": "webhook", "limit": _PAGE, "after": after})
        if answer.status != 200 or not isinstance(answer.value, dict):
            message = f"{url} is no running segment-pendo: {answer.error}."
            raise Failure(message, CANNOT_START)
        found = answer.value["calls"]
        for row in found:
            at = times.parse(row["time"])
            made.append(Event(js_json.read(row["body"].encode()).value, int(at.timestamp() * 1000) if at else 0, row["id"]))
        if not found:
            return made
        after = str(answer.value["next"])


def state(source: str, setup: Setup) -> JsonObject:
    if is_url(source):
        answer = get(source, "/_/state")
        if answer.status != 200 or not isinstance(answer.value, dict):
            message = f"{source} is no running segment-pendo: {answer.error}."
            raise Failure(message, CANNOT_START)
        return answer.value
    data = _read(source)
    return _saved(data) or predicted(_events_of(data, source, setup), setup.pendo, track=setup.pendo_track).state()

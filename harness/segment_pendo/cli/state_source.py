"""Where predicted state comes from: a file of calls, a recording, a saved state, or a
running segment-pendo.
"""

from datetime import UTC, datetime
from pathlib import Path

import click

from segment_pendo.base import js_json, times
from segment_pendo.base.hosts import HOME_URL
from segment_pendo.base.prose import many
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, Failure
from segment_pendo.cli.running import calls, get, is_url
from segment_pendo.cli.setup_options import was_given
from segment_pendo.explain.prediction import Event, predicted
from segment_pendo.explain.records import as_state
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.mapped_file import Mapped, Options, mapped
from segment_pendo.words import JsonObject

__all__ = ["events", "from_option", "state"]

from_option = click.option(
    "--from",
    "source",
    metavar="SOURCE",
    envvar="SEGMENT_PENDO_URL",
    default=HOME_URL,
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
        return as_state(js_json.read(data).value)
    except (ValueError, RecursionError):
        return None


def events(source: str, setup: Setup) -> tuple[list[Event], Setup]:
    """The webhooks of a file, or of a running instance, and the setup that they were mapped with."""
    if is_url(source):
        return _events_at(source), setup
    data = _read(source)
    if _saved(data) is not None:
        message = (
            f"{source} is a saved state, which holds no calls; give the calls or the recording that it "
            "came from."
        )
        raise Failure(message, CONFIGURATION)
    return _events_of(data, source, setup)


def _events_of(data: bytes, name: str, setup: Setup) -> tuple[list[Event], Setup]:
    made: list[Event] = []
    wrong = 0
    as_recorded = not was_given(click.get_current_context())
    for one in mapped(data, Options(datetime.now(UTC), setup, as_recorded=as_recorded), name):
        if not isinstance(one, Mapped):
            wrong += 1
            continue
        setup = one.setup
        webhook = one.judged.webhook
        if webhook is not None:
            body = js_json.read(webhook.body).value
            made.append(Event(body, int(one.receipt.at.timestamp() * 1000), f"line {one.line}"))
    if wrong > len(made):
        message = (
            f"{name} holds hardly any calls, and is no saved state; `segment-pendo map {name}` tells more."
        )
        raise Failure(message, CONFIGURATION)
    if wrong:
        click.echo(f"{name}: {many(wrong, 'value is', 'values are')} no call, and left out", err=True)
    return made, setup


def _events_at(url: str) -> list[Event]:
    made: list[Event] = []
    try:
        for row in calls(url, {"outcome": "webhook"}, code=CANNOT_START):
            at = times.parse(row["time"])
            made.append(
                Event(
                    js_json.read(row["body"].encode()).value,
                    int(at.timestamp() * 1000) if at else 0,
                    row["id"],
                )
            )
    except (KeyError, TypeError, AttributeError, ValueError):
        message = f"{url} is another version of segment-pendo, or none: its calls cannot be read."
        raise Failure(message, CANNOT_START) from None
    return made


def state(source: str, setup: Setup) -> JsonObject:
    """The state of a source. Failure where it has none."""
    if is_url(source):
        answer = get(source, "/_/state")
        made = as_state(answer.value) if answer.status == 200 else None
        if made is None:
            message = f"{source} is no running segment-pendo: {answer.error}."
            raise Failure(message, CANNOT_START)
        return made
    data = _read(source)
    saved = _saved(data)
    if saved is not None:
        return saved
    made_events, setup = _events_of(data, source, setup)
    return predicted(made_events, setup.pendo, track=setup.pendo_track).state()

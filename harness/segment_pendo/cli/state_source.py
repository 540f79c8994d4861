"""Read predicted state from a file of calls, a recording, a saved state or a running segment-pendo."""

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
from segment_pendo.pendo.regions import LOOPBACK
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
    if not Path(path).exists():  # as for every verb that is given a file
        message = f"File {path!r} does not exist."
        raise click.BadParameter(message, param_hint="'--from'")
    try:
        return Path(path).read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise Failure(message, CANNOT_START) from None


def _saved(data: bytes) -> JsonObject | None:
    """Return the state that was saved, or None if this is something else."""
    try:
        return as_state(js_json.read(data).value)
    except (ValueError, RecursionError):
        return None


def events(source: str, setup: Setup) -> tuple[list[Event], Setup]:
    """Return the webhooks of a file or of a running instance, and the setup that they were mapped with."""
    if is_url(source):
        return _events_at(source), setup
    data = _read(source)
    if _saved(data) is not None:
        message = (
            f"{source} is a saved state, which does not contain calls; give the calls or the recording that "
            "it came from."
        )
        raise Failure(message, CONFIGURATION)
    return _events_of(data, source, setup)


def _events_of(data: bytes, name: str, setup: Setup) -> tuple[list[Event], Setup]:
    webhooks: list[Event] = []
    wrong = 0
    as_recorded = not was_given(click.get_current_context())
    for item in mapped(data, Options(datetime.now(UTC), setup, as_recorded=as_recorded), name):
        if not isinstance(item, Mapped):
            wrong += 1
            continue
        setup = item.setup
        webhook = item.judged.webhook
        if webhook is not None:
            body = js_json.read(webhook.body).value
            webhooks.append(Event(body, int(item.receipt.at.timestamp() * 1000), f"line {item.line}"))
    if wrong > len(webhooks):
        message = (
            f"{name} has hardly any calls, and is not a saved state; `segment-pendo map {name}` says what is "
            "wrong with each value."
        )
        raise Failure(message, CONFIGURATION)
    if wrong:
        values = many(
            wrong, "value is not a call, and was left out", "values are not calls, and were left out"
        )
        click.echo(f"{name}: {values}", err=True)
    return webhooks, setup


def _events_at(url: str) -> list[Event]:
    webhooks: list[Event] = []
    missing = 0
    try:
        for row in calls(url, {"outcome": "webhook"}, code=CANNOT_START):
            if row["delivery"] is not None and row["delivery"]["state"] != "delivered":
                missing += 1  # Pendo does not have it
                continue
            at = times.parse(row["time"])
            webhooks.append(
                Event(
                    js_json.read(row["body"].encode()).value,
                    int(at.timestamp() * 1000) if at else 0,
                    row["id"],
                )
            )
    except (KeyError, TypeError, AttributeError, ValueError):
        message = (
            f"The calls of {url} cannot be read: it is another version of segment-pendo, or another program."
        )
        raise Failure(message, CANNOT_START) from None
    if missing:
        click.echo(f"{many(missing, 'webhook')} at {url} not delivered, and so left out.", err=True)
    return webhooks


def _delivers_elsewhere(url: str) -> bool:
    """Whether a running instance sends its webhooks to another Pendo than the one that is in it."""
    answer = get(url, "/_/health")
    outbox = answer.value.get("outbox") if isinstance(answer.value, dict) else None
    return isinstance(outbox, dict) and outbox.get("destination") != LOOPBACK


def state(source: str, setup: Setup) -> JsonObject:
    """Return the state of a source. Raises Failure if it has none."""
    if is_url(source):
        if _delivers_elsewhere(source):
            return predicted(_events_at(source), setup.pendo, track=setup.pendo_track).state()
        answer = get(source, "/_/state")
        current = as_state(answer.value) if answer.status == 200 else None
        if current is None:
            message = f"{source} is not a running segment-pendo: {answer.error}."
            raise Failure(message, CANNOT_START)
        return current
    data = _read(source)
    saved = _saved(data)
    if saved is not None:
        return saved
    webhooks, setup = _events_of(data, source, setup)
    return predicted(webhooks, setup.pendo, track=setup.pendo_track).state()

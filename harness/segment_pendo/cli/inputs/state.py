"""Read predicted state from calls, recordings, a saved state or a running segment-pendo."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import click

from segment_pendo.base import js_json, times
from segment_pendo.base.prose import many
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, Failure
from segment_pendo.cli.inputs.calls import How
from segment_pendo.cli.running import calls, get, is_url, stranger
from segment_pendo.explain.prediction import Event, predicted
from segment_pendo.explain.records import as_state
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.regions import LOOPBACK
from segment_pendo.recordings.reading.calls_file import may_go_on
from segment_pendo.recordings.reading.mapped_file import Mapped
from segment_pendo.recordings.reading.parts import Part, is_there
from segment_pendo.words import JsonObject

__all__ = ["Known", "events", "state"]


class Known(NamedTuple):
    """What Pendo would hold after a source; `is_whole`: nothing of the source is damaged."""

    state: JsonObject
    is_whole: bool = True


class _Webhooks:
    """The webhooks of an input, each made when it is asked for, and the `setup` they are mapped with."""

    def __init__(self, source: str, setup: Setup, how: How) -> None:
        self._source = source
        self._inputs = how.inputs((source,), setup)
        self._count = self._wrong = 0
        self._items = self._mapped()
        self._first = list(islice(self._items, 1))
        self.setup = self._first[0].setup if self._first else setup

    @property
    def is_whole(self) -> bool:
        return not self._inputs.damaged

    def _mapped(self) -> Iterator[Mapped]:
        for item in self._inputs:
            if isinstance(item, Mapped):
                yield item
            else:
                self._wrong += 1

    def __iter__(self) -> Iterator[Event]:
        """Yield them, and say what was left out. Raises Failure where that is most of the input."""
        for item in chain(self._first, self._items):
            webhook = item.judged.webhook
            if webhook is not None:
                self._count += 1
                body = js_json.read(webhook.body).value
                yield Event(body, int(item.receipt.at.timestamp() * 1000), item.place)
        self._end()

    def _end(self) -> None:
        name, wrong = self._source, self._wrong
        if wrong > self._count:
            message = (
                f"{name} has hardly any calls, and is not a saved state; `segment-pendo map {name}` says "
                "what is wrong with each value."
            )
            raise Failure(message, CONFIGURATION)
        if wrong:
            one, more = "value is not a call, and was left out", "values are not calls, and were left out"
            click.echo(f"{name}: {many(wrong, one, more)}", err=True)


def _check(source: str) -> None:
    if not is_there(source):  # as for every verb that is given a file
        message = f"File {source!r} does not exist."
        raise click.BadParameter(message, param_hint="'--from'")


def _saved(source: str) -> JsonObject | None:
    """Return the state that was saved in a file, or None where there is something else."""
    path = Path(source)
    if not path.is_file():
        return None
    lines = (line for line in Part(source, path).lines() if line.strip())
    text = next(lines, b"")
    if may_go_on(text):  # an indented value
        text += b"".join(lines)
    try:
        saved = as_state(js_json.read(text).value)
    except (ValueError, RecursionError):
        return None
    return saved if next(lines, None) is None else None


def events(source: str, setup: Setup, how: How) -> tuple[list[Event], Setup]:
    """Return the webhooks of a file or of a running instance, and the setup that they were mapped with."""
    if is_url(source):
        return _events_at(source), setup
    _check(source)
    if _saved(source) is not None:
        message = (
            f"{source} is a saved state, which does not contain calls; give the calls or the recording that "
            "it came from."
        )
        raise Failure(message, CONFIGURATION)
    webhooks = _Webhooks(source, setup, how)
    return [*webhooks], webhooks.setup


def _events_at(url: str) -> list[Event]:
    webhooks: list[Event] = []
    missing = 0
    try:
        for row in calls(url, {"outcome": "webhook"}):
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


def state(source: str, setup: Setup, how: How) -> Known:
    """Return the state of a source. Raises Failure if it has none."""
    if is_url(source):
        if _delivers_elsewhere(source):
            return Known(predicted(_events_at(source), setup.pendo, track=setup.pendo_track).state())
        answer = get(source, "/_/state")
        current = as_state(answer.value) if answer.status == 200 else None
        if current is None:
            raise stranger(source, answer.error)
        return Known(current)
    _check(source)
    saved = _saved(source)
    if saved is not None:
        return Known(saved)
    webhooks = _Webhooks(source, setup, how)
    setup = webhooks.setup
    return Known(predicted(webhooks, setup.pendo, track=setup.pendo_track).state(), webhooks.is_whole)

"""`races`: tell what Pendo's records hold only because the calls came in this order."""

import sys
from collections.abc import Iterator
from itertools import chain, groupby, islice
from typing import Final, Literal

import click

from segment_pendo.base import js_json
from segment_pendo.base.prose import many, whole
from segment_pendo.cli.failure import FOUND
from segment_pendo.cli.inputs.calls import Inputs, input_options
from segment_pendo.explain import rows
from segment_pendo.explain.prediction import Event
from segment_pendo.explain.races import Race, races
from segment_pendo.mapping.catalogue import FINDINGS
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.reading.mapped_file import Mapped

__all__ = ["command"]

_MOST: Final = 20  # races in text


@click.command()
@input_options
@click.option("--user", help="Look only at the calls of this userId.")
@click.option(
    "--format", "style", type=click.Choice(["text", "json", "ndjson"]), default="text", show_default=True
)
def command(inputs: Inputs, user: str | None, style: Literal["text", "json", "ndjson"]) -> None:
    """Find which calls in FILE (or stdin) would leave another record in Pendo in another order.

    Segment promises no order between requests, and delivers each call of a batch by itself. Prints each field
    of a visitor or an account (also the current account, and the order of accounts) whose final value depends
    on the order: what it is as recorded and by which call, and what it would be by which other one. Exact: a
    field is reported if and only if some order of these calls changes it. Times are not compared. Ends with 1
    if there is any.

    FILE contains calls, captured requests or a recording: a JSON value on each line, an array, or a single
    indented value. A recording is mapped with the options it was recorded with, unless --track, --webhook or
    --assume is given.

    \b
    Examples:
      segment-pendo races calls.jsonl
      segment-pendo races calls.jsonl --track
      segment-pendo races calls.jsonl --user userId1 --format ndjson
    """
    webhooks = _Webhooks(inputs, user)
    found = races(webhooks, webhooks.setup.pendo, track=webhooks.setup.pendo_track)
    if style == "text":
        _text(found)
        click.echo(_sum(webhooks.count, found), err=True)
    elif style == "json":
        click.echo(rows.dumps([race.row() for race in found]))
    else:
        for race in found:
            sys.stdout.write(rows.dumps(race.row()) + "\n")
    sys.stdout.flush()
    sys.exit(max(FOUND if found else 0, inputs.end(rows=False)))


class _Webhooks:
    """The webhooks of a file, each made when it is asked for, and the `setup` they are mapped with."""

    def __init__(self, inputs: Inputs, user: str | None) -> None:
        self._items = (item for item in inputs if isinstance(item, Mapped))
        self._user = user
        self._first = list(islice(self._items, 1))
        self.setup = self._first[0].setup if self._first else Setup()
        self.count = 0

    def __iter__(self) -> Iterator[Event]:
        for item in chain(self._first, self._items):
            webhook, user = item.judged.webhook, item.judged.call.member("userId")
            if webhook is None or (self._user is not None and user != self._user):
                continue
            self.count += 1
            body = js_json.read(webhook.body).value
            yield Event(body, int(item.receipt.at.timestamp() * 1000), _name(item))


def _name(item: Mapped) -> str:
    """Return the line of a call, and which of the calls of that line it is where there are several."""
    line = item.place
    return f"call {item.judged.call.index + 1} of {line}" if len(item.receipt.judged) > 1 else line


def _text(found: list[Race]) -> None:
    for (kind, record_id), group in groupby(found[:_MOST], key=lambda race: (race.kind, race.id)):
        click.echo(f"{kind} {whole(record_id)}")
        for race in group:
            click.echo(f"  {race.says()}{_apart(race)}")
    if len(found) > _MOST:
        click.echo(f"... and {len(found) - _MOST} more; --format ndjson prints all of them.")
    if found:
        click.echo(f"warning ORDER_SENSITIVE: {FINDINGS['ORDER_SENSITIVE'].do}")


def _apart(race: Race) -> str:
    """Return how long after each other both calls came, where that is known."""
    apart = abs(race.recorded.at - race.other.at)
    return f" [{apart / 1000:g} s apart]" if apart else ""


def _sum(count: int, found: list[Race]) -> str:
    webhooks = many(count, "webhook")
    if not found:
        return f"{webhooks}: nothing depends on their order."
    records = many(len({(race.kind, race.id) for race in found}), "record")
    verb = "depends" if len(found) == 1 else "depend"
    return f"{webhooks}: {many(len(found), 'field')} of {records} {verb} on their order."

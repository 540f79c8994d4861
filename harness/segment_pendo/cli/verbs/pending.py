"""`pending`: look at webhooks that were not delivered, and retry, drop or export them."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import groupby, islice
from pathlib import Path
from typing import Final

import click

from segment_pendo.base import js_json
from segment_pendo.base.prose import many, plain, printable, short
from segment_pendo.base.suggestion import nearest
from segment_pendo.cli.failure import CONFIGURATION, FOUND, REFUSED, Failure
from segment_pendo.cli.store_option import file_of, opened, store_option
from segment_pendo.cli.tables import print_table
from segment_pendo.explain.fate import fate
from segment_pendo.explain.rows import attempt_row, dumps
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.serve.store.calls import Kept
from segment_pendo.serve.store.pending import Item, Pending
from segment_pendo.words import Attempt, Json, JsonObject

__all__ = ["command"]

_ids = click.argument("ids", nargs=-1, metavar="[ID]...")
_all = click.option("--all", "everything", is_flag=True, help="All of them, instead of those named.")
_WIDEST: Final = 80
_SHOWN: Final = 4  # characters of a write key


@click.group()
def command() -> None:
    """Webhooks that a run accepted and did not deliver.

    They wait in the run's store for the next run to the same destination, or are dead: Pendo refused them, or
    the time for trying again was over. An ID is that of the call's row.

    \b
    Examples:
      segment-pendo pending list
      segment-pendo pending show 4f1a2b-1.0
      segment-pendo pending retry --all && segment-pendo run --to eu
    """


@command.command(name="list")
@store_option
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, metavar="N")
@click.option("--format", "style", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
def list_(store: Path | None, limit: int, style: str) -> None:
    """List them, the oldest first; it can be done while a run uses the store."""
    if not file_of(store).exists():
        click.echo(f"Nothing is pending: there is no store {file_of(store)}.", err=True)
        return
    with opened(store, writes=False) as database:
        pending = Pending(database)
        counts = pending.counts()
        said = "; ".join(f"{name}: {many(count, 'webhook')} {state}" for name, state, count in counts)
        click.echo(f"{said or 'Nothing is pending'}.", err=True)
        items = pending.items()
        rows = _rows(pending, items if style == "ndjson" else islice(items, limit))
        if style == "ndjson":
            for item, kept in rows:
                sys.stdout.write(dumps({**kept.row, "destination": item.destination}) + "\n")
            return
        lines = [_line(item, kept) for item, kept in rows]
        if lines:
            print_table(["id", "accepted", "call", "destination", "state", "attempts", "last answer"], lines)
        more = sum(count for _, _, count in counts) - limit
        if more > 0:
            click.echo(f"... and {more} more; --limit shows more.")


def _rows(pending: Pending, items: Iterable[Item]) -> Iterator[tuple[Item, Kept]]:
    for item in items:
        kept = pending.kept(item.ref)
        if kept is not None:  # else another version of segment-pendo kept it, in a way unknown here
            yield item, kept


def _line(item: Item, kept: Kept) -> list[str]:
    last = kept.attempts[-1] if kept.attempts else None
    user = kept.judged.call.member("userId")
    call = f"{plain(kept.judged.call.type)}{f' user {plain(user)}' if user is not None else ''}"
    state = kept.row["delivery"]
    assert isinstance(state, dict)
    return [
        str(item.ref),
        f"{kept.receipt.at:%Y-%m-%d %H:%M:%S}",
        call,
        item.destination,
        str(state["state"]),
        str(state["attempts"]),
        short(last.detail, _WIDEST) if last else "",
    ]


@command.command()
@click.argument("name", metavar="ID")
@store_option
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(name: str, store: Path | None, style: str) -> None:
    """Show what was sent, and each answer: status, headers, first bytes, times."""
    with opened(store, writes=False) as database:
        (item,) = _chosen(Pending(database), (name,))
        kept = Pending(database).kept(item.ref)
        if kept is None or kept.judged.webhook is None:
            message = f"{name} was kept by another version of segment-pendo, and cannot be shown by this one."
            raise Failure(message, CONFIGURATION)
    if style == "json":
        tried: Json = [attempt_row(attempt) for attempt in kept.attempts]
        row: JsonObject = {**kept.row, "destination": item.destination, "attempts": tried}
        sys.stdout.write(dumps(row) + "\n")
        return
    click.echo(printable(fate(kept.judged, kept.setup, attempts=kept.attempts)))
    click.echo(f"  for {item.destination}, accepted {kept.receipt.at:%Y-%m-%d %H:%M:%S} UTC")
    click.echo(f"  {_body(kept.judged.webhook.body)}")
    for attempt in kept.attempts:
        for line in _attempt(attempt):
            click.echo(f"  {printable(line)}")


def _body(body: bytes) -> str:
    """Return a webhook as text, its write key masked."""
    event = js_json.read(body).value
    key = event.get("writeKey") if isinstance(event, dict) else None
    if isinstance(event, dict) and isinstance(key, str):
        event["writeKey"] = f"****{key[-4:] if len(key) > 2 * _SHOWN else ''}"
    return dumps(event)


def _attempt(attempt: Attempt) -> Iterator[str]:
    row = attempt_row(attempt)
    result = attempt.detail or f"answered {attempt.status}"
    yield f"attempt {attempt.number} at {attempt.at:%H:%M:%S} UTC, {attempt.seconds:.3f} s: {result}"
    headers = row["headers"]
    assert isinstance(headers, list)
    for pair in headers:
        if isinstance(pair, list):
            yield f"    {pair[0]}: {short(str(pair[1]), _WIDEST)}"
    if attempt.answer:
        yield f"    {short(str(row['answer']), 3 * _WIDEST)}"


@command.command()
@_ids
@_all
@store_option
def retry(ids: tuple[str, ...], store: Path | None, *, everything: bool) -> None:
    """Let the next run to their destination try them again. No run may use the store meanwhile."""
    with opened(store, writes=True) as database:
        pending = Pending(database)
        items = _chosen(pending, ids, everything=everything)
        count = pending.retry(item.ref for item in items)
    click.echo(f"{many(count, 'webhook')} will be sent again by the next `segment-pendo run` to", nl=False)
    click.echo(f" {', '.join(sorted({item.destination for item in items})) or 'their destination'}.")


@command.command()
@_ids
@_all
@store_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def drop(ids: tuple[str, ...], store: Path | None, *, everything: bool, yes: bool) -> None:
    """Forget them for good: they are never delivered. No run may use the store meanwhile."""
    with opened(store, writes=True) as database:
        pending = Pending(database)
        items = _chosen(pending, ids, everything=everything)
        if not yes:
            _ask(f"Forget {many(len(items), 'webhook')} for good?")
        click.echo(f"{many(pending.drop(item.ref for item in items), 'webhook')} forgotten.")


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        message = "what is forgotten cannot be had back; give --yes if it is meant."
        raise Failure(message, REFUSED)
    click.confirm(question, abort=True, err=True)


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_ids
@store_option
def export(file: Path, ids: tuple[str, ...], store: Path | None) -> None:
    """Write them into a recording, which `replay FILE` sends; all of them if none is named."""
    with opened(store, writes=False) as database:
        pending = Pending(database)
        rows = _rows(pending, _chosen(pending, ids, everything=not ids))
        written = 0
        for setup, group in groupby(rows, key=lambda row: row[1].setup):
            if written:
                message = (
                    f"{file} has {many(written, 'webhook')}: the next ones were mapped with other settings, "
                    "and a recording has only one; name their ids to write them into another file."
                )
                raise Failure(message, FOUND)
            with closing(Recorder(file, setup=setup)) as recorder:
                for _, kept in group:
                    recorder.take(replace(kept.receipt, judged=(kept.judged,)))
                    written += 1
    if not written:
        message = "nothing is pending, so there is nothing to write."
        raise Failure(message, FOUND)
    click.echo(f"{many(written, 'webhook')} written to {file}; `segment-pendo replay {file}` sends them.")


def _chosen(pending: Pending, ids: tuple[str, ...], *, everything: bool = False) -> list[Item]:
    """Return what the ids name, or everything. Raises Failure for an id that is not pending."""
    if bool(ids) == everything:
        message = "name the ids that are meant, or give --all"
        raise click.UsageError(message)
    items = {str(item.ref): item for item in pending.items()}
    for name in ids:
        if name not in items:
            near = nearest(name, items)
            hint = f"Did you mean {near}?" if near else "`segment-pendo pending list` lists what is."
            message = f"{printable(name)} is not pending. {hint}"
            raise Failure(message, CONFIGURATION)
    return [items[name] for name in ids] if ids else list(items.values())

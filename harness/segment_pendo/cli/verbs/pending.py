"""`pending`: look after webhooks that a store holds and that are not delivered."""

import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final, Literal

import click

from segment_pendo.base.prose import many, plain, printable, short
from segment_pendo.base.times import text
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, REFUSED, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.options import credentials
from segment_pendo.cli.options.numbers import Whole
from segment_pendo.cli.options.store import existing, store_option
from segment_pendo.cli.terminal.tables import print_table
from segment_pendo.explain import rows
from segment_pendo.explain.fate import explained, fate
from segment_pendo.explain.telling.sent import attempt_lines, webhook_lines
from segment_pendo.serve.store import Database
from segment_pendo.serve.store.calls import Kept
from segment_pendo.serve.store.export import export as exported
from segment_pendo.serve.store.pending import Count, Pending, PendingCall

__all__ = ["command"]

type Style = Literal["text", "ndjson"]

_HEADS: Final = ("id", "accepted", "type", "user", "destination", "state", "attempts", "last answer")
_WIDEST: Final = 60
_style_option = click.option(
    "--format", "style", type=click.Choice(["text", "ndjson"]), default="text", show_default=True
)
_ids = click.argument("ids", nargs=-1, metavar="[ID]...")
_all_option = click.option("--all", "every", is_flag=True, help="All of them, instead of IDs.")


@click.group(cls=Suggesting)
def command() -> None:
    """List, send again, drop or export webhooks that are not delivered.

    A store keeps what a run could not deliver: what still waits for another attempt, and what is dead, as
    Pendo answered with an error that Segment does not try again, or for too long. IDs are as a run names
    them.

    \b
    Examples:
      segment-pendo pending list
      segment-pendo pending retry --all
      segment-pendo pending export undelivered.jsonl
    """


# --- reading ---


@contextmanager
def _opened(path: Path) -> Iterator[Pending]:
    with closing(Database(existing(path), writes=False)) as database:
        yield Pending(database)


@command.command(name="list")
@store_option
@click.option("--limit", type=Whole(1), default=50, show_default=True, help="Show at most so many.")
@_style_option
def list_(path: Path, limit: int, style: Style) -> None:
    """List what is not delivered, the oldest first. A run may be using the store.

    --format ndjson prints the row of each call, with its `destination`.

    \b
    Examples:
      segment-pendo pending list
      segment-pendo pending list --store run.sqlite3 --format ndjson
    """
    if not path.exists():
        _nothing(f"Nothing is pending: there is no store {path}.", style)
        return
    with _opened(path) as pending:
        counts = pending.counts()
        total = sum(count.webhooks for count in counts)
        if not total:
            _nothing(f"Nothing is pending in {path}.", style)
            return
        calls = pending.first(limit)
        if style == "ndjson":
            _print_rows(pending, calls)
        else:
            click.echo(f"{many(total, 'webhook')} not delivered: {_counted(counts)}")
            print_table(_HEADS, map(_cells, calls))
        if total > len(calls):
            click.echo(f"... and {total - len(calls)} more; --limit shows more.", err=style == "ndjson")


def _nothing(sentence: str, style: Style) -> None:
    click.echo(sentence, err=style == "ndjson")


def _counted(counts: list[Count]) -> str:
    return ", ".join(f"{count} {state} for {printable(name)}" for name, state, count in counts)


def _cells(call: PendingCall) -> list[str]:
    return [
        str(call.ref),
        text(call.at),
        plain(call.type),
        plain(call.user),
        plain(call.destination),
        call.state,
        str(call.attempts),
        short(call.detail.partition("; ")[0], _WIDEST) or "-",
    ]


def _print_rows(pending: Pending, calls: list[PendingCall]) -> None:
    count = 0
    for call, kept in pending.kept(calls):
        count += 1
        sys.stdout.write(rows.dumps(kept.row | {"destination": call.destination}) + "\n")
    sys.stdout.flush()
    _say_left_out(len(calls) - count)


def _say_left_out(count: int) -> None:
    if count:
        click.echo(f"Left out: {many(count, 'webhook')} {_OTHER_VERSION}.", err=True)


_OTHER_VERSION: Final = "that another version of segment-pendo kept in a way that is unknown here"


@command.command()
@click.argument("name", metavar="ID")
@store_option
@_style_option
def show(name: str, path: Path, style: Style) -> None:
    """Show a webhook as it is sent, what became of it, and the answer to each attempt."""
    with _opened(path) as pending:
        (call,) = pending.named([name])
        kept = pending.in_full(call)
    if kept is None:
        message = f"{name} cannot be shown: it is one of those {_OTHER_VERSION}."
        raise Failure(message, CONFIGURATION)
    if style == "ndjson":
        more = explained(kept.judged, kept.setup, kept.attempts)
        click.echo(rows.dumps(kept.row | more | {"destination": call.destination}))
        return
    for line in _shown(call, kept):
        click.echo(line)


def _shown(call: PendingCall, kept: Kept) -> Iterator[str]:
    said = printable(fate(kept.judged, kept.setup, attempts=kept.attempts))
    yield said if kept.attempts else f"not sent yet; if it arrives: {said}"
    again = " again" if kept.attempts and call.state != kept.attempts[-1].state else ""
    state = f"{call.state}{again}, for {printable(call.destination)}"
    yield f"{call.ref}  accepted {text(call.at)}  {state}"
    if kept.judged.webhook is not None:
        for line in webhook_lines(kept.judged.webhook):
            yield f"  {line}"
    yield from attempt_lines(kept.attempts)


# --- changing ---


@contextmanager
def _changing(path: Path) -> Iterator[Pending]:
    with closing(Database(existing(path))) as database:
        try:
            yield Pending(database)
        except OSError as error:
            if error.filename != database.name:  # of the output, whose reader may have gone
                raise
            message = f"the store {path} cannot be written: {error.strerror}. Nothing was changed."
            raise Failure(message, CANNOT_START) from None


def _chosen(pending: Pending, ids: tuple[str, ...], *, every: bool) -> list[PendingCall] | None:
    """Return the calls with these ids, or None for all of them. Raises UsageError."""
    if every == bool(ids):
        message = "give the IDs of webhooks, or --all" + (", not both" if ids else "")
        raise click.UsageError(message)
    return None if every else pending.named(ids)


@command.command()
@_ids
@_all_option
@store_option
def retry(ids: tuple[str, ...], path: Path, *, every: bool) -> None:
    """Let webhooks be delivered by the next run to their destination, also dead ones.

    Sends nothing by itself, and so needs no key. Attempts that were made stay listed.
    """
    with _changing(path) as pending:
        calls = _chosen(pending, ids, every=every)
        count = pending.retry(calls)
        names = _named(pending, calls)
    if not count:
        click.echo("Nothing is changed: none of them waits or is dead.", err=True)
        return
    those = "waits" if count == 1 else "wait"
    click.echo(
        f"{many(count, 'webhook')} {those}. The next `segment-pendo run` to {names} with the store {path} "
        f"delivers {'it' if count == 1 else 'them'} at once.",
        err=True,
    )


def _named(pending: Pending, calls: list[PendingCall] | None) -> str:
    """Return the destinations of calls in words."""
    those = {call.destination for call in calls} if calls is not None else None
    names = dict.fromkeys(count.destination for count in pending.counts())
    return " and to ".join(printable(name) for name in names if those is None or name in those)


@command.command()
@_ids
@_all_option
@click.option("--yes", is_flag=True, help="Do not ask; needed where nobody can be asked.")
@store_option
def drop(ids: tuple[str, ...], path: Path, *, every: bool, yes: bool) -> None:
    """Forget webhooks with their calls and attempts, so that they are never delivered."""
    with _changing(path) as pending:
        calls = _chosen(pending, ids, every=every)
        counts = pending.counts() if calls is None else []
        count = sum(count.webhooks for count in counts) if calls is None else len(calls)
        if count and not yes:
            _ask(f"Forget {many(count, 'webhook')} that {'was' if count == 1 else 'were'} not delivered?")
        dropped = pending.drop(calls)
    click.echo(f"{many(dropped, 'webhook')} forgotten.", err=True)


def _ask(question: str) -> None:
    """Go on if somebody at a terminal agrees. Raises Failure, or Abort."""
    if not sys.stdin.isatty():
        message = f"{question} Nobody can be asked here: give --yes if it is meant to be."
        raise Failure(message, REFUSED)
    click.confirm(question, abort=True, err=True)


@command.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_ids
@store_option
def export(file: Path, ids: tuple[str, ...], path: Path) -> None:
    """Write what is not delivered (all, or these IDs) as the recording FILE, without keys.

    `segment-pendo replay FILE --to ...` sends it. Nothing is changed in the store.
    """
    with _opened(path) as pending:
        calls = pending.named(ids) if ids else pending.all()
        total = len(ids) if ids else sum(count.webhooks for count in pending.counts())
        count = exported((kept for _, kept in pending.kept(calls)), file, credentials.known(None))
    _say_left_out(total - count)
    if not count:
        click.echo("Nothing is pending, so nothing was written.", err=True)
        return
    click.echo(
        f"{many(count, 'webhook')} written to {file}; `segment-pendo replay {file}` sends them.", err=True
    )

"""`state`: show predicted records of Pendo, and compare them with each other or with a real Pendo."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import click

from segment_pendo.base import times
from segment_pendo.base.prose import many, plain, printable, short, whole
from segment_pendo.base.suggestion import nearest
from segment_pendo.cli import completing
from segment_pendo.cli.failure import CONFIGURATION, FOUND, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.inputs.actual import actual_record
from segment_pendo.cli.inputs.calls import How, how_options
from segment_pendo.cli.inputs.state import events as events_of
from segment_pendo.cli.inputs.state import state as state_of
from segment_pendo.cli.instance import meant
from segment_pendo.cli.options.instance import from_option
from segment_pendo.cli.options.setup import setup_options, was_given
from segment_pendo.cli.running import is_url
from segment_pendo.cli.terminal.tables import print_table
from segment_pendo.explain import rows
from segment_pendo.explain.prediction import Compared, compared, state_changes
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import ids
from segment_pendo.pendo.regions import api_base
from segment_pendo.serve.environment import INTEGRATION_KEY
from segment_pendo.words import Json

__all__ = ["command"]

_KIND = click.argument("kind", type=click.Choice(["visitor", "account"]))
_ID = click.argument("record_id", metavar="ID")
_style = click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)

_WITHOUT: Final = ("webhook without effect", "webhooks without effect")


@click.group(cls=Suggesting)
def command() -> None:
    """Show and compare Pendo's records as this program predicts them.

    A SOURCE is a file of calls, a recording, a state saved with `state show --format json`, or the URL of a
    running segment-pendo.

    \b
    Examples:
      segment-pendo state show visitor userId1
      segment-pendo state show --from calls.jsonl --history
      segment-pendo state diff before.jsonl after.jsonl
    """


# --- show ---


@command.command()
@click.argument("kind", type=click.Choice(["visitor", "account"]), required=False)
@click.argument("record_id", metavar="ID", required=False)
@from_option
@click.option("--history", is_flag=True, help="Show which call set each field, and to what value.")
@_style
@how_options
@setup_options
def show(
    kind: str | None,
    record_id: str | None,
    source: str,
    style: str,
    setup: Setup,
    how: How,
    *,
    history: bool,
) -> None:
    """Show a record, or all records that Pendo would hold."""
    if history and kind is None:
        message = "--history needs a record: give visitor or account, and its ID."
        raise click.UsageError(message)
    if is_url(source) and was_given(click.get_current_context()):
        message = (
            "--assume and --track cannot change what a running segment-pendo holds; record its calls, and "
            "show that file."
        )
        raise click.UsageError(message)
    if kind is not None and record_id is None:
        message = f"the ID of the {kind} is missing; give it after {kind}."
        raise click.UsageError(message)
    known = state_of(meant(source), setup, how)
    if kind is None:
        _show_all(known.state, style)
    else:
        _show_one(known.state, kind, str(record_id), style, setup, history=history)
    sys.exit(0 if known.is_whole else FOUND)


def _show_one(state: Any, kind: str, record_id: str, style: str, setup: Setup, *, history: bool) -> None:
    records = state[f"{kind}s"]
    record = records.get(record_id) or (
        records.get(ids.effective(record_id, "visitor", setup.pendo)) if kind == "visitor" else None
    )
    if record is None:
        message = f"Pendo would hold no {kind} {whole(record_id)}. {_instead(records, kind, record_id)}"
        raise Failure(message, FOUND)
    if style == "json":
        click.echo(rows.dumps(record))
    else:
        _show(kind, record, history=history)


def _instead(records: Mapping[str, Any], kind: str, record_id: str) -> str:
    """Return which record may have been meant, or how many there are."""
    same = [whole(name) for name in records if name.casefold() == record_id.casefold()]
    if same:
        return f"There is {' and '.join(same)}; ids are case-sensitive."
    near = nearest(record_id, records)
    counted = f"It would hold {many(len(records), kind)}"
    return f"{counted}; the nearest is {whole(near)}." if near is not None else f"{counted}."


def _show_all(state: Any, style: str) -> None:
    if style == "json":
        click.echo(rows.dumps(state))
        return
    counts = (
        ("visitors", "visitor", ""),
        ("accounts", "account", ""),
        ("events", "track event", ""),
        ("nothing", *_WITHOUT),
    )
    click.echo(", ".join(many(len(state[name]), singular, plural) for name, singular, plural in counts))
    for kind in ("visitor", "account"):
        for record_id, record in state[f"{kind}s"].items():
            accounts = (
                f"  accounts {', '.join(map(whole, record['accountIds']))}"
                if record.get("accountIds")
                else ""
            )
            click.echo(
                f"{kind} {whole(record_id)}  {many(len(record['metadata']['segmentio']), 'field')}{accounts}"
            )
    if state.get("forgotten"):
        click.echo(f"{many(state['forgotten'], 'record')} forgotten, to limit the use of memory")
    for call in state["nothing"]:
        click.echo(f"nothing came of {plain(call['type'])} {plain(call['call'])}: {printable(call['why'])}")


def _show(kind: str, record: Any, *, history: bool) -> None:
    click.echo(f"{kind} {whole(record['id'])}")
    if record.get("accountIds"):
        current = plain(record["metadata"]["auto"].get("accountid"))
        click.echo(f"accounts: {', '.join(map(whole, record['accountIds']))} (current: {current})")
    fields = record["metadata"]["segmentio"]
    if not history:
        print_table(
            ("field", "value"),
            [(name, short(rows.dumps(value), 100)) for name, value in fields.items()],
            names=1,
        )
        return
    lines = []
    for name, changes in record["history"]["fields"].items():
        for change in changes:
            value = "(removed)" if change.get("removed") else short(rows.dumps(change["value"]), 80)
            lines.append((name, value, change["call"], _time(change["at"])))
    lines += [
        ("(account)", plain(change["value"]), change["call"], _time(change["at"]))
        for change in record["history"].get("accounts", [])
    ]
    print_table(("field", "value", "set by call", "at"), lines, names=1)


def _time(at: int) -> str:
    return times.text(datetime.fromtimestamp(at / 1000, UTC))


# --- diff ---


@command.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@_style
@how_options
@setup_options
def diff(before: str, after: str, style: str, setup: Setup, how: How) -> None:
    """Compare what Pendo would hold after the sources A and B.

    Prints the records, accounts of visitors and fields that differ. Ends with 1 if there are any.
    """
    old, new = state_of(before, setup, how), state_of(after, setup, how)
    differences = list(state_changes(old.state, new.state))
    if style == "json":
        changes: Json = [
            {
                "kind": difference.kind,
                "id": difference.id,
                "path": difference.path,
                "before": difference.before,
                "after": difference.after,
            }
            for difference in differences
        ]
        click.echo(rows.dumps(changes))
    elif differences:
        lines = [
            (
                f"{difference.kind} {whole(difference.id)}",
                difference.path.removeprefix("$.metadata."),
                short(difference.before, 80),
                short(difference.after, 80),
            )
            for difference in differences
        ]
        print_table(("record", "where", "in A", "in B"), lines, names=2)
    if style == "text":
        click.echo(f"{many(len(differences), 'difference')}." if differences else "No difference.")
    sys.exit(FOUND if differences or not (old.is_whole and new.is_whole) else 0)


# --- compare ---


@command.command()
@_KIND
@_ID
@click.option(
    "--to",
    required=True,
    metavar="us|eu|us1|jp|au|URL",
    shell_complete=completing.regions,
    help=f"The real Pendo: a region or a URL; its integration key: ${INTEGRATION_KEY}.",
)
@from_option
@_style
@how_options
@setup_options
def compare(kind: str, record_id: str, to: str, source: str, style: str, setup: Setup, how: How) -> None:
    """Compare a predicted record with that of a real Pendo, field by field.

    Only reads from Pendo: GET /api/v1/KIND/ID. Where a field differs, names the --assume that would have
    predicted it. Ends with 1 if anything that was predicted differs or is missing.

    Pendo takes minutes to show what it has received.
    """
    try:
        base = api_base(to)
    except ValueError as error:
        message = f"--to: {error}."
        raise Failure(message, CONFIGURATION) from None
    events, setup = events_of(meant(source), setup, how)
    actual = actual_record(base, kind, record_id)
    fields = compared(kind, record_id, events, actual, setup.pendo, track=setup.pendo_track)
    if not fields:
        click.echo(f"Neither the prediction nor Pendo has a {kind} {whole(record_id)}.", err=True)
        sys.exit(FOUND)
    if style == "json":
        report: Json = [
            {
                "field": field.field,
                "predicted": field.predicted,
                "actual": field.actual,
                "verdict": field.verdict,
                "assume": list(field.switches),
            }
            for field in fields
        ]
        click.echo(rows.dumps(report))
    else:
        _print(kind, record_id, fields)
    sys.exit(FOUND if any(field.verdict in {"differs", "missing"} for field in fields) else 0)


_VERDICTS: Final = {
    "same": "same",
    "differs": "DIFFERS",
    "missing": "MISSING in Pendo",
    "more": "only in Pendo",
}


def _print(kind: str, record_id: str, fields: Sequence[Compared]) -> None:
    record = fields[0]
    if record.verdict == "missing":
        click.echo(
            f"Pendo has no {kind} {whole(record_id)}. The call may not have reached it yet (it takes "
            "minutes), or went to another\n"
            "region, key or id; or Pendo hides visitors without any event (--assume eventless=hidden)."
        )
        return
    if record.verdict == "more":
        click.echo(
            f"Pendo has {kind} {whole(record_id)}, which nothing here predicts: check that the "
            "source contains its calls."
        )
    lines = [
        (field.field, short(field.predicted, 50), short(field.actual, 50), _VERDICTS[field.verdict])
        for field in fields
    ]
    print_table(("field", "predicted", "in Pendo", "verdict"), lines, names=1)
    for field in fields:
        if field.switches:
            settings = " or ".join(f"--assume {setting}" for setting in field.switches)
            click.echo(f"{printable(field.field)} would be predicted with {settings}.")
    click.echo(_sum(fields))


def _sum(fields: Sequence[Compared]) -> str:
    wrong = sum(field.verdict in {"differs", "missing"} for field in fields)
    more = sum(field.verdict == "more" and not field.switches for field in fields)
    summary = (
        f"{wrong} of {many(len(fields), 'field')} not as predicted."
        if wrong
        else "What was predicted is there."
    )
    if not more:
        return summary
    only = many(more, "field is", "fields are")
    return f"{summary} {only} only in Pendo: from calls that this source does not contain."

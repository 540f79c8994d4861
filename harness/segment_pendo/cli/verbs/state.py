"""`state`: Pendo's records as predicted: shown, compared with each other, and compared
with a real Pendo's.
"""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import click

from segment_pendo.base import times
from segment_pendo.base.prose import many, plain, printable, short
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, FOUND, Failure
from segment_pendo.cli.running import get, is_url
from segment_pendo.cli.setup_options import setup_options, was_given
from segment_pendo.cli.state_source import events as events_of
from segment_pendo.cli.state_source import from_option
from segment_pendo.cli.state_source import state as state_of
from segment_pendo.cli.tables import print_table
from segment_pendo.explain import rows
from segment_pendo.explain.prediction import Compared, compared, state_changes
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import ids
from segment_pendo.pendo.regions import api_base
from segment_pendo.serve.environment import INTEGRATION_KEY, secret
from segment_pendo.words import Json

__all__ = ["command"]

_KIND = click.argument("kind", type=click.Choice(["visitor", "account"]))
_ID = click.argument("record_id", metavar="ID")
_style = click.option(
    "--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True
)

_WITHOUT: Final = ("webhook without effect", "webhooks without effect")


@click.group()
def command() -> None:
    """Pendo's records as this program predicts them.

    A SOURCE is a file of calls, a recording, a state that `state show --format json` saved, or the URL of a
    running segment-pendo.
    """


# --- show ---


@command.command()
@click.argument("kind", type=click.Choice(["visitor", "account"]), required=False)
@click.argument("record_id", metavar="ID", required=False)
@from_option
@click.option("--history", is_flag=True, help="Which call set each field, and to what.")
@_style
@setup_options
def show(
    kind: str | None, record_id: str | None, source: str, style: str, setup: Setup, *, history: bool
) -> None:
    """Show a record, or all that Pendo would hold."""
    if history and kind is None:
        message = "--history is of one record: give visitor or account, and its ID."
        raise click.UsageError(message)
    if is_url(source) and was_given(click.get_current_context()):
        message = (
            "--assume and --track cannot change what a running instance holds; record its calls, and "
            "show the file."
        )
        raise click.UsageError(message)
    if kind is not None and record_id is None:
        message = f"Which {kind}? Give its ID too."
        raise click.UsageError(message)
    state: Any = state_of(source, setup)
    if kind is None:
        _show_all(state, style)
        return
    records = state[f"{kind}s"]
    record = records.get(record_id) or (
        records.get(ids.effective(record_id, "visitor", setup.pendo)) if kind == "visitor" else None
    )
    if record is None:
        near = [plain(one) for one in records if one.casefold() == str(record_id).casefold()]
        hint = (
            f" There is {' and '.join(near)}; ids are case-sensitive."
            if near
            else f" It would hold {many(len(records), kind)}."
        )
        message = f"Pendo would hold no {kind} {plain(record_id)}.{hint}"
        raise Failure(message, FOUND)
    if style == "json":
        click.echo(rows.dumps(record))
    else:
        _show(kind, record, history=history)


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
    click.echo(", ".join(many(len(state[name]), one, more) for name, one, more in counts))
    for kind in ("visitor", "account"):
        for record_id, record in state[f"{kind}s"].items():
            accounts = (
                f"  accounts {', '.join(map(plain, record['accountIds']))}"
                if record.get("accountIds")
                else ""
            )
            click.echo(
                f"{kind} {plain(record_id)}  {many(len(record['metadata']['segmentio']), 'field')}{accounts}"
            )
    if state.get("forgotten"):
        click.echo(f"{many(state['forgotten'], 'record')} forgotten, to bound memory")
    for one in state["nothing"]:
        click.echo(f"nothing came of {plain(one['type'])} {plain(one['call'])}: {printable(one['why'])}")


def _show(kind: str, record: Any, *, history: bool) -> None:
    click.echo(f"{kind} {plain(record['id'])}")
    if record.get("accountIds"):
        current = plain(record["metadata"]["auto"].get("accountid"))
        click.echo(f"accounts: {', '.join(map(plain, record['accountIds']))} (current: {current})")
    fields = record["metadata"]["segmentio"]
    if not history:
        print_table(
            ("field", "value"), [(name, short(rows.dumps(value), 100)) for name, value in fields.items()]
        )
        return
    lines = []
    for name, changes in record["history"]["fields"].items():
        for one in changes:
            value = "(removed)" if one.get("removed") else short(rows.dumps(one["value"]), 80)
            lines.append((name, value, one["call"], _time(one["at"])))
    lines += [
        ("(account)", plain(one["value"]), one["call"], _time(one["at"]))
        for one in record["history"].get("accounts", [])
    ]
    print_table(("field", "value", "set by call", "at"), lines)


def _time(at: int) -> str:
    return times.text(datetime.fromtimestamp(at / 1000, UTC))


# --- diff ---


@command.command()
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@_style
@setup_options
def diff(before: str, after: str, style: str, setup: Setup) -> None:
    """Compare two sources.

    Records, accounts of visitors and fields that differ. Ends with 1 if any does.
    """
    found = list(state_changes(state_of(before, setup), state_of(after, setup)))
    if style == "json":
        changes: Json = [
            {"kind": one.kind, "id": one.id, "path": one.path, "before": one.before, "after": one.after}
            for one in found
        ]
        click.echo(rows.dumps(changes))
    elif found:
        lines = [
            (
                f"{one.kind} {plain(one.id)}",
                one.path.removeprefix("$.metadata."),
                short(one.before, 80),
                short(one.after, 80),
            )
            for one in found
        ]
        print_table(("record", "where", "in A", "in B"), lines)
    if style == "text":
        click.echo(f"{many(len(found), 'difference')}." if found else "No difference.")
    sys.exit(FOUND if found else 0)


# --- compare ---


@command.command()
@_KIND
@_ID
@click.option(
    "--to",
    required=True,
    metavar="us|eu|us1|jp|au|URL",
    help=f"The Pendo to ask; its key: ${INTEGRATION_KEY}.",
)
@from_option
@_style
@setup_options
def compare(kind: str, record_id: str, to: str, source: str, style: str, setup: Setup) -> None:
    """Compare a record with a real Pendo's.

    Field by field. It only reads: GET /api/v1/KIND/ID.

    Where they differ, the --assume that would have predicted it is named. Ends with 1 if anything that was
    predicted differs or is missing. Pendo shows what it took after minutes.
    """
    try:
        base = api_base(to)
    except ValueError as error:
        message = f"--to: {error}."
        raise Failure(message, CONFIGURATION) from None
    events, setup = events_of(source, setup)
    actual = _actual(base, kind, record_id)
    found = compared(kind, record_id, events, actual, setup.pendo, track=setup.pendo_track)
    if not found:
        click.echo(f"Neither the prediction nor Pendo has a {kind} {plain(record_id)}.", err=True)
        sys.exit(FOUND)
    if style == "json":
        made: Json = [
            {
                "field": one.field,
                "predicted": one.predicted,
                "actual": one.actual,
                "verdict": one.verdict,
                "assume": list(one.switches),
            }
            for one in found
        ]
        click.echo(rows.dumps(made))
    else:
        _tell(kind, record_id, found)
    sys.exit(FOUND if any(one.verdict in {"differs", "missing"} for one in found) else 0)


def _actual(base: str, kind: str, record_id: str) -> Json:
    """The record of a real Pendo, or None. Failure where it does not tell."""
    key = secret(INTEGRATION_KEY)
    loopback = base.startswith("http://")
    if not key and not loopback:
        message = f"Pendo's integration key is missing: set {INTEGRATION_KEY}."
        raise Failure(message, CONFIGURATION)
    answer = get(
        base,
        f"/api/v1/{kind}/{quote(record_id.encode('utf-8', 'surrogateescape'), safe='')}",
        headers={"x-pendo-integration-key": key} if key else {},
    )
    if answer.status == 404:
        return None
    if answer.status == 403:
        message = (
            f"{base} does not take the integration key (403). Is it of this region, and allowed to read?"
        )
        raise Failure(message, CONFIGURATION)
    if answer.status != 200 or not isinstance(answer.value, dict):
        message = f"{base} cannot be read: {answer.error}."
        raise Failure(message, CANNOT_START)
    return answer.value


_VERDICTS: Final = {
    "same": "same",
    "differs": "DIFFERS",
    "missing": "MISSING in Pendo",
    "more": "only in Pendo",
}


def _tell(kind: str, record_id: str, found: Sequence[Compared]) -> None:
    record = found[0]
    if record.verdict == "missing":
        click.echo(
            f"Pendo has no {kind} {plain(record_id)}. The call may not have reached it yet (it takes "
            "minutes), or went to another\n"
            "region, key or id; or Pendo hides visitors without any event (--assume eventless=hidden)."
        )
        return
    if record.verdict == "more":
        click.echo(
            f"Pendo has {kind} {plain(record_id)}, which nothing here predicts: look whether the "
            "source holds its calls."
        )
    lines = [
        (field.field, short(field.predicted, 50), short(field.actual, 50), _VERDICTS[field.verdict])
        for field in found
    ]
    print_table(("field", "predicted", "in Pendo", "verdict"), lines)
    for field in found:
        if field.switches:
            settings = " or ".join(f"--assume {setting}" for setting in field.switches)
            click.echo(f"{printable(field.field)} would be predicted with {settings}.")
    click.echo(_sum(found))


def _sum(found: Sequence[Compared]) -> str:
    wrong = sum(field.verdict in {"differs", "missing"} for field in found)
    more = sum(field.verdict == "more" and not field.switches for field in found)
    said = (
        f"{wrong} of {many(len(found), 'field')} not as predicted."
        if wrong
        else "What was predicted is there."
    )
    if not more:
        return said
    only = many(more, "field is", "fields are")
    return f"{said} {only} only in Pendo: of calls that this source does not hold."

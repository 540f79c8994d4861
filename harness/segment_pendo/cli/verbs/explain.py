"""`explain`: say what becomes of each call, in a sentence and field by field.

Imports neither mitmproxy nor aiohttp, except aiohttp where a running instance is asked.
"""

import sys
from collections.abc import Iterable, Iterator
from typing import Literal

import click
from click.core import ParameterSource

from segment_pendo.cli.completing import call_ids
from segment_pendo.cli.failure import Failure
from segment_pendo.cli.inputs.calls import Inputs, input_options
from segment_pendo.cli.instance import meant
from segment_pendo.cli.options.instance import at_option
from segment_pendo.cli.options.only import only_option
from segment_pendo.cli.running import calls, get, say_missing
from segment_pendo.cli.terminal.explained_call import explained_row, say_row
from segment_pendo.cli.terminal.tables import wrapped
from segment_pendo.explain.conditions import judged_meets
from segment_pendo.explain.device_mode import compared_row
from segment_pendo.explain.fate import explained
from segment_pendo.explain.unmet import Unmet
from segment_pendo.recordings.reading.mapped_file import Mapped
from segment_pendo.words import JsonObject

__all__ = ["command"]


@click.command()
@input_options
@only_option("Explain")
@click.option("--format", "style", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
@click.option(
    "--call",
    "name",
    metavar="ID",
    shell_complete=call_ids,
    help="Explain a call of a running segment-pendo instead of FILE.",
)
@at_option
@click.option(
    "--compare-device",
    is_flag=True,
    help="Also show what Segment's browser destinations for Pendo would do with the call.",
)
@click.option(
    "--short", "brief", is_flag=True, help="Print only the sentence and the findings, not the table."
)
def command(
    inputs: Inputs,
    only: dict[str, str],
    style: Literal["text", "ndjson"],
    name: str | None,
    url: str,
    *,
    compare_device: bool,
    brief: bool,
) -> None:
    """Explain what becomes of each call in FILE (or stdin) at Segment and in Pendo, and why.

    Prints a sentence, then where each value goes: from the call, through the webhook, into Pendo, by which
    rule, and how sure that is (Pendo's code, a document, our assumption). --assume chooses another reading of
    a rule.

    FILE contains calls, captured requests or a recording: a JSON value on each line, an array, or a single
    indented value. Without FILE at a terminal, or with --url, explains the calls of a running segment-pendo;
    with --call ID only that call.

    \b
    Examples:
      echo '{"type": "identify", "userId": "u-1", "traits": {"a": {"b": 1}}}' | segment-pendo explain
      segment-pendo explain --short calls.jsonl --only user=ann --only trait=address
      segment-pendo explain --url http://127.0.0.1:4170 --short
    """
    asked = name is not None or _given("url")
    if asked:
        _refuse_what_has_no_effect()
    there = meant(url) if asked else _instead_of_keyboard(url) if _is_keyboard() else None
    if there is not None:
        url = there
        ids = [name] if name is not None else (row["id"] for row in calls(url, only))
        is_any = _say_where(
            say_row(explained_row(url, call, compare_device=compare_device), style, brief=brief)
            for call in ids
        )
        if only and not is_any:
            say_missing(url, only)
        return
    unmet = Unmet(only)
    told = _rows_of(inputs, only, unmet, compare_device=compare_device)
    if not _say_where(say_row(row, style, brief=brief) for row in told) and only:
        click.echo(unmet.sentence(), err=True)
    sys.stdout.flush()
    sys.exit(inputs.end(rows=style == "ndjson"))


def _rows_of(
    inputs: Inputs, only: dict[str, str], unmet: Unmet, *, compare_device: bool
) -> Iterator[JsonObject]:
    for item in inputs:
        if not isinstance(item, Mapped):
            yield item.row()
        elif judged_meets(only, item.judged):
            device = compared_row(item.judged, item.setup) if compare_device else {}
            yield item.row() | explained(item.judged, item.setup) | device
        else:
            unmet.take(item.judged.call.data)


def _say_where(told: Iterable[str]) -> bool:
    """Say once where to look in Pendo, for all calls that were told in text and show there.

    Returns whether any call was told.
    """
    count = 0
    places: dict[str, None] = {}
    for where in told:
        count += 1
        if where:
            places[where] = None
    for where in places:
        click.echo(wrapped(where, sys.stderr), err=True)
    return count > 0


def _given(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) == ParameterSource.COMMANDLINE


def _is_keyboard() -> bool:
    """Whether calls would be read from a terminal."""
    return not _given("file") and sys.stdin.isatty()


def _instead_of_keyboard(url: str) -> str | None:
    """Return the URL of the running instance to explain, or None; then say that the keyboard is read."""
    useless = _without_effect()
    if useless:
        why = f"{', '.join(useless)} cannot change what a running segment-pendo did"
    else:
        try:
            there = meant(url)
            if get(there, "/_/health").status == 200:
                click.echo(f"These are the calls of the segment-pendo at {there}.", err=True)
                return there
            why = f"no segment-pendo runs at {url}"
        except Failure:
            why = f"no segment-pendo runs at {url}"
    click.echo(f"Reading calls from the keyboard, as {why}: one JSON value a line, Ctrl-D ends.", err=True)
    return None


def _without_effect() -> list[str]:
    """Return the options that were given and have no effect on what a running instance did."""
    names = {
        "file": "FILE",
        "assume": "--assume",
        "track": "--track",
        "webhook": "--webhook",
        "pendo_track": "--pendo-track",
        "destination": "--destination",
        "received": "--received-at",
        "no_ingest": "--no-ingest",
    }
    return [option for name, option in names.items() if _given(name)]


def _refuse_what_has_no_effect() -> None:
    useless = _without_effect()
    if useless:
        message = (
            f"{', '.join(useless)} cannot change what a running segment-pendo did; record its calls, and "
            "explain that file."
        )
        raise click.UsageError(message)

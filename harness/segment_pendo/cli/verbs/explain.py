"""`explain`: say what becomes of each call, in a sentence and field by field.

Imports neither mitmproxy nor aiohttp, except aiohttp for --url and --call.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, Literal

import click
from click.core import ParameterSource

from segment_pendo.base import js_json
from segment_pendo.base.prose import plain, printable, short
from segment_pendo.cli.calls_input import Inputs, input_options
from segment_pendo.cli.failure import FOUND, Failure
from segment_pendo.cli.running import at_option, calls, get
from segment_pendo.cli.tables import print_table, width
from segment_pendo.explain import rows
from segment_pendo.explain.device_mode import TITLES, compared_row
from segment_pendo.explain.doors import advice
from segment_pendo.explain.fate import WHERE, explained
from segment_pendo.explain.teller import finding_line
from segment_pendo.recordings.mapped_file import Mapped
from segment_pendo.words import LEVELS, Json, JsonObject

__all__ = ["command"]

_NARROW: Final = 110
_WIDEST: Final = 300
_MOST_CHANGES: Final = 5  # of a stage


@click.command()
@input_options
@click.option("--format", "style", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
@click.option(
    "--call", "name", metavar="ID", help="Explain a call of a running segment-pendo instead of FILE."
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
    indented value. With --url and without FILE, explains every call of a running segment-pendo; with --call
    ID too, only that call.

    \b
    Examples:
      echo '{"type": "identify", "userId": "u-1", "traits": {"a": {"b": 1}}}' | segment-pendo explain
      segment-pendo explain --short calls.jsonl
      segment-pendo explain --url http://127.0.0.1:4170 --short
    """
    if name is not None or _given("url"):
        _refuse_what_has_no_effect()
        ids = [name] if name is not None else (row["id"] for row in calls(url, {}, code=FOUND))
        _say_where(
            _say(_running(url, call, compare_device=compare_device), style, brief=brief) for call in ids
        )
        return
    _say_where(_say(row, style, brief=brief) for row in _rows_of(inputs, compare_device=compare_device))
    sys.stdout.flush()
    sys.exit(inputs.end(rows=style == "ndjson"))


def _rows_of(inputs: Inputs, *, compare_device: bool) -> Iterator[JsonObject]:
    for item in inputs:
        row = item.row()
        if isinstance(item, Mapped):
            row |= explained(item.judged, item.setup)
            row |= compared_row(item.judged, item.setup) if compare_device else {}
        yield row


def _say_where(told: Iterable[bool]) -> None:
    """Say once where to look in Pendo, for all calls that were told in text and show there."""
    if any([*told]):
        click.echo(WHERE, err=True)


def _given(name: str) -> bool:
    return click.get_current_context().get_parameter_source(name) == ParameterSource.COMMANDLINE


def _refuse_what_has_no_effect() -> None:
    names = {
        "file": "FILE",
        "assume": "--assume",
        "track": "--track",
        "webhook": "--webhook",
        "pendo_track": "--pendo-track",
        "destination": "--destination",
    }
    useless = [
        option
        for name, option in {**names, "received": "--received-at", "no_ingest": "--no-ingest"}.items()
        if _given(name)
    ]
    if useless:
        message = (
            f"{', '.join(useless)} cannot change what a running segment-pendo did; record its calls, and "
            "explain that file."
        )
        raise click.UsageError(message)


def _running(url: str, name: str, *, compare_device: bool) -> JsonObject:
    answer = get(url, "/_/explain", {"call": name} | ({"device": "1"} if compare_device else {}))
    if (
        answer.status != 200
        or not isinstance(answer.value, dict)
        or not answer.value.keys() >= {"fate", "fields", "findings", "code"}
    ):
        message = (
            f"{url} does not know the call {plain(name)}: {answer.error}. `segment-pendo explain --url "
            f"{url} --short` lists all of its calls."
        )
        raise Failure(message, FOUND)
    return answer.value


def _say(row: Any, style: str, *, brief: bool) -> bool:
    """Print one row; return whether its text leaves out where to look in Pendo."""
    if style == "ndjson":
        sys.stdout.write(rows.dumps(row) + "\n")
        return False
    if "error" in row:
        click.echo(f"line {row['line']}: {row['error']['code']}: {printable(row['error']['message'])}")
        return False
    place = f"line {row['line']}" if "line" in row else f"call {row['id']}"
    fate = row["fate"].removesuffix(f" {WHERE}")
    click.echo(f"{place}: {printable(fate)}")
    if row["code"] is not None:
        how = advice(row["reason"], "cli")
        click.echo(f"  skipped {printable(row['code'])}" + (f". {how}" if how else ""))
    _way(row.get("stages"), row.get("mapping"))
    if not brief:
        _table(row["fields"])
        _passed_on(row.get("message"))
    device = row.get("device", {})
    for line in [
        *(device[name]["says"] for name in TITLES if device),
        *(f"Both on: {split}" for split in device.get("splits", [])),
    ]:
        click.echo(f"  {printable(line)}")
    for finding in sorted(row["findings"], key=lambda finding: LEVELS.index(finding["level"])):
        message = finding_line(finding["level"], finding["code"], finding["path"], finding["message"])
        click.echo(f"  {message}")
    if not brief:
        click.echo()
    return bool(fate != row["fate"])


def _way(stages: Json, mapping: str | None) -> None:
    """Print the stages after ingest, where one of them changed something or there are several mappings."""
    after = [stage for stage in stages if isinstance(stage, dict)][1:] if isinstance(stages, list) else []
    if mapping is None and not any(stage["changes"] for stage in after):
        return
    click.echo(f"  {printable(' > '.join(map(_stage, after)))}")


def _stage(stage: JsonObject) -> str:
    name, changes = str(stage["stage"]), stage["changes"]
    listed = [change for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
    said = [_change(change) for change in listed[:_MOST_CHANGES]]
    if len(listed) > _MOST_CHANGES:
        said.append(f"{len(listed) - _MOST_CHANGES} more")
    if name == "trigger" or (said and name in {"filters", "function", "mapping"}):
        name += f" {short(str(stage['says']), 60)}"
    return f"{name}: {', '.join(said)}" if said else name


def _change(change: JsonObject) -> str:
    path = short(str(change["path"]).removeprefix("$."), 60)
    sign = "+" if change["before"] is None else "-" if change["after"] is None else "~"
    return f"{sign}{path}"


def _passed_on(message: str | None) -> None:
    """Print a skipped call as Segment passes it on to other destinations, without its write key."""
    event = None if message is None else js_json.read(message.encode()).value
    if isinstance(event, dict):
        text = rows.dumps({name: value for name, value in event.items() if name != "writeKey"})
        click.echo(f"  Segment passes it on to other destinations as {short(text, _WIDEST)}")


def _table(fields: Json) -> None:
    lines = _rows(fields)
    shown = [line for line in lines if _is_shown(line)]
    if shown:
        moved = any(line["webhook"] != line["from"] for line in shown)
        columns = _columns(narrow=width() < _NARROW, moved=moved)
        print_table([head for head, _ in columns], [[cell(line) for _, cell in columns] for line in shown])
    lost = [line["from"] for line in lines if line["webhook"] is None]
    if lost:
        click.echo(f"  Lost at Segment, so not in the webhook: {_paths(lost)}.")
    unread = [line["webhook"] for line in lines if line not in shown]
    unread = [path for path in unread if path not in {None, "$.type"}]
    if unread:
        click.echo(f"  Also in the webhook, but nothing says that Pendo reads it: {_paths(unread)}.")


def _rows(fields: Json) -> list[JsonObject]:
    return [line for line in fields if isinstance(line, dict)] if isinstance(fields, list) else []


def _paths(paths: list[Json]) -> str:
    return printable(", ".join(str(path).removeprefix("$.") for path in paths))


def _is_shown(line: JsonObject) -> bool:
    """Whether the table shows a line: it goes somewhere in Pendo, or is a trait or a property."""
    path = str(line["from"] or line["webhook"])
    return line["to"] is not None or path.startswith(("$.traits", "$.properties"))


type _Column = tuple[str, Callable[[JsonObject], str]]


def _columns(*, narrow: bool, moved: bool) -> list[_Column]:
    """Return the columns for which there is room.

    The webhook has a column if something stands elsewhere in it than in the call (`moved`).
    """
    webhook: list[_Column] = [("in the webhook", _webhook)] if moved else []
    source: _Column = (
        "in the call",
        lambda line: str(line["from"] or f"(made by {line['by']})").removeprefix("$."),
    )
    to: _Column = ("in Pendo", lambda line: str(line["to"] or "nothing"))
    if narrow:
        value: _Column = ("value", lambda line: short(rows.dumps(line["value"]), 18))
        where: _Column = (
            "in Pendo",
            lambda line: (
                str(line["to"] or "nothing").replace("visitor seg", "seg").replace("account seg", "seg")
            ),
        )
        return [
            source,
            *webhook,
            where,
            value,
            ("because", lambda line: f"{_because(line)} ({line['grade']})"),
        ]
    value = ("value", lambda line: short(rows.dumps(line["value"]), 60))
    return [
        source,
        *webhook,
        to,
        value,
        ("because", _because),
        ("known from", lambda line: str(line["grade"])),
    ]


def _webhook(line: JsonObject) -> str:
    return (
        "lost"
        if line["webhook"] is None
        else "the same"
        if line["webhook"] == line["from"]
        else str(line["webhook"]).removeprefix("$.")
    )


def _because(line: JsonObject) -> str:
    name, _, says = str(line["rule"]).partition(": ")
    return str(line["rule"]) if name.startswith("assumed ") else says

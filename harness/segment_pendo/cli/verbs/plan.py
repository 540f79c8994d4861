"""`plan`: a tracking plan of Segment's Protocols, inferred from calls or compared with them."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Final, Literal, NamedTuple

import click

from segment_pendo.base import js_json
from segment_pendo.base.prose import many, plain
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, FOUND, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.inputs.calls import only_recordings_option
from segment_pendo.cli.terminal.tables import print_table
from segment_pendo.explain import rows
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import inferred_plan
from segment_pendo.recordings.files import is_recording_file
from segment_pendo.recordings.reading.mapped_file import Mapped, Options, mapped
from segment_pendo.segment.plan.plan import Blocked, Plan, read
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["command"]

_STDIN: Final = Path("-")
_HEADS: Final = ("call", "type", "event", "code", "message")
_MOST: Final = 100  # lines of a table

_files = click.argument(
    "files",
    nargs=-1,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
    metavar="[FILE]...",
)


@click.group(cls=Suggesting)
def command() -> None:
    """Infer a tracking plan from calls, or compare calls with one.

    A plan is a file: the rules that Segment's Public API or Terraform gives, or one JSON Schema for all
    calls; "enforce" in it holds the schema controls of the source.

    \b
    Examples:
      segment-pendo plan infer run.jsonl --output plan.json
      segment-pendo plan check plan.json run.jsonl
      segment-pendo plan check plan.json --format ndjson < calls.jsonl
    """


@command.command()
@_files
@click.option("--name", default="Inferred plan", show_default=True, help="The name of the plan.")
@click.option("--strict", is_flag=True, help="Let only the properties and traits fit that came.")
@click.option(
    "-o",
    "--output",
    "--out",
    "out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the plan to this file.",
)
@only_recordings_option
def infer(
    files: tuple[Path, ...], name: str, out: Path | None, *, strict: bool, only_recordings: bool
) -> None:
    """Infer a plan from the calls in each FILE (or stdin): calls, captured requests or recordings.

    There is a rule for each event and for identify, group, page and screen calls: the types that came, what
    was always there, and the words of small sets that came often. All these calls fit it; look through it
    before you rely on it.

    \b
    Examples:
      segment-pendo plan infer run.jsonl --output plan.json
      segment-pendo plan infer tests/recordings/*.jsonl --strict
    """
    calls = count()
    taken = (call.data for call in _calls(files, only_recordings=only_recordings) if next(calls) >= 0)
    made = inferred_plan.inferred(taken, name=name, strict=strict)
    text = inferred_plan.written(made)
    if out is None:
        click.echo(text, nl=False)
    else:
        try:
            out.write_text(text, "ascii", newline="\n")
        except OSError as error:
            message = f"{out} cannot be written: {error.strerror}."
            raise Failure(message, CANNOT_START) from None
    rules = made["rules"]
    assert isinstance(rules, list)
    click.echo(f"{many(len(rules), 'rule')} from {many(next(calls), 'call')}.", err=True)


@command.command()
@click.argument("plan_file", metavar="PLAN", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_files
@click.option("--format", "style", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
@only_recordings_option
def check(
    plan_file: Path, files: tuple[Path, ...], style: Literal["text", "ndjson"], *, only_recordings: bool
) -> None:
    """Compare the calls in each FILE (or stdin) with PLAN, as Segment's Protocols would.

    Prints what does not fit, which events are not planned, and what the schema controls in PLAN would take
    out or block. Ends with 1 if there is any of it.

    \b
    Examples:
      segment-pendo plan check plan.json run.jsonl
      segment-pendo plan check plan.json --format ndjson < calls.jsonl
    """
    tracking_plan = _plan(plan_file)
    total = wrong = blocked = 0
    lines: list[list[str]] = []
    for call in _calls(files, only_recordings=only_recordings):
        total += 1
        found, reason = _found(tracking_plan, call.data)
        wrong += bool(found or reason)
        blocked += bool(reason)
        if style == "ndjson":
            _print_row(call, found, reason)
        else:
            lines += _lines(call, found, reason)[: _MOST + 1 - len(lines)]
    if lines:
        print_table(_HEADS, lines[:_MOST])
    if len(lines) > _MOST:
        click.echo("... and more; --format ndjson prints all of it.")
    sys.stdout.flush()
    click.echo(_sum(total, wrong, blocked), err=True)
    sys.exit(FOUND if wrong else 0)


# --- input ---


class _Call(NamedTuple):
    place: str
    data: JsonObject


def _calls(files: tuple[Path, ...], *, only_recordings: bool) -> Iterator[_Call]:
    """Yield the calls of files as they are after ingest; those that ingest drops reach no plan."""
    options = Options(datetime.now(UTC), Setup())
    for path in files or (_STDIN,):
        if only_recordings and path != _STDIN and not is_recording_file(path):
            continue
        name = "stdin" if path == _STDIN else str(path)
        others = 0
        for item in mapped(_bytes(path), options, name):
            if not isinstance(item, Mapped):
                others += 1
            elif item.judged.message is not None:
                yield _Call(f"{name}:{item.line}", item.judged.message.data)
        if others:
            click.echo(f"{name}: {many(others, 'value is not a call', 'values are not calls')}", err=True)


def _bytes(path: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if path == _STDIN else path.read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise Failure(message, CANNOT_START) from None


def _plan(path: Path) -> Plan:
    try:
        value = js_json.read(_bytes(path)).value
    except RecursionError as error:
        message = f"{path} is {error}; make it simpler."
        raise Failure(message, CONFIGURATION) from None
    except ValueError as error:
        message = f"{path} is not JSON: {js_json.why(error)}; correct it."
        raise Failure(message, CONFIGURATION) from None
    return read(value)


# --- output ---


def _found(plan: Plan, data: JsonObject) -> tuple[tuple[Finding, ...], str]:
    judged = plan.judged(data)
    return judged.violations, judged.reason if isinstance(judged, Blocked) else ""


def _lines(call: _Call, found: tuple[Finding, ...], reason: str) -> list[list[str]]:
    head = [call.place, plain(call.data.get("type")), plain(call.data.get("event"))]
    lines = [[*head, finding.code, finding.message] for finding in found]
    return [*lines, [*head, "BLOCKED_BY_PLAN", reason]] if reason else lines


def _print_row(call: _Call, found: tuple[Finding, ...], reason: str) -> None:
    row: JsonObject = {"call": call.place, "type": call.data.get("type"), "event": call.data.get("event")}
    findings: list[Json] = [
        {"code": one.code, "level": one.level, "path": one.path, "message": one.message} for one in found
    ]
    click.echo(rows.dumps(row | {"findings": findings, "blocked": reason or None}))


def _sum(total: int, wrong: int, blocked: int) -> str:
    calls = many(total, "call")
    if not wrong:
        return f"{calls}: all fit the plan."
    fit = "does not fit" if wrong == 1 else "do not fit"
    return f"{calls}: {wrong} {fit} the plan, {blocked} would be blocked."

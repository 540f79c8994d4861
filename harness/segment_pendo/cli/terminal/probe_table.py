"""Print what a probe has found: a line for each switch, then the options to copy."""

from collections.abc import Iterator
from pathlib import Path

import click

from segment_pendo.base.prose import printable
from segment_pendo.base.switch import table
from segment_pendo.cli.terminal.tables import print_table
from segment_pendo.explain import rows
from segment_pendo.pendo.probe import result as results
from segment_pendo.pendo.probe.result import Read, Result
from segment_pendo.pendo.switches import DEFAULT

__all__ = ["print_probe"]


def print_probe(result: Result, file: Path, style: str) -> None:
    """Print the result as a table, or, as json, the text of the file."""
    if style == "json":
        click.echo(results.text(result), nl=False)
        return
    print_table(("switch", "found", "to say so", "which means"), _lines(result), names=3)
    click.echo()
    for line in _sum(result):
        click.echo(printable(line))
    click.echo(f"The result, with the evidence and without keys, to be shared: {file}", err=True)


def _lines(result: Result) -> Iterator[tuple[str, str, str, str]]:
    for switch in table(DEFAULT):
        read = result.switches[switch.name]
        if read.found is None:
            yield switch.name, "not decided", "-", read.why
        else:
            means = switch.values[read.found]
            yield switch.name, _found(read), f"--assume {switch.name}={read.found}", means


def _found(read: Read) -> str:
    return f"{read.found} (default)" if read.found == read.default else str(read.found)


def _sum(result: Result) -> Iterator[str]:
    track = result.track.found if result.track is not None else None
    if track == "off":
        yield "Track calls: this subscription does not take them. To say so: --no-pendo-track"
    elif track == "on":
        yield "Track calls: this subscription takes them."
    if not result.assume:
        yield "Nothing that was found differs from what is assumed by default."
        return
    yield "Different from what is assumed by default:"
    yield "  " + " ".join(f"--assume {pair}" for pair in result.assume)
    members = dict(pair.split("=", 1) for pair in result.assume)
    yield "In a destination file:"
    yield f'  "assume": {rows.dumps({**members})}'

"""`diff`: two recordings, call by call."""

import re
import sys
from pathlib import Path

import click

from segment_pendo.base.prose import many, plain, printable, short
from segment_pendo.cli.failure import FOUND
from segment_pendo.explain import rows
from segment_pendo.recordings.compare import Comparison, Pair, TraitChange, as_json, compare
from segment_pendo.recordings.files import load

__all__ = ["command"]

_WIDEST = 80
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("old", type=_FILE, metavar="A")
@click.argument("new", type=_FILE, metavar="B")
@click.option(
    "--format", "style", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
def command(old: Path, new: Path, style: str) -> None:
    """Tell what differs from the recording A to the recording B: calls added, removed, changed or moved;
    traits new, gone, renamed or of another type.

    What differs from run to run (ids and times of messages, versions, addresses of pages) does not count, nor
    does what became of the calls. Ends with 1 if something differs.
    """
    made = compare(load(old), load(new))
    if style == "json":
        click.echo(rows.dumps(as_json(made)))
    elif style == "markdown":
        _markdown(made, old, new)
    else:
        _text(made, old, new)
    sys.exit(FOUND if made else 0)


def _where(pair: Pair, old: Path, new: Path) -> str:
    return f"{new if pair.new is not None else old}:{pair.side.line}"


def _short(text: str) -> str:
    return short(text, _WIDEST)


def _said(pair: Pair, old: Path) -> str:
    if pair.kind == "moved" and pair.old is not None:
        return f"moved from {old}:{pair.old.line}"
    return pair.kind


def _trait(one: TraitChange) -> str:
    name = f"{plain(one.call)} {printable(one.name)}"
    return {
        "new": f"trait new: {name} ({one.detail})",
        "gone": f"trait gone: {name} ({one.detail})",
        "renamed": f"trait renamed: {name} -> {printable(one.detail)}",
        "type": f"trait of another type: {name}, {one.detail}",
    }[one.kind]


def _text(made: Comparison, old: Path, new: Path) -> None:
    for pair in made.pairs:
        click.echo(f"{_where(pair, old, new)}: {pair.name}: {_said(pair, old)}")
        for path, before, after in pair.changes:
            click.echo(f"    {printable(path)}: {_short(before)} -> {_short(after)}")
    for one in made.traits:
        click.echo(_trait(one))
    click.echo(f"{many(made.same, 'call')} the same, {len(made.pairs)} not.", err=True)


def _markdown(made: Comparison, old: Path, new: Path) -> None:
    click.echo(f"### {old} -> {new}: {many(made.same, 'call')} the same, {len(made.pairs)} not\n")
    for pair in made.pairs:
        click.echo(f"- **{_said(pair, old)}** {_code(pair.name)} at {_code(_where(pair, old, new))}")
        for path, before, after in pair.changes:
            click.echo(f"  - {_code(printable(path))}: {_code(_short(before))} -> {_code(_short(after))}")
    for one in made.traits:
        click.echo("- " + _trait(one).replace("<", "&lt;").replace("@", "&#64;"))


def _code(text: str) -> str:
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"

"""`diff`: compare two recordings call by call."""

import re
import sys
from pathlib import Path

import click

from segment_pendo.base.prose import many, plain, printable, short
from segment_pendo.cli.failure import FOUND
from segment_pendo.cli.options.meaning import meaning_option
from segment_pendo.cli.terminal.progress import watched
from segment_pendo.explain import rows
from segment_pendo.recordings.comparing.compare import Comparison, Pair, TraitChange, as_json, compare
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.files import Recorded

__all__ = ["command"]

_WIDEST = 80
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("old", type=_FILE, metavar="A")
@click.argument("new", type=_FILE, metavar="B")
@click.option(
    "--format", "style", type=click.Choice(["text", "markdown", "json"]), default="text", show_default=True
)
@meaning_option
def command(old: Path, new: Path, style: str, meaning: Meaning) -> None:
    """Show how the recording B differs from the recording A.

    Shows the calls that were added, removed, changed or moved, and the traits that are new, gone, renamed or
    of another type. What changes with every run (message ids and times, versions, page addresses) is not
    compared, and neither are the webhooks. An id that a device or browser made at random (anonymousId,
    context.device.id) may be another one, as long as the same calls share it. Ends with 1 if something
    differs.

    \b
    Examples:
      segment-pendo diff before.jsonl after.jsonl
      segment-pendo diff before.jsonl after.jsonl --ignore '$.traits.lastSeen'
      segment-pendo diff before.jsonl after.jsonl --format markdown
    """
    with watched([str(old), str(new)]) as watch:
        comparison = compare(Recorded(old, watch), Recorded(new, watch), meaning)
    if style == "json":
        click.echo(rows.dumps(as_json(comparison)))
    elif style == "markdown":
        _markdown(comparison, old, new)
    else:
        _text(comparison, old, new)
    for path in meaning.unmet():
        click.echo(f"Nothing was ignored by {printable(path)}: no call has something there.", err=True)
    sys.exit(FOUND if comparison else 0)


def _where(pair: Pair, old: Path, new: Path) -> str:
    return f"{new if pair.new is not None else old}:{pair.side.line}"


def _short(text: str) -> str:
    return short(text, _WIDEST)


def _said(pair: Pair, old: Path) -> str:
    if pair.kind == "moved" and pair.old is not None:
        return f"moved from {old}:{pair.old.line}"
    return pair.kind


def _trait(change: TraitChange) -> str:
    name = f"{plain(change.call)} {printable(change.name)}"
    return {
        "new": f"trait new: {name} ({change.detail})",
        "gone": f"trait gone: {name} ({change.detail})",
        "renamed": f"trait renamed: {name} -> {printable(change.detail)}",
        "type": f"trait of another type: {name}, {change.detail}",
    }[change.kind]


def _text(comparison: Comparison, old: Path, new: Path) -> None:
    for pair in comparison.pairs:
        click.echo(f"{_where(pair, old, new)}: {pair.name}: {_said(pair, old)}")
        for path, before, after in pair.changes:
            click.echo(f"    {printable(path)}: {_short(before)} -> {_short(after)}")
    for change in comparison.traits:
        click.echo(_trait(change))
    click.echo(f"{many(comparison.same, 'call')} the same, {len(comparison.pairs)} not.", err=True)
    if any(pair.changes for pair in comparison.pairs):
        click.echo(
            "If a field differs in each run of the same code, leave it out with --ignore PATH.", err=True
        )


def _markdown(comparison: Comparison, old: Path, new: Path) -> None:
    click.echo(f"### {old} -> {new}: {many(comparison.same, 'call')} the same, {len(comparison.pairs)} not\n")
    for pair in comparison.pairs:
        click.echo(f"- **{_said(pair, old)}** {_code(pair.name)} at {_code(_where(pair, old, new))}")
        for path, before, after in pair.changes:
            click.echo(f"  - {_code(printable(path))}: {_code(_short(before))} -> {_code(_short(after))}")
    for change in comparison.traits:
        click.echo("- " + _trait(change).replace("<", "&lt;").replace("@", "&#64;"))


def _code(text: str) -> str:
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    return f"{fence} {text} {fence}" if "`" in text else f"`{text}`"

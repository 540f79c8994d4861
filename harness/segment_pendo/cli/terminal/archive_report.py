"""The report of an archive, for people."""

from typing import Any, Final

import click

from segment_pendo.base.prose import many, printable, short
from segment_pendo.recordings.reading.mapped_file import DAMAGED
from segment_pendo.words import JsonObject

__all__ = ["print_report"]

_MOST: Final = 20  # of the traits that are shown; --format json has all


def print_report(report: JsonObject) -> None:
    """Print what `report_of` returned."""
    made: Any = report
    click.echo(
        f"{many(made['events'], 'event')}, {many(made['webhooks'], 'webhook')}, "
        f"{many(made['visitors'], 'visitor')}, {many(made['accounts'], 'account')}"
    )
    for title, name in (("calls", "types"), ("outcomes", "outcomes"), ("changed by", "changes")):
        counted = ", ".join(f"{count} {printable(key)}" for key, count in made[name].items() if count)
        if counted:
            click.echo(f"{title}: {counted}")
    for code, found in sorted(made["errors"].items(), key=_worst):
        count = found["count"]
        counted = f"damaged: {many(count, 'part')}" if code == DAMAGED else f"not mapped: {count} {code}"
        _example(counted, found)
    for code, found in sorted(made["findings"].items(), key=_worst):
        _example(f"{found['level']} {code}: {found['count']}", found)
    traits = sorted(made["traits"].items(), key=lambda item: (-sum(item[1].values()), item[0]))
    for trait, types in traits[:_MOST]:
        click.echo(f"{short(trait, 60)}: {', '.join(f'{count} {type}' for type, count in types.items())}")
    if len(traits) > _MOST:
        click.echo(f"... and {many(len(traits) - _MOST, 'more trait')} (--format json)")
    click.echo(f"hash {made['hash']}")


def _example(counted: str, found: Any) -> None:
    click.echo(f"{counted}, first {printable(found['first'])}")
    click.echo(f"  {printable(found['message'])}")


def _worst(item: tuple[str, Any]) -> tuple[int, int, str]:
    code, found = item
    return ["error", "warning", "info"].index(found["level"]), -found["count"], code

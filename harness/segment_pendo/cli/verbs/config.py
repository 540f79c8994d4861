"""`config`: the settings that hold here, and where each comes from."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import click

from segment_pendo.base.prose import printable
from segment_pendo.base.suggestion import nearest
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.recordings.settings import Settings, settings
from segment_pendo.serve.environment import SECRETS

__all__ = ["command"]

_PREFIX: Final = "SEGMENT_PENDO_"
_OTHERS: Final = frozenset(
    f"{_PREFIX}{name}" for name in ("URL", "HOSTS", "TRACEBACK", "SOURCE", "HOOK", "TUNNEL")
)
_OURS: Final[dict[str, Any]] = {
    "track": False,
    "webhook": "actions",
    "destination": "",
    "port": 4170,
    "mute": [],
    "ignore": [],
    "cdn_settings": "",
}
_OF_REDACT: Final = ("ids", "replace", "keep", "allow_list")


class _Row(NamedTuple):
    name: str
    value: Any
    source: str


@click.group(cls=Suggesting)
def command() -> None:
    """Show the settings that hold here, and where each comes from.

    In this order: a flag, a variable SEGMENT_PENDO_<VERB>_<OPTION>, segment-pendo.toml, [tool.segment-pendo]
    of pyproject.toml, our default. The files are those of the nearest folder above that has some.

    \b
    Examples:
      segment-pendo config show
      segment-pendo config show --format json
      SEGMENT_PENDO_RUN_PORT=0 segment-pendo config show
    """


@command.command()
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def show(style: Literal["text", "json"]) -> None:
    """Show each setting, its value and its source; then the variables that go before them."""
    found = settings()
    rows, variables = [*_rows(found)], [*_variables()]
    if style == "json":
        value = {
            "directory": None if found.directory is None else str(found.directory),
            "settings": [row._asdict() for row in rows],
            "environment": [row._asdict() for row in variables],
        }
        sys.stdout.write(json.dumps(value) + "\n")
        return
    click.echo(f"Settings of {found.directory or Path.cwd()}")
    _print(rows)
    if variables:
        click.echo("Variables, which go before them")
        _print(variables)


def _rows(found: Settings) -> Iterator[_Row]:
    for name, default in _OURS.items():
        value = getattr(found, name)
        yield _Row(name, default if value is None else value, _source(found, name))
    for name in _OF_REDACT:
        yield _Row(f"redact.{name}", getattr(found.redact, name), _source(found, "redact"))


def _source(found: Settings, name: str) -> str:
    return ", ".join(found.origins.get(name, [])) or "default"


def _variables() -> Iterator[_Row]:
    """Yield each variable of ours that is set, with the option that it sets; no secret, no unknown value."""
    for name in sorted(os.environ):
        if not name.startswith(_PREFIX) or name in _OTHERS:
            continue
        if name in SECRETS:
            yield _Row(name, "set", "environment (a secret)")
            continue
        known = _variables_of(name.removeprefix(_PREFIX).partition("_")[0].lower())
        option = known.get(name, "")
        if option:
            is_plain = option.removeprefix("--").replace("-", "_") in _OURS
            yield _Row(name, os.environ[name] if is_plain else "set", f"environment, as {option}")
        else:
            near = nearest(name, [*known, *SECRETS])
            yield _Row(name, "set", "names no option" + (f"; did you mean {near}?" if near else ""))


def _variables_of(verb: str) -> dict[str, str]:
    """Return the variables that a verb reads, with the option that each sets."""
    from segment_pendo.cli import main  # noqa: PLC0415 - it imports this

    context = click.Context(main, info_name="segment-pendo")
    given = main.get_command(context, verb)
    return {} if given is None else dict(_named(given, f"{_PREFIX}{verb.upper()}"))


def _named(given: click.Command, prefix: str) -> Iterator[tuple[str, str]]:
    for option in given.params:
        if isinstance(option, click.Option) and option.name:
            yield f"{prefix}_{option.name.upper()}", option.opts[0]
    if isinstance(given, click.Group):
        for name, below in given.commands.items():
            yield from _named(below, f"{prefix}_{name.upper().replace('-', '_')}")


def _print(rows: list[_Row]) -> None:
    texts = [(row.name, _text(row.value), row.source) for row in rows]
    first, second = (max(len(cells[column]) for cells in texts) for column in (0, 1))
    for name, value, source in texts:
        click.echo(printable(f"  {name:<{first}}  {value:<{second}}  {source}"))


def _text(value: Any) -> str:
    return value or "-" if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

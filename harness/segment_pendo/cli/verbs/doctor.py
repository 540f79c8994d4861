"""`doctor`: say what is wrong on this machine, and the command that helps."""

import asyncio
import os
import sys
from collections.abc import Iterable
from typing import Final, Literal

import click

from segment_pendo.base.prose import printable
from segment_pendo.cli.doctor.examination import examined
from segment_pendo.cli.doctor.verdicts import Check, total
from segment_pendo.cli.failure import FOUND
from segment_pendo.cli.proxy_extra import INSTALL, proxy_side
from segment_pendo.explain.rows import dumps
from segment_pendo.words import Json

__all__ = ["command"]

_COLOURS: Final = {"ok": "green", "warning": "yellow", "wrong": "red"}
_INDENT: Final = " " * 9


@click.command()
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(style: Literal["text", "json"]) -> None:
    """Look for what keeps calls from coming here, and name the command that helps.

    Looks at versions, ports, the proxy's CA, whether Python, Node, curl and Java trust it, proxy variables,
    the state directory and the clock, and sends a test call through every door of a temporary run in this
    process. Nothing leaves this machine. Ends with 1 if something is wrong; a warning does not count.

    \b
    Examples:
      segment-pendo doctor
      segment-pendo doctor --format json
      segment-pendo doctor && segment-pendo run -- npm start
    """
    checks = asyncio.run(examined(os.environ, proxy_side(), INSTALL))
    if style == "json":
        rows: list[Json] = [check.row() for check in checks]
        click.echo(dumps({"checks": rows, "wrong": sum(check.state == "wrong" for check in checks)}))
    else:
        _print(checks)
    sys.exit(FOUND if any(check.state == "wrong" for check in checks) else 0)


def _print(checks: Iterable[Check]) -> None:
    checks = list(checks)
    wide = max(len(check.name) for check in checks)
    for check in checks:
        state = click.style(f"{check.state:<7}", fg=_COLOURS[check.state])
        click.echo(f"{state}  {check.name:<{wide}}  {printable(check.said)}")
        if check.help:
            click.echo(f"{_INDENT}{'':<{wide}}  -> {printable(check.help)}")
    click.echo(total(checks))

"""`status`: the runs that are there."""

import json
import sys
import time
from typing import Any, Literal

import click

from segment_pendo.base.prose import many, printable
from segment_pendo.cli.failure import FOUND, Failure
from segment_pendo.cli.running import get
from segment_pendo.serve.launching.instances import Instance, running

__all__ = ["command"]

_SECONDS = 2.0


@click.command()
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(style: Literal["text", "json"]) -> None:
    """List the runs of this user on this machine; end with 1 if there is none.

    \b
    Examples:
      segment-pendo status
      segment-pendo status --format json
      segment-pendo status > /dev/null
    """
    there = [_described(instance) for instance in running()]
    if style == "json":
        sys.stdout.write(json.dumps({"runs": there}) + "\n")
    elif not there:
        click.echo("No segment-pendo runs. Start one with: segment-pendo run --detach")
    else:
        for run in there:
            _print(run)
    if not there:
        sys.exit(FOUND)


def _described(instance: Instance) -> dict[str, Any]:
    calls: int | None = None
    try:
        answer = get(instance.home, "/_/health", seconds=_SECONDS)
    except Failure:
        state = "silent"
    else:
        state = "listening" if answer.status == 200 else "silent"
        totals = answer.value.get("totals") if isinstance(answer.value, dict) else None
        calls = totals.get("calls") if isinstance(totals, dict) else None
    return {
        "home": instance.home,
        "proxy": instance.proxy,
        "tls": instance.tls,
        "pid": instance.pid,
        "seconds": round(time.time() - instance.started),
        "state": state,
        "calls": calls,
        "directory": instance.directory,
        "command": instance.command,
        "log": instance.log,
    }


def _print(run: dict[str, Any]) -> None:
    command = f"   {' '.join(run['command'])}" if run["command"] else ""
    calls = f"   {many(run['calls'], 'call')}" if run["calls"] is not None else ""
    since = time.strftime("%H:%M:%S", time.localtime(time.time() - run["seconds"]))
    click.echo(
        printable(f"{run['home']}   {run['state']}   process {run['pid']}   since {since}{calls}{command}")
    )
    for name in ("proxy", "tls", "directory", "log"):
        if run[name]:
            click.echo(printable(f"  {name:<9}  {run[name]}"))

"""`logs`: what a detached run has printed."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import click

from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.cli.instance import chosen, instance_option
from segment_pendo.cli.options.numbers import Whole
from segment_pendo.serve.environment import runs_directory
from segment_pendo.serve.launching.instances import Instance, process_of, running

__all__ = ["command"]

_LOOK: Final = 0.1


@click.command()
@instance_option
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until the run ends.")
@click.option("--tail", type=Whole(0), metavar="N", help="Only the last N lines.  [default: all]")
def command(at: str | None, tail: int | None, *, follow: bool) -> None:
    """Print what a run of `run --detach` has printed; if none runs, the newest one that did.

    \b
    Examples:
      segment-pendo logs
      segment-pendo logs --follow
      segment-pendo logs --tail 20
    """
    instance = chosen(at) if at is not None or running() else None
    file = _file(instance)
    with file.open("rb") as opened:
        lines = opened.read().splitlines(keepends=True)
        sys.stdout.buffer.writelines(lines if tail is None else lines[len(lines) - min(tail, len(lines)) :])
        if follow and instance is not None:
            for more in _more(opened, instance):
                sys.stdout.buffer.write(more)
                sys.stdout.flush()


def _file(instance: Instance | None) -> Path:
    if instance is not None and instance.log is None:
        message = f"{instance.home} prints to the terminal in which it was started; it has no log."
        raise Failure(message, CANNOT_START)
    if instance is not None and instance.log is not None:
        return Path(instance.log)
    logs = sorted(runs_directory().glob("*.log"), key=lambda file: file.stat().st_mtime)
    if not logs:
        message = "there is no log: no run was started with `segment-pendo run --detach`."
        raise Failure(message, CANNOT_START)
    return logs[-1]


def _more(opened: BinaryIO, instance: Instance) -> Iterator[bytes]:
    """Yield what is added to a file, until the run has ended and all is read."""
    while True:
        is_there = process_of(instance) is not None
        more = opened.read()
        if more:
            yield more
        elif not is_there:
            return
        else:
            time.sleep(_LOOK)

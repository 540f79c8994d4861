"""`stop`: end a run as Ctrl-C would."""

import os
import signal
import sys
from typing import Final

import click

from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.cli.instance import chosen, instance_option
from segment_pendo.cli.options.numbers import Number
from segment_pendo.serve.launching.instances import Instance, process_of, running

__all__ = ["command"]

_TIMED_OUT: Final = 6


@click.command()
@instance_option
@click.option("--all", "every", is_flag=True, help="End every run of this user.")
@click.option(
    "--timeout",
    type=Number(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for its end: it delivers what waits.",
)
def command(at: str | None, timeout: float, *, every: bool) -> None:
    """End a run as Ctrl-C would: it takes nothing new, delivers what waits, closes its files.

    Only a process that is the run is ended, never another one that has its number by now.

    \b
    Examples:
      segment-pendo stop
      segment-pendo stop --url http://127.0.0.1:4200
      segment-pendo stop --all
    """
    for instance in running() if every else [chosen(at)]:
        _stop(instance, timeout)
        click.echo(f"Ended: {instance.home} (process {instance.pid})")


def _stop(instance: Instance, timeout: float) -> None:
    import psutil  # noqa: PLC0415 - a slow import

    process = process_of(instance)
    if process is None:  # it has just ended
        return
    try:
        if sys.platform == "win32":
            os.kill(process.pid, signal.CTRL_BREAK_EVENT)
        else:
            process.terminate()  # looks at the start of the process once more
        process.wait(timeout)
    except psutil.NoSuchProcess:
        return
    except psutil.TimeoutExpired:
        message = (
            f"{instance.home} (process {instance.pid}) was told to end, and is still there after "
            f"{timeout:g} s: it delivers what waits. Stopped again, it ends at once."
        )
        raise Failure(message, _TIMED_OUT) from None
    except (psutil.AccessDenied, OSError) as error:
        message = f"process {instance.pid} cannot be ended: {type(error).__name__}."
        raise Failure(message, CANNOT_START) from None

"""`attach`: run an app so that its calls come to a run that is there."""

import asyncio
import sys

import click

from segment_pendo.base.prose import tell_nobody
from segment_pendo.cli.instance import chosen, instance_option

__all__ = ["command"]


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("cmd", nargs=-1, type=click.UNPROCESSED, required=True)
@instance_option
def command(cmd: tuple[str, ...], at: str | None) -> None:
    """Run CMD so that its calls come to a segment-pendo that runs already; return its exit code.

    CMD gets what `run -- CMD` would give it: proxy and CA variables, and the start-up hooks of Node, Bun and
    Python. The run goes on when CMD has ended. Several at a time may be attached.

    \b
    Examples:
      segment-pendo attach -- npm start
      segment-pendo attach -- python app.py
      segment-pendo attach --url http://127.0.0.1:4200 -- python app.py
    """
    from segment_pendo.cli.run.child import carried_out, environment_of  # noqa: PLC0415 - slow
    from segment_pendo.cli.signals import Signals  # noqa: PLC0415 - as above

    instance = chosen(at)
    if instance.proxy is None:
        click.echo(
            f"{instance.home} has no proxy: only an app that goes by $SEGMENT_PENDO_URL sends there.",
            err=True,
        )
    environment = environment_of(instance)

    async def attached() -> int:
        ended = await carried_out(cmd, environment, Signals(), lambda: tell_nobody(""))
        return ended.code

    sys.exit(asyncio.run(attached()))

"""`attach`: run an app so that its calls come to a run that is there."""

import asyncio
import re
import sys

import click

from segment_pendo.base.prose import tell_nobody
from segment_pendo.cli.instance import chosen, instance_option

__all__ = ["command"]


def _name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    if value and not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", value):
        message = f"{value!r} is no name of an app: letters, digits, - and _, at most 40."
        raise click.BadParameter(message)
    return value


@click.command(context_settings={"ignore_unknown_options": False})
@click.argument("cmd", nargs=-1, type=click.UNPROCESSED, required=True)
@instance_option
@click.option(
    "--source",
    metavar="NAME",
    envvar="SEGMENT_PENDO_SOURCE",
    callback=_name,
    default="",
    help="The app's name, by which its calls are told from those of others.",
)
def command(cmd: tuple[str, ...], at: str | None, source: str) -> None:
    """Run CMD so that its calls come to a segment-pendo that runs already; return its exit code.

    CMD gets what `run -- CMD` would give it: proxy and CA variables, and the start-up hooks of Node, Bun and
    Python. The run goes on when CMD has ended. Several at a time may be attached.

    \b
    Examples:
      segment-pendo attach -- npm start
      segment-pendo attach -- python app.py
      segment-pendo attach --url http://127.0.0.1:4200 --source api -- python app.py
    """
    from segment_pendo.cli.run.child import carried_out, environment_for  # noqa: PLC0415 - slow
    from segment_pendo.cli.signals import Signals  # noqa: PLC0415 - as above

    instance = chosen(at)
    if instance.proxy is None:
        click.echo(
            f"{instance.home} has no proxy: only an app that goes by $SEGMENT_PENDO_URL sends there.",
            err=True,
        )

    async def attached() -> int:
        async with environment_for(instance, source) as environment:
            ended = await carried_out(cmd, environment, Signals(), lambda: tell_nobody(""))
        return ended.code

    sys.exit(asyncio.run(attached()))

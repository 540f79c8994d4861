"""`pendo`: the Pendo on loopback, for webhooks that somebody else sends."""

import asyncio
import sys

import click

from segment_pendo.cli.doors import Signals
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.door import Door, DoorError
from segment_pendo.lines import plain
from segment_pendo.loopback_pendo import LoopbackPendo
from segment_pendo.words import Json

__all__ = ["command"]


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=4170, show_default=True, help="0 = a free one.")
def command(port: int) -> None:
    """Open a Pendo on loopback: POST webhooks to /data/segmentio/KEY, read /api/v1/visitor/ID and /api/v1/account/ID."""
    asyncio.run(_serve(port))


def _told(event: Json) -> None:
    for one in event if isinstance(event, list) else [event]:
        if isinstance(one, dict):
            sys.stdout.write(f"{plain(one.get('type'))}  user {plain(one.get('userId'))}  group {plain(one.get('groupId'))}\n")
    sys.stdout.flush()


async def _serve(port: int) -> None:
    signals = Signals()
    door = Door(LoopbackPendo(_told).routes())
    try:
        await door.start(port)
    except DoorError as error:
        raise Failure(str(error), CANNOT_START) from None
    click.echo(f"Pendo  {door.url}/data/segmentio/KEY   (any key; answers 200 to any event, as the real one seems to)", err=True)
    await signals.next()
    await door.stop()

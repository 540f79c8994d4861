"""`tail`: show the calls of a running instance as they come."""

import asyncio
import sys
from typing import Literal

import click

from segment_pendo.cli.following import Following
from segment_pendo.cli.instance import meant
from segment_pendo.cli.options.instance import url_argument
from segment_pendo.cli.options.only import only_option
from segment_pendo.cli.run.notes import say
from segment_pendo.cli.running import checked_url
from segment_pendo.cli.signals import Signals
from segment_pendo.serve.client import client

__all__ = ["command"]


@click.command()
@url_argument
@only_option("Show")
@click.option("--format", "style", type=click.Choice(["text", "ndjson"]), default="text", show_default=True)
def command(url: str, only: dict[str, str], style: Literal["text", "ndjson"]) -> None:
    """Show the calls of a running segment-pendo as they come: the lines that its own terminal shows.

    URL is its home URL, by default $SEGMENT_PENDO_URL or http://127.0.0.1:4170. When it ends, waits for the
    next one there. Ctrl-C ends, with a summary of what was seen.

    \b
    Examples:
      segment-pendo tail
      segment-pendo tail --only user=ann --only type=identify
      segment-pendo tail http://127.0.0.1:4170 --format ndjson | jq .type
    """
    asyncio.run(_tail(Following(checked_url(meant(url)), sys.stdout, style, only, say)))


async def _tail(following: Following) -> None:
    signals = Signals()
    async with client() as opened:
        tasks = [
            asyncio.create_task(following.follow(opened)),
            asyncio.create_task(signals.next()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[0] in done:
                tasks[0].result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
    if signals.interrupted and sys.stderr.isatty():
        say("")  # the terminal has written ^C
    following.finish()

"""`replay`: the webhooks of a recording, POSTed again in order."""

import asyncio
import sys
from pathlib import Path

import click

from segment_pendo.cli import credentials
from segment_pendo.cli.failure import CONFIGURATION, NOT_DELIVERED, Failure
from segment_pendo.delivery import post, session
from segment_pendo.pendo.regions import LOCAL_KEY, destination
from segment_pendo.recording import RecordedCall, RecordingError, read
from segment_pendo.words import Destination

__all__ = ["command"]

_HOME = "http://127.0.0.1:4170"


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@credentials.to_option
@credentials.key_file_option
def command(file: Path, to: str | None, api_key_file: Path | None) -> None:
    """POST the webhooks of the recording FILE again, in order.

    Without --to they go to the loopback Pendo of a running `segment-pendo run` (http://127.0.0.1:4170).
    Ends with 5 if one was not delivered.
    """
    where = credentials.find(to, api_key_file) or destination(_HOME, LOCAL_KEY)
    try:
        # Read to the end first: a damaged file must not be half sent.
        calls = list(read(file))
    except RecordingError as error:
        raise Failure(str(error), CONFIGURATION) from None
    sys.exit(asyncio.run(_replay(file, calls, where)))


async def _replay(file: Path, calls: list[RecordedCall], to: Destination) -> int:
    sent = failed = 0
    async with session() as client:
        for call in calls:
            if call.webhook is None:
                continue
            attempt = await post(client, to, call.webhook)
            sent += 1
            if attempt.state != "delivered":
                failed += 1
                click.echo(f"{file}:{call.line}: {attempt.detail}", err=True)
                if attempt.status is None and sent == failed == 1 and to.loopback:
                    click.echo("Is segment-pendo running there? Start it with: segment-pendo run", err=True)
                    return NOT_DELIVERED
    skipped = sum(call.webhook is None for call in calls)
    click.echo(f"{sent - failed} of {sent} webhooks delivered to {to.name}; {skipped} of the recorded calls had none")
    return NOT_DELIVERED if failed else 0

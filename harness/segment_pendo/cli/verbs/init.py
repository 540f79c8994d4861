"""`init`: write a destination file, with Segment's defaults or from what another program printed."""

import sys
from pathlib import Path

import click

from segment_pendo.base.errors import USAGE
from segment_pendo.base.prose import printable
from segment_pendo.cli.failure import Failure
from segment_pendo.mapping.destination_file import DestinationFile
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.destinations import load, written

__all__ = ["command"]


def _say(sentence: str) -> None:
    click.echo(printable(sentence), err=True)


@click.command()
@click.argument(
    "file", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path), default="destination.json"
)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="DUMP",
    help=(
        "Take the destination from the output of `terraform show -json`, or from answers of Segment's Public "
        "API."
    ),
)
@click.option("--named", metavar="NAME", help="Which destination of DUMP, by its name, id or address.")
@click.option("--force", is_flag=True, help="Replace FILE.")
def command(file: Path, source: Path | None, named: str | None, *, force: bool) -> None:
    """Write FILE (destination.json): how your destination is set up in production.

    Without --from it says what Segment proposes for a new Webhooks (Actions) destination. Every member is
    there, to be changed; docs/destination.md explains them. The file never holds a key: no URL is written.

    \b
    Examples:
      segment-pendo init
      segment-pendo init destination.json --force
      terraform show -json > state.json; segment-pendo init --from state.json --named "Pendo"
    """
    if named is not None and source is None:
        message = "--named says which destination of --from DUMP is meant; give --from too."
        raise click.UsageError(message)
    destination = DestinationFile() if source is None else load(source, named, _say).file
    Setup.of(destination=destination)  # what cannot be mapped is told now
    text = written(destination)
    if str(file) == "-":
        sys.stdout.write(text)
        return
    try:
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        message = f"{file} exists already; nothing was written. Give another file, or --force to replace it."
        raise Failure(message, USAGE) from None
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}."
        raise Failure(message, USAGE) from None
    click.echo(f"Wrote {file}. Try it: segment-pendo explain --destination {file} calls.jsonl", err=True)

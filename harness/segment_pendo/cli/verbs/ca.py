"""`ca`: the certificate authority whose certificates the proxy shows for Segment's hosts."""

import sys
from pathlib import Path

import click

from segment_pendo.cli.proxy_extra import needed_side
from segment_pendo.serve.environment import ca_directory

__all__ = ["command"]


@click.group()
def command() -> None:
    """The CA lies in your state directory and is made when it is first needed.

    Only trust it where you need it.
    """


def _certificate() -> Path:
    path = needed_side("the certificate is made by mitmproxy").authority(ca_directory())
    assert isinstance(path, Path)
    return path


@command.command()
def path() -> None:
    """Print the path of the certificate (PEM)."""
    click.echo(_certificate())


@command.command(name="print")
def print_() -> None:
    """Print the certificate itself (PEM)."""
    sys.stdout.write(_certificate().read_text("ascii"))


@command.command()
def remove() -> None:
    """Delete the CA with its key; the next run makes another one."""
    directory = ca_directory()
    files = sorted(directory.glob("mitmproxy-*"))
    for file in files:
        file.unlink()
    click.echo(f"{len(files)} files removed from {directory}")

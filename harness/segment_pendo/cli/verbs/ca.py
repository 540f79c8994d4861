"""`ca`: manage the certificate authority (CA) of the certificates that the proxy uses for Segment's hosts."""

import shutil
import ssl
import sys
from pathlib import Path

import click

from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.proxy_extra import needed_side
from segment_pendo.serve.environment import ca_directory, trust_directory

__all__ = ["command"]


@click.group(cls=Suggesting)
def command() -> None:
    """Show or remove the proxy's certificate authority (CA).

    It is kept in your state directory and made when it is first needed. Trust it only where you need it.

    \b
    Examples:
      segment-pendo ca path
      SSL_CERT_FILE="$(segment-pendo ca path)" ruby app.rb
      segment-pendo ca remove
    """


def _certificate() -> Path:
    """Return the file of the certificate; mitmproxy, a slow import, is asked only where it is not there."""
    certificate, both = (ca_directory() / name for name in ("mitmproxy-ca-cert.pem", "mitmproxy-ca.pem"))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
            both, password=""
        )  # never asks at the terminal
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(certificate)
    except (OSError, ValueError):  # not there, or damaged: mitmproxy makes it, or we say what is wrong
        return _made()
    return certificate


def _made() -> Path:
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
    """Delete the CA with its key, and the CA files for apps; the next run makes another CA."""
    directory = ca_directory()
    files = sorted(directory.glob("mitmproxy-*"))
    shutil.rmtree(trust_directory(), ignore_errors=True)
    for file in files:
        try:
            file.unlink()
        except OSError as error:
            message = f"{file} cannot be removed: {error.strerror}."
            raise Failure(message, CANNOT_START) from None
    click.echo(f"{len(files)} files removed from {directory}")

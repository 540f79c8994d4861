"""Which run on this machine a verb is about."""

from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import click

from segment_pendo.base.prose import many
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.cli.options.instance import URL_VARIABLE, is_default, named_by
from segment_pendo.cli.running import checked_url

if TYPE_CHECKING:
    from segment_pendo.serve.launching.instances import Instance

__all__ = ["chosen", "instance_option", "meant"]

_PATIENCE: Final = 1.0  # seconds; a port of this machine answers or refuses at once

instance_option = click.option(
    "--url",
    "at",
    metavar="URL",
    envvar=URL_VARIABLE,
    help="The home URL of the run that is meant.  [default: the only one, or that of this folder]",
)


def chosen(at: str | None, by: str = "--url URL") -> "Instance":
    """Return the run at a home URL; None: the only one, else the only one that was started in this folder.

    `by`: how a run is named. Raises Failure where there is none, or none that is meant without doubt.
    """
    from segment_pendo.serve.launching.instances import running  # noqa: PLC0415 - slow, for some verbs only

    there = running()
    if at is not None:
        url = checked_url(at).replace("//localhost:", "//127.0.0.1:")
        found = [instance for instance in there if instance.home == url]
        where = f" at {url}"
    else:
        here = [instance for instance in there if instance.directory == str(Path.cwd())]
        found, where = here if len(there) > 1 and here else there, ""
    if len(found) == 1:
        return found[0]
    others = ", ".join(instance.home for instance in there)
    if not there or (at is not None and not found):
        known = f" There are: {others}." if others else ""
        message = f"no segment-pendo runs{where}.{known} Start one with: segment-pendo run --detach"
    else:
        message = f"{many(len(there), 'run')} of segment-pendo are there ({others}); say which with {by}."
    raise Failure(message, CANNOT_START)


def meant(url: str) -> str:
    """Return the home URL of the run that a verb asks: `url`, else the one that `chosen` finds; say which.

    Another one is looked for only where nobody named one and nothing listens at the default.
    Raises Failure where several are there, and none of them is meant without doubt.
    """
    if not is_default() or _listens(url):
        return url
    from segment_pendo.serve.environment import StateError  # noqa: PLC0415 - seldom
    from segment_pendo.serve.launching.instances import running  # noqa: PLC0415 - as above

    try:
        if not running():
            return url
    except StateError:
        return url
    home = chosen(None, named_by(url) or f"${URL_VARIABLE}").home
    click.echo(f"Nothing listens at {url}: this is the segment-pendo at {home}.", err=True)
    return home


def _listens(url: str) -> bool:
    """Whether a port of this machine takes connections, or it is not known."""
    import socket  # noqa: PLC0415 - not every verb asks

    parts = urlsplit(url)
    try:
        socket.create_connection((parts.hostname or "", parts.port or 80), _PATIENCE).close()
    except ConnectionRefusedError:
        return False
    except OSError:
        return True
    return True

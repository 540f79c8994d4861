"""Which run on this machine a verb is about."""

from pathlib import Path

import click

from segment_pendo.base.prose import many
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.cli.options.instance import URL_VARIABLE
from segment_pendo.cli.running import checked_url
from segment_pendo.serve.launching.instances import Instance, running

__all__ = ["chosen", "instance_option"]

instance_option = click.option(
    "--url",
    "at",
    metavar="URL",
    envvar=URL_VARIABLE,
    help="The home URL of the run that is meant.  [default: the only one, or that of this folder]",
)


def chosen(at: str | None) -> Instance:
    """Return the run at a home URL; None: the only one, else the only one that was started in this folder.

    Raises Failure where there is none, or none that is meant without doubt.
    """
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
        message = (
            f"{many(len(there), 'run')} of segment-pendo are there ({others}); say which with --url URL."
        )
    raise Failure(message, CANNOT_START)

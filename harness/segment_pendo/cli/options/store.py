"""Add --store to verbs that look after a store file when no run is on."""

from pathlib import Path

import click

from segment_pendo.cli.failure import CONFIGURATION, Failure
from segment_pendo.serve.environment import default_store

__all__ = ["existing", "store_option"]


def _path(_context: click.Context, _param: click.Parameter, path: Path | None) -> Path:
    return default_store() if path is None else path


# callback: only where the option is missing is the state directory looked at.
store_option = click.option(
    "--store",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=_path,
    help="The store's file.  [default: the one in the state directory, which runs to a real Pendo use]",
)


def existing(path: Path) -> Path:
    """Return the path of a store that is there. Raises Failure."""
    if not path.exists():
        message = f"there is no store {path}. Name the file that the run had with --store FILE."
        raise Failure(message, CONFIGURATION)
    return path

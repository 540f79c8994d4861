"""Open the store that a verb works on: the one named, or that of runs to a real Pendo."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from segment_pendo.cli.failure import CONFIGURATION, Failure
from segment_pendo.serve.environment import default_store
from segment_pendo.serve.store.database import Database

__all__ = ["file_of", "opened", "store_option"]

store_option = click.option(
    "--store",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The store's file.  [default: that of runs to a real Pendo, in the state directory]",
)


def file_of(store: Path | None) -> Path:
    """Return the file of the store. Raises StateError."""
    return store if store is not None else default_store()


@contextmanager
def opened(store: Path | None, *, writes: bool) -> Iterator[Database]:
    """Open a store that exists; what `writes` needs one that no run uses. Raises Failure, StoreError."""
    path = file_of(store)
    if not path.exists():
        message = f"there is no store {path}: nothing is pending there. Name another one with --store FILE."
        raise Failure(message, CONFIGURATION)
    database = Database(path, writes=writes)
    try:
        yield database
    finally:
        database.close()

"""`store`: where a run keeps calls and deliveries, how much that is, and how to be rid of it."""

from pathlib import Path

import click

from segment_pendo.base.prose import many
from segment_pendo.cli.failure import REFUSED, Failure
from segment_pendo.cli.store_option import file_of, opened, store_option
from segment_pendo.serve.store.calls import Calls
from segment_pendo.serve.store.pending import Pending

__all__ = ["command"]


@click.group()
def command() -> None:
    """The file in which runs to a real Pendo keep calls and deliveries.

    It holds at most 256 MB and 7 days, but always what is not delivered.
    """


@command.command()
@store_option
def path(store: Path | None) -> None:
    """Print the file."""
    click.echo(str(file_of(store)))


@command.command()
@store_option
def show(store: Path | None) -> None:
    """Say how much is kept, and what is not delivered."""
    with opened(store, writes=False) as database:
        totals = Calls(database).totals()
        states = Calls(database).states()
        click.echo(f"{many(totals['calls'], 'call')} in {many(totals['requests'], 'request')}", nl=False)
        click.echo(f", {database.used() / 1e6:.1f} MB")
        click.echo(", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no webhooks")
        for name, state, count in Pending(database).counts():
            click.echo(f"{name}: {many(count, 'webhook')} {state}")


@command.command()
@store_option
@click.option("--yes", is_flag=True, help="Also what is not delivered.")
def wipe(store: Path | None, *, yes: bool) -> None:
    """Delete the file and all that is in it. No run may use it meanwhile."""
    file = file_of(store)
    with opened(store, writes=True) as database:
        left = sum(count for _, _, count in Pending(database).counts())
        if left and not yes:
            message = (
                f"{many(left, 'webhook')} in {file} not delivered, and would be lost. `segment-pendo pending "
                "list` shows them; give --yes to delete them too."
            )
            raise Failure(message, REFUSED)
        database.delete()
    click.echo(f"{file} is deleted.")

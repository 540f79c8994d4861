"""`store`: where the store is, what it holds, and an end to it."""

from contextlib import closing
from pathlib import Path

import click

from segment_pendo.base.prose import many, plain
from segment_pendo.cli.failure import REFUSED, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.options.store import existing, store_option
from segment_pendo.cli.terminal.tables import print_table
from segment_pendo.serve.store import Database, Limits
from segment_pendo.serve.store.calls import Calls
from segment_pendo.serve.store.pending import Pending

__all__ = ["command"]


@click.group(cls=Suggesting)
def command() -> None:
    """Show or delete the store, the file with all calls and deliveries.

    A run to a real Pendo keeps one in your state directory; other runs keep one where --store names a file.
    It contains what your apps sent, in clear; only its owner may read it.

    \b
    Examples:
      segment-pendo store path
      segment-pendo store show --store run.sqlite3
      segment-pendo store wipe
    """


@command.command()
@store_option
def path(path: Path) -> None:
    """Print where the store is, whether or not it exists."""
    click.echo(path)


@command.command()
@store_option
def show(path: Path) -> None:
    """Show how many webhooks are in which state, for whom; the size and its limits. A run may be on."""
    with closing(Database(existing(path), writes=False)) as database:
        counts, totals, used = (
            Pending(database).counts(delivered=True),
            Calls(database).totals(),
            database.used(),
        )
    limits = Limits()
    age = f"{limits.age.days} days" if limits.age is not None else "for ever"
    click.echo(f"{path}: {many(totals['requests'], 'request')}, {many(totals['calls'], 'call')}")
    if counts:
        print_table(
            ("destination", "state", "webhooks"),
            [(plain(name), state, str(count)) for name, state, count in counts],
        )
    click.echo(
        f"{used / 1024**2:.1f} MB; kept for {age}, up to {limits.size // 1024**2} MB. "
        "What is not delivered is never dropped."
    )


@command.command()
@click.option("--yes", is_flag=True, help="Also where it holds webhooks that are not delivered.")
@store_option
def wipe(path: Path, *, yes: bool) -> None:
    """Delete the store with all that it holds; refused while a run uses it."""
    if not path.exists():
        click.echo(f"There is no store {path}.", err=True)
        return
    database = Database(path)
    try:
        pending = sum(count.webhooks for count in Pending(database).counts())
        if pending and not yes:
            message = (
                f"{path} holds {many(pending, 'webhook')} not delivered, which would be lost. "
                f"`segment-pendo pending list --store {path}` shows them; give --yes to delete them too."
            )
            raise Failure(message, REFUSED)
    except BaseException:
        database.close()
        raise
    database.wipe()
    click.echo(
        f"Deleted {path}" + (f" with {many(pending, 'webhook')} not delivered." if pending else "."), err=True
    )

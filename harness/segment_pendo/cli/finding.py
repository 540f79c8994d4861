"""`finding`: what the words of this program mean."""

import click

from segment_pendo.segment.switches import Switches
from segment_pendo.switch import table

__all__ = ["command"]


@click.command()
@click.option("--models", is_flag=True, help="List the switches of --model (there is nothing else to list yet).")
def command(*, models: bool) -> None:  # noqa: ARG001 - the only thing there is to list
    """List the questions that no source of Segment's settles, and the answers one may choose by --model NAME=VALUE."""
    formatter = click.HelpFormatter(width=100)
    for one in table(Switches):
        formatter.write_text(f"{one.name}: {one.asks}")
        with formatter.indentation():
            first, *others = one.values.items()
            formatter.write_dl([(first[0], f"{first[1]}  [default]"), *others])
    click.echo(formatter.getvalue(), nl=False)

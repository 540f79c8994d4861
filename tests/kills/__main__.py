"""Kill a run under load, so many times as you say; end with 1 where something was lost or disordered."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from tests.kills import CONCURRENCY, killed


@click.command()
@click.option("--kills", type=click.IntRange(1), default=1000, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True, help="Of the moments of the kills.")
def command(kills: int, seed: int) -> None:
    """Kill a run under load."""
    with TemporaryDirectory() as directory:
        report = killed(kills, Path(directory), seed=seed, say=click.echo)
    click.echo(f"{report}")
    for name, some in (
        ("lost", sorted(report.lost)),
        ("more than once", report.doubled),
        ("out of order", report.disordered),
    ):
        if some:
            click.echo(f"{name}: {', '.join(some[:20])}{', ...' if len(some) > 20 else ''}")
    if report.doubled:
        click.echo(
            "Sent again, with the same messageId: the kill came between Pendo's answer and our note of it."
        )
    sys.exit(bool(report.lost or report.disordered or len(report.doubled) > kills * CONCURRENCY))


command()

"""Run the benchmarks: all of them, or those of --only."""

import click
from tests.bench import mapping, races, reads, recorder, replay, soak, stall

BENCHMARKS = {
    "mapping": mapping.main,
    "races": races.main,
    "reads": reads.main,
    "recorder": recorder.main,
    "replay": replay.main,
    "soak": soak.main,
    "stall": stall.main,
}


@click.command()
@click.option(
    "--only", type=click.Choice(sorted(BENCHMARKS)), multiple=True, help="Run this one; repeatable."
)
def command(only: tuple[str, ...]) -> None:
    """Print each benchmark's table in Markdown."""
    for name in only or BENCHMARKS:
        click.echo(f"## {name}\n")
        for line in BENCHMARKS[name]():
            click.echo(line)
        click.echo()


command()

"""Run the benchmarks: all of them, or those of --only."""

import re
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import click
from rich.console import Console
from rich.markdown import Markdown
from tests.bench import (
    archive,
    browser,
    delivery,
    doors,
    mapping,
    memory,
    races,
    reads,
    recorder,
    replay,
    rows,
    soak,
    stall,
    startup,
)
from tests.bench.turns import Effort

BENCHMARKS: Final[dict[str, Callable[[Effort], Iterator[str]]]] = {
    "archive": archive.main,
    "delivery": delivery.main,
    "doors": doors.main,
    "mapping": mapping.main,
    "memory": memory.main,
    "page": lambda _: browser.main(),
    "races": lambda _: races.main(),
    "reads": reads.main,
    "recorder": recorder.main,
    "replay": lambda _: replay.main(),
    "rows": rows.main,
    "soak": soak.main,
    "stall": stall.main,
    "startup": startup.main,
}


def _placed(page: Path, name: str, lines: list[str]) -> None:
    """Put lines where a page has room for this benchmark, in place of those that stand there."""
    text = page.read_text("utf-8")
    begin, end = f"<!-- bench {name} -->", "<!-- end -->"
    room = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if not room.search(text):
        message = f"{page} has no room for {name}: a line {begin} and below it a line {end}"
        raise click.UsageError(message)
    written = "\n".join([begin, *lines, end])
    page.write_text(room.sub(lambda _: written, text), "utf-8")


@click.command()
@click.option(
    "--only", type=click.Choice(sorted(BENCHMARKS)), multiple=True, help="Run this one; repeatable."
)
@click.option(
    "--seconds",
    type=click.FloatRange(0.01, 60),
    default=1.0,
    show_default=True,
    help="For each contender in each round; below 0.5 it is only seen that all of it runs.",
)
@click.option("--rounds", type=click.IntRange(1, 50), default=5, show_default=True)
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option(
    "--into",
    "page",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Write the tables into this page, such as docs/performance.md.",
)
def command(only: tuple[str, ...], seconds: float, rounds: int, page: Path | None, *, markdown: bool) -> None:
    """Print each benchmark's table."""
    effort = Effort(seconds, rounds)
    for name in only or BENCHMARKS:
        lines = [*BENCHMARKS[name](effort)]
        text = "\n".join([f"## {name}", "", *lines, ""])
        if markdown:
            click.echo(text)
        else:
            Console().print(Markdown(text))
        if page is not None:
            _placed(page, name, lines)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end with us
command()

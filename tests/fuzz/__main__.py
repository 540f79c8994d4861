"""Fuzz each reader, one after the other, each in a process of its own; end with 1 where one of them fails.

What a reader may raise for bad input is named with it; anything else is a fault, and the input that brings it
lies in the working directory as crash-*.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from tests.fuzz import READERS

ROOT = Path(__file__).parents[2]
LARGEST = 5_000


def seeds(folder: Path) -> None:
    """Write what to begin with: lines of requests as SDKs sent them, and of recordings."""
    number = 0
    for file in sorted((ROOT / "fixtures").glob("*/*.jsonl")):
        for line in file.read_bytes().splitlines()[:20]:
            if len(line) < LARGEST:
                (folder / f"{number}").write_bytes(line + b"\n")
                number += 1


@click.command()
@click.option("--seconds", type=click.IntRange(1), default=10, show_default=True, help="For each reader.")
@click.option("--only", type=click.Choice(READERS), multiple=True, help="Repeatable.")
def command(seconds: int, only: tuple[str, ...]) -> None:
    """Fuzz the readers."""
    failed: list[str] = []
    for name in only or READERS:
        with TemporaryDirectory() as corpus:
            seeds(Path(corpus))
            line = [sys.executable, "-m", "tests.fuzz.targets", name, corpus, f"-max_len={LARGEST}"]
            done = subprocess.run(
                [*line, f"-max_total_time={seconds}", "-rss_limit_mb=2000", "-timeout=20"],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
        runs = [text for text in done.stderr.splitlines() if text.startswith("Done ")]
        click.echo(f"{name}: {runs[-1] if runs and not done.returncode else 'failed'}")
        if done.returncode:
            failed.append(name)
            click.echo(done.stderr[-5000:])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    command()

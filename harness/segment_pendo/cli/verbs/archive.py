"""`archive`: what Pendo would have made of an archive in parts, and a backfill of its final records."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import click

from segment_pendo.archive.engine import Here, Pool
from segment_pendo.archive.job import Engine
from segment_pendo.archive.results import record_lines, report_of
from segment_pendo.archive.rows_files import RowsFiles, Style
from segment_pendo.cli.archiving import Archive, work_folder
from segment_pendo.cli.backfilling import Backfill
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.inputs.calls import strict_option
from segment_pendo.cli.options import credentials
from segment_pendo.cli.options.delivery import retry_options
from segment_pendo.cli.options.numbers import Whole
from segment_pendo.cli.options.setup import setup_options
from segment_pendo.cli.terminal.archive_report import print_report
from segment_pendo.explain import rows
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.delivering.how import How

__all__ = ["command"]


@click.group(cls=Suggesting)
def command() -> None:
    """Work out an archive in parts: many files, also packed, as Segment keeps them.

    FOLDER is a folder, a file or a quoted pattern. Its events are taken as they were archived, in the order
    in which Segment received them. Parts that are finished are not read again.

    \b
    Examples:
      segment-pendo archive report logs --workers 2
      segment-pendo archive state logs > records.jsonl
      segment-pendo archive map logs --output rows --format parquet
      segment-pendo archive backfill logs --to http://127.0.0.1:4170
      segment-pendo archive backfill logs --destination destination.json --to us --dry-run
      segment-pendo archive backfill logs --to us --verify 50
    """


def _archive_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add FOLDER and how it is worked out; a verb gets them as its parameter `archive`."""

    @wraps(command)
    def with_archive(
        *args: Any,
        folder: str,
        workers: int,
        scheduler: str | None,
        work: Path | None,
        strict: bool,
        setup: Setup,
        **others: Any,
    ) -> Any:
        engine = _engine(workers, scheduler)
        archive = Archive.of(folder, setup, engine, work_folder(folder, work), strict=strict)
        return command(*args, archive=archive, **others)

    decorated: Callable[..., Any] = setup_options(strict_option(with_archive))
    for option in (
        click.option(
            "--scheduler",
            metavar="local|ADDRESS",
            help=(
                "Work on Dask: in N processes of a cluster of its own (local), or on the cluster of a "
                "scheduler such as tcp://10.0.0.1:8786, whose workers see FOLDER and --work as we do."
            ),
        ),
        click.option(
            "--work",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Keep what is worked out here; it holds personal data.  [default: in the state directory]",
        ),
        click.option(
            "--workers",
            type=Whole(1, 256),
            default=1,
            show_default=True,
            metavar="N",
            help="Work on so many parts at the same time, each in a process of its own.",
        ),
        click.argument("folder"),
    ):
        decorated = option(decorated)
    return decorated


def _engine(workers: int, scheduler: str | None) -> Engine:
    if scheduler is None:
        return Here() if workers == 1 else Pool(workers)
    from segment_pendo.archive.dask_engine import Dask  # noqa: PLC0415 - most have no cluster

    return Dask(scheduler, workers)


@command.command()
@_archive_options
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    metavar="DIR",
    help="Write the files here, below the names of their parts.",
)
@click.option(
    "--format", "style", type=click.Choice(["ndjson", "parquet"]), default="ndjson", show_default=True
)
def map(archive: Archive, output: Path, style: Style) -> None:
    """Write what becomes of each event in FOLDER: a file for each part, with the rows of `map --no-ingest`.

    Parquet has the same as columns, the codes of the findings as a list; it needs segment-pendo[dask]. The
    hash at the end is that of all files.
    """
    sys.exit(archive.mapped(RowsFiles(archive.job, output, style)))


@command.command()
@_archive_options
@click.option("--format", "style", type=click.Choice(["text", "json"]), default="text", show_default=True)
def report(archive: Archive, style: str) -> None:
    """Count what is in FOLDER: calls, outcomes, findings with a first example, traits, people.

    The hash at its end is that of all records and counts: the same, whatever worked them out.
    """
    whole, code = archive.worked_out()
    made = report_of(whole, archive.job.setup.pendo)
    if style == "json":
        click.echo(rows.dumps(made))
    else:
        print_report(made)
    sys.exit(code)


@command.command()
@_archive_options
def state(archive: Archive) -> None:
    """Print each record that Pendo would hold after FOLDER, one JSON object a line.

    Accounts come first, each kind in the order of the ids; `history` has the last change of each field.
    """
    whole, code = archive.worked_out()
    for line in record_lines(whole, archive.job.setup.pendo):
        click.echo(line, nl=False)
    sys.exit(code)


@command.command()
@_archive_options
@credentials.to_option
@credentials.key_file_option
@click.option("--yes", is_flag=True, help="Send to a real Pendo; without it, only the counts are printed.")
@click.option("--dry-run", is_flag=True, help="Only print how much would be sent, and send nothing.")
@click.option(
    "--failed",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the calls that were given up as a recording, which can be replayed.",
)
@click.option(
    "--verify",
    type=Whole(1),
    metavar="N",
    help="Send nothing; read N records back from Pendo and compare them.",
)
@retry_options
def backfill(
    archive: Archive,
    to: str | None,
    api_key_file: Path | None,
    failed: Path | None,
    verify: int | None,
    how: How,
    *,
    yes: bool,
    dry_run: bool,
) -> None:
    """Send the final record of each visitor and account in FOLDER to a Pendo, not each event.

    What the destination does not send (triggers, filters, consent of --destination) is not in the records.
    First it prints how many there are; a real Pendo gets them only with --yes.

    Ctrl-C waits for what is being sent. After it, or after a crash, the same command goes on where it was.
    Ends with 5 if something was not delivered, with 1 if a part could not be read or --verify finds a
    difference.
    """
    if to is None:
        message = "--to is missing: us, eu, us1, jp, au, or the URL of a run such as http://127.0.0.1:4170."
        raise click.UsageError(message)
    if verify is not None and (yes or dry_run or failed):
        message = "--verify sends nothing; give it without --yes, --dry-run and --failed."
        raise click.UsageError(message)
    if verify is not None:
        sys.exit(Backfill(archive, datetime.now(UTC)).verify(to, verify))
    where = credentials.named(to) if dry_run else credentials.find(to, api_key_file)
    assert where is not None, "--to is given"
    sys.exit(Backfill(archive, datetime.now(UTC)).send(where, how, failed, yes=yes, dry_run=dry_run))

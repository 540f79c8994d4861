"""Read the calls for `map` and `explain`, and add the options that say how to read them."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO

import click

from segment_pendo.base import times
from segment_pendo.base.prose import many
from segment_pendo.cli.failure import CANNOT_START, FOUND, Failure
from segment_pendo.cli.setup_options import setup_options, was_given
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.mapped_file import Mapped, Options, Wrong, mapped

__all__ = ["Inputs", "files_argument", "input_options", "only_recordings_option"]


files_argument = click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)

only_recordings_option = click.option(
    "--only-recordings",
    is_flag=True,
    help="Pass over files whose first line is not a recording's; for hooks that are given every *.jsonl.",
)


class Inputs:
    """The calls of a file, each mapped when it is asked for.

    `end` reports the values that are not calls, and returns the exit code.
    """

    def __init__(self, file: BinaryIO, options: Options) -> None:
        self._file = file
        self._options = options
        self._name = getattr(file, "name", "stdin")
        self._count = self._wrong = 0

    def __iter__(self) -> Iterator[Mapped | Wrong]:
        try:
            for item in mapped(self._file.read(), self._options, self._name):
                self._count += 1
                self._wrong += isinstance(item, Wrong)
                yield item
        except BrokenPipeError:
            raise  # click ends quietly
        except OSError as error:
            message = f"{self._name} cannot be read, or the output cannot be written: {error.strerror}."
            raise Failure(message, CANNOT_START) from None

    def end(self, *, rows: bool = True) -> int:
        """Report the values that were not calls, and return the exit code.

        With `rows`, each of them was printed as a row with an error.
        """
        if not self._wrong:
            return 0
        if not rows:
            click.echo(
                f"{self._name}: {many(self._wrong, 'value is not a call', 'values are not calls')} "
                f"(of {self._count})",
                err=True,
            )
            return FOUND
        click.echo(
            f"{self._name}: {self._wrong} of "
            f'{many(self._count, "row is an error", "rows are errors")} (look for "error")',
            err=True,
        )
        return FOUND


def input_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add FILE and the options of the mapping to a verb, which gets them as its parameter `inputs`."""

    @wraps(command)
    def with_inputs(
        *args: Any, file: BinaryIO, received: str | None, setup: Setup, no_ingest: bool, **others: Any
    ) -> Any:
        at = times.parse(received) if received is not None else datetime.now(UTC)
        if at is None:
            message = "--received-at takes an ISO 8601 time such as 2024-05-09T10:00:00Z."
            raise click.BadParameter(message)
        as_recorded = not was_given(click.get_current_context())
        options = Options(
            at, setup, fixed=received is not None, ingest_first=not no_ingest, as_recorded=as_recorded
        )
        return command(*args, inputs=Inputs(file, options), **others)

    decorated: Callable[..., Any] = with_inputs
    decorated = click.option(
        "--no-ingest",
        is_flag=True,
        help=(
            "Take each value as a message that has passed Segment's ingest already; with a destination file, "
            "as its function or trigger first sees it."
        ),
    )(decorated)
    decorated = setup_options(decorated)
    text = "Take this ISO 8601 time as the moment at which Segment receives each call.  [default: now]"
    decorated = click.option("--received-at", "received", metavar="TIME", help=text)(decorated)
    return click.argument("file", type=click.File("rb"), default="-")(decorated)

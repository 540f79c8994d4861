"""Read the calls for `map` and `explain`, and add the options that say how to read them."""

import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final, NamedTuple

import click

from segment_pendo.base import times
from segment_pendo.base.prose import many, printable
from segment_pendo.cli.failure import CONFIGURATION, FOUND, Failure
from segment_pendo.cli.options.setup import setup_options, was_given
from segment_pendo.cli.terminal.progress import watched
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.format import RecordingError
from segment_pendo.recordings.reading.mapped_file import DAMAGED, Mapped, Mapping, Options, Wrong, damage_of
from segment_pendo.recordings.reading.parts import (
    STDIN,
    Part,
    Unreadable,
    Watch,
    are_several,
    is_there,
    parts,
)

__all__ = [
    "How",
    "InputName",
    "Inputs",
    "files_argument",
    "how_options",
    "input_options",
    "inputs_argument",
    "only_recordings_option",
    "strict_option",
]

_MOST_TOLD: Final = 10


class InputName(click.Path):
    """A file, a folder or a pattern that something fits; - is stdin."""

    def __init__(self) -> None:
        super().__init__(path_type=str)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the name. Raises BadParameter where there is nothing."""
        if not is_there(str(value)):
            self.fail(f"File {value!r} does not exist.", param, ctx)
        return str(value)


files_argument = click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)

inputs_argument = click.argument("names", nargs=-1, required=True, type=InputName(), metavar="FILE...")

strict_option = click.option(
    "--strict", is_flag=True, help="Stop at the first file or line that cannot be read, instead of going on."
)


class How(NamedTuple):
    """How calls are read: whether Segment's ingest has taken them already, and whether damage ends it."""

    no_ingest: bool = False
    strict: bool = False

    def inputs(self, names: tuple[str, ...], setup: Setup, received: datetime | None = None) -> "Inputs":
        """Return the calls of these files, received now unless they or `received` say when."""
        options = Options(
            received or datetime.now(UTC),
            setup,
            fixed=received is not None,
            ingest_first=not self.no_ingest,
            as_recorded=not was_given(click.get_current_context()),
        )
        return Inputs(names, options, strict=self.strict)


def how_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add the options that say how calls are read; a verb gets them as its parameter `how`."""

    @wraps(command)
    def with_how(*args: Any, no_ingest: bool, strict: bool, **others: Any) -> Any:
        return command(*args, how=How(no_ingest, strict), **others)

    text = (
        "Take each value as a message that has passed Segment's ingest already, as its archives hold it; "
        "with a destination file, as its function or trigger first sees it."
    )
    return click.option("--no-ingest", is_flag=True, help=text)(strict_option(with_how))


only_recordings_option = click.option(
    "--only-recordings",
    is_flag=True,
    help="Pass over files whose first line is not a recording's; for hooks that are given every *.jsonl.",
)


class Inputs:
    """The calls of some files, each mapped when it is asked for.

    `end` reports the values that are not calls, and returns the exit code; `damaged` counts the files that
    could not be read to their end. With `strict`, the first value that cannot be read is a Failure.
    """

    def __init__(self, names: tuple[str, ...], options: Options, *, strict: bool = False) -> None:
        self._names = names or (STDIN,)
        self._options = options
        self._strict = strict
        self._several = are_several(self._names)
        self._files = self._count = self._wrong = self._refused = self.damaged = 0
        self._told: list[Wrong] = []

    @property
    def name(self) -> str:
        """Return what texts call the input."""
        if self._several:
            return many(self._files, "file")
        name = self._names[0]
        return name if name != STDIN else getattr(sys.stdin.buffer, "name", "stdin")

    def __iter__(self) -> Iterator[Mapped | Wrong]:
        mapping = Mapping(self._options, several=self._several)
        with watched(self._names) as watch:
            for part in parts(self._names):
                self._files += 1
                for item in self._of(part, mapping, watch):
                    self._count += 1
                    if isinstance(item, Wrong):
                        self._note(item)
                    yield item

    def _of(self, part: Part, mapping: Mapping, watch: Watch) -> Iterator[Mapped | Wrong]:
        file = part.name if self._several else ""
        try:
            yield from mapping.of(part.lines(watch), part.name)
        except (RecordingError, Unreadable) as error:
            if not self._several or self._strict:
                raise
            click.echo(printable(str(error)), err=True)
            yield Wrong(part.line, DAMAGED, str(error), file=file)
        damage = damage_of(part, file)
        if damage is not None:
            click.echo(printable(f"{part.name}:{damage.line}: {damage.message}"), err=True)
            yield damage

    def _note(self, wrong: Wrong) -> None:
        self._wrong += 1
        self._refused += wrong.refused
        self.damaged += wrong.code == DAMAGED
        if len(self._told) < _MOST_TOLD and wrong.code != DAMAGED:
            self._told.append(wrong)
        if self._strict and not wrong.refused:
            message = f"{self._place(wrong)}: {wrong.message} --strict stops here."
            raise Failure(message, FOUND)

    def _place(self, wrong: Wrong) -> str:
        return wrong.place if wrong.file else f"{self.name}:{wrong.line}"

    def check(self) -> None:
        """Raise Failure where most of what was read are no calls: no answer can be made of that."""
        calls, wrong = self._count - self._wrong, self._wrong - self._refused
        if wrong <= calls:
            return
        first = next((told for told in self._told if not told.refused), None)
        what = f"{self._place(first)}: {first.message} " if first is not None else ""
        has = "no call" if not calls else f"{many(calls, 'call')} beside {many(wrong, 'damaged value')}"
        message = f"{what}{self.name} has {has}; correct it, or give another file."
        raise Failure(printable(message), CONFIGURATION)

    def end(self, *, rows: bool = True) -> int:
        """Report the values that were not calls, and return the exit code.

        With `rows`, each of them was printed as a row with an error.
        """
        if not self._count:
            what = "no file there, and so no call" if not self._files else "there is no call in it"
            click.echo(
                f"{', '.join(map(str, self._names)) if not self._files else self.name}: {what}.", err=True
            )
        if not self._wrong:
            return 0
        if not rows:
            for wrong in self._told if self._several else ():
                click.echo(printable(f"{wrong.place}: {wrong.code}: {wrong.message}"), err=True)
            click.echo(
                f"{self.name}: {many(self._wrong, 'value is not a call', 'values are not calls')} "
                f"(of {self._count})",
                err=True,
            )
            return FOUND
        click.echo(
            f"{self.name}: {self._wrong} of "
            f'{many(self._count, "row is an error", "rows are errors")} (look for "error")',
            err=True,
        )
        return FOUND


def input_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add FILEs and the options of the mapping to a verb, which gets them as its parameter `inputs`."""

    @wraps(command)
    def with_inputs(
        *args: Any, file: tuple[str, ...], received: str | None, setup: Setup, how: How, **others: Any
    ) -> Any:
        at = times.parse(received) if received is not None else None
        if received is not None and at is None:
            message = "--received-at takes an ISO 8601 time such as 2024-05-09T10:00:00Z."
            raise click.BadParameter(message)
        return command(*args, inputs=how.inputs(file, setup, at), **others)

    decorated = setup_options(how_options(with_inputs))
    text = "Take this ISO 8601 time as the moment at which Segment receives each call.  [default: now]"
    decorated = click.option("--received-at", "received", metavar="TIME", help=text)(decorated)
    return click.argument("file", nargs=-1, type=InputName(), metavar="[FILE]...")(decorated)

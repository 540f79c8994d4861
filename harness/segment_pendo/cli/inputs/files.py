"""Files that a verb reads one by one: the others go on where one is damaged."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.prose import many, printable
from segment_pendo.cli.terminal.progress import watched
from segment_pendo.recordings.exchange.found import ImportFailure
from segment_pendo.recordings.format import RecordingError
from segment_pendo.recordings.reading.parts import Part, Unreadable, Watch, are_several, parts, watch_nothing

__all__ = ["Files"]


class Files:
    """The parts of an input, in order; `damaged` counts what was told of damaged ones.

    Where only one file is named, or with `strict`, the first damage is an error. `hidden`: as `parts` has it.
    """

    def __init__(self, names: Sequence[str], *, strict: bool = False, hidden: bool = False) -> None:
        self._names, self._hidden = names, hidden
        self._stops = strict or not are_several(names)
        self.watch: Watch = watch_nothing
        self.damaged = 0

    def __iter__(self) -> Iterator[Part]:
        with watched(self._names) as self.watch:
            yield from parts(self._names, hidden=self._hidden)

    @contextmanager
    def told(self) -> Iterator[None]:
        """Say what is damaged of the file that is read inside, and go on; raise it where it ends the verb."""
        try:
            yield
        except (RecordingError, Unreadable, ImportFailure) as error:
            self.tell(error)

    def tell(self, damage: SegmentPendoError) -> None:
        """Say what is damaged, or raise it where it ends the verb."""
        if self._stops:
            raise damage
        self.damaged += 1
        click.echo(printable(str(damage)), err=True)

    def sum(self) -> str:
        """Return how many files were damaged, as a clause after others; '' where none was."""
        return f"; {many(self.damaged, 'damage')} told above" if self.damaged else ""

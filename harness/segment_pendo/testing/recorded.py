"""The recordings of a test: started, compared with what came, or rewritten."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from segment_pendo.base.prose import many, printable, short
from segment_pendo.base.steps import Prepared, Steps, finished, prepared_together
from segment_pendo.recordings.comparing.compare import Comparison, compare
from segment_pendo.recordings.files import Recorded, is_recording_file, load_header
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.testing.options import Options
from segment_pendo.words import Receipt

__all__ = ["Files", "Recordings"]

_WIDEST = 100


@dataclass(slots=True)
class Files:
    """The recordings of a session of tests.

    `used`: those that a test compared, replayed or recorded. `by`: which test wrote which. `wrote`: for each
    that was rewritten, what became of its calls.
    """

    used: set[Path] = field(default_factory=set)
    by: dict[Path, str] = field(default_factory=dict)
    wrote: dict[Path, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON, for the controller of pytest-xdist."""
        return {
            "used": [str(path) for path in self.used],
            "wrote": {str(path): became for path, became in self.wrote.items()},
        }

    def add(self, other: Mapping[str, Any]) -> None:
        """Add what `as_json` of another session returned."""
        self.used.update(map(Path, other["used"]))
        self.wrote.update({Path(path): became for path, became in other["wrote"].items()})

    def orphans(self) -> list[Path]:
        """Return the recordings in the same directories that no test used."""
        beside = {file for folder in {path.parent for path in self.used} for file in folder.glob("*.jsonl")}
        return sorted(file for file in beside - self.used if is_recording_file(file))


class Recordings:
    """A sink that records calls into `files` of a session."""

    def __init__(self, test: str, options: Options, files: Files) -> None:
        self._test = test
        self._setup = options.setup
        self._meaning = options.meaning
        self._files = files
        self._begun: list[Recorder] = []
        self._mine: set[Path] = set()  # rewritten by this test

    def begin(self, where: Path, receipts: Sequence[Receipt]) -> None:
        """Record these receipts and all that come after them. Raises RecordingError."""
        self._begun.append(self._recorder(where, receipts))

    def take(self, receipt: Receipt) -> None:
        """Write a receipt into each file. Raises OSError."""
        finished(self.prepared(receipt)).keep()

    def prepared(self, receipt: Receipt) -> Steps[Prepared]:
        """Make the lines of each file; they are written when they are kept."""
        return prepared_together(recorder.prepared(receipt) for recorder in tuple(self._begun))

    def _recorder(self, where: Path, receipts: Sequence[Receipt]) -> Recorder:
        where.parent.mkdir(parents=True, exist_ok=True)
        self._files.used.add(where.resolve())
        return self._written(where, receipts)

    def _written(self, where: Path, receipts: Sequence[Receipt]) -> Recorder:
        recorder = Recorder(where, setup=self._setup, meaning=self._meaning)
        for receipt in receipts:
            recorder.take(receipt)
        return recorder

    def end(self, *, passed: bool) -> None:
        """Stop recording; the files are replaced only if the test passed.

        Raises RecordingError if a file cannot be replaced.
        """
        begun, self._begun = self._begun, []
        for recorder in begun:
            recorder.close(replacing=passed)
            if recorder.kept_in is not None:  # a failed test should not leave a file in each run
                recorder.kept_in.unlink(missing_ok=True)

    def compared(self, where: Path, receipts: Sequence[Receipt], *, ordered: bool) -> list[str]:
        """Return lines that say why these receipts differ in meaning from the file; none if they do not.

        Raises RecordingError for a file that is not a recording.
        """
        self._files.used.add(where.resolve())
        if not where.exists():
            said = (
                f"there is no recording {where} yet; run pytest --segment-pendo-update to make it, "
                "and look at it"
            )
            return [said]
        recorded, ours = load_header(where).setup.described(), self._setup.described()
        if recorded != ours:
            said = (
                f"{where} was recorded with {recorded}, but this test runs with {ours}; use the same "
                "options, or run pytest --segment-pendo-update"
            )
            return [said]
        comparison = self._comparison(where, receipts)
        lines = list(_differences(comparison, ordered=ordered))
        if not lines:
            return []
        end = (
            "If the app was meant to change: run pytest --segment-pendo-update, then look at the "
            "difference in git."
        )
        return [f"{where} does not match what came ({many(comparison.same, 'call')} the same)", *lines, end]

    def rewritten(self, where: Path, receipts: Sequence[Receipt]) -> list[str]:
        """Write these receipts into the file; a call that means the same keeps its line.

        Returns lines that say why it was not written; none if it was. Raises RecordingError for a file that
        is not a recording.
        """
        writer = self._files.by.setdefault(where.resolve(), self._test)
        if writer != self._test:
            said = (
                f"{writer} wrote other calls into {where} in this run; give each test a recording of its own"
            )
            return [said] if self._comparison(where, receipts).pairs else []
        if where.resolve() in self._mine:
            said = f"{where} was written before in this test; give each .matches() a recording of its own"
            return [said] if self._comparison(where, receipts).pairs else []
        self._mine.add(where.resolve())
        if where.exists() and load_header(where).setup.described() != self._setup.described():
            where.unlink()  # recorded with other options, so no line of it can stay
        recorder = self._recorder(where, receipts)
        recorder.close()
        self._files.wrote[where.resolve()] = str(recorder.done)
        return []

    def _comparison(self, where: Path, receipts: Sequence[Receipt]) -> Comparison:
        with TemporaryDirectory() as folder:
            now = Path(folder, "now.jsonl")
            self._written(now, receipts).close()
            return compare(Recorded(where), Recorded(now), self._meaning)


def _differences(comparison: Comparison, *, ordered: bool) -> Iterator[str]:
    for pair in comparison.pairs:
        if pair.kind == "moved" and not ordered:
            continue
        yield f"  {pair.kind}: {pair.name}" + (f" (line {pair.old.line})" if pair.old else "")
        for path, old, new in pair.changes:
            yield f"      {printable(path)}: recorded {short(old, _WIDEST)}, now {short(new, _WIDEST)}"

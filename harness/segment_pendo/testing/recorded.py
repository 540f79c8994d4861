"""The recordings of one test: begun, compared with what came, rewritten."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from segment_pendo.base.prose import many, printable, short
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.compare import Comparison, compare
from segment_pendo.recordings.files import load, load_header
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.words import Receipt

__all__ = ["Recordings"]

_WIDEST = 100


class Recordings:
    """A sink: what was begun records. `written` says which test of this session wrote which file."""

    def __init__(self, test: str, setup: Setup, written: dict[Path, str]) -> None:
        self._test = test
        self._setup = setup
        self._written = written
        self._begun: list[Recorder] = []

    def begin(self, where: Path, receipts: Sequence[Receipt]) -> None:
        """Record these receipts and all that come. Raises RecordingError."""
        self._begun.append(self._recorder(where, receipts))

    def take(self, receipt: Receipt) -> None:
        for recorder in self._begun:
            recorder.take(receipt)

    def _recorder(self, where: Path, receipts: Sequence[Receipt]) -> Recorder:
        where.parent.mkdir(parents=True, exist_ok=True)
        made = Recorder(where, setup=self._setup)
        for receipt in receipts:
            made.take(receipt)
        return made

    def end(self, *, passed: bool) -> None:
        """What a test that passed recorded replaces its files.

        Raises RecordingError where one cannot be replaced.
        """
        begun, self._begun = self._begun, []
        for recorder in begun:
            recorder.close(replacing=passed)
            if recorder.kept_in is not None:  # of a test that failed nobody wants to find a file at each run
                recorder.kept_in.unlink(missing_ok=True)

    def compared(self, where: Path, receipts: Sequence[Receipt], *, ordered: bool) -> list[str]:
        """Why these receipts do not mean what the file holds, in lines; nothing where they do.

        Raises RecordingError for what is none.
        """
        if not where.exists():
            return [
                (
                    f"there is no recording {where} yet; run pytest --segment-pendo-update to make it, "
                    "and look at it"
                )
            ]
        recorded, ours = load_header(where).setup.described(), self._setup.described()
        if recorded != ours:
            return [f"{where} was recorded with {recorded}, this test runs with {ours}"]
        found = self._differs(where, receipts)
        said = list(_told(found, ordered=ordered))
        if not said:
            return []
        end = (
            "If the app was meant to change: pytest --segment-pendo-update, then look at the difference "
            "in git."
        )
        return [f"{where} does not match what came ({many(found.same, 'call')} the same)", *said, end]

    def rewritten(self, where: Path, receipts: Sequence[Receipt]) -> list[str]:
        """Make the file of these receipts; what means the same keeps its line.

        Why it was not made, in lines; nothing where it was.

        Raises RecordingError for a file that is no recording.
        """
        other = self._written.setdefault(where.resolve(), self._test)
        if other != self._test:
            said = (
                f"{other} wrote other calls into {where} in this run; give each test a recording of its own"
            )
            return [said] if self._differs(where, receipts).pairs else []
        if where.exists() and load_header(where).setup.described() != self._setup.described():
            where.unlink()  # made with other options, so not a line of it can stay
        self._recorder(where, receipts).close()
        return []

    def _differs(self, where: Path, receipts: Sequence[Receipt]) -> Comparison:
        with TemporaryDirectory() as folder:
            now = Path(folder, "now.jsonl")
            self._recorder(now, receipts).close()
            return compare(load(where), load(now))


def _told(found: Comparison, *, ordered: bool) -> Iterator[str]:
    for pair in found.pairs:
        if pair.kind == "moved" and not ordered:
            continue
        yield f"  {pair.kind}: {pair.name}" + (f" (line {pair.old.line})" if pair.old else "")
        for path, old, new in pair.changes:
            yield f"      {printable(path)}: recorded {short(old, _WIDEST)}, now {short(new, _WIDEST)}"

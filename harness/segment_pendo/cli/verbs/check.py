"""`check`: map recordings again and compare the results."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import click

from segment_pendo.base.prose import many, short
from segment_pendo.cli.check_reports import REPORTS, Checked
from segment_pendo.cli.failure import FOUND, REFUSED, Failure
from segment_pendo.cli.inputs.calls import inputs_argument, only_recordings_option, strict_option
from segment_pendo.cli.inputs.files import Files
from segment_pendo.cli.options.meaning import meaning_option
from segment_pendo.explain import rows
from segment_pendo.explain.telling.teller import WHO, named
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.comparing.check import Difference, differences, refused_differences
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.files import is_recording, opened, replace_whole
from segment_pendo.recordings.format import Entry, RecordedCall, RecordingError
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.reading.packed import pack
from segment_pendo.recordings.reading.parts import STDIN, Part, Watch
from segment_pendo.segment import ingest
from segment_pendo.segment.ingest import masked
from segment_pendo.serve.environment import in_ci
from segment_pendo.words import Finding, JsonObject, Judged, Receipt, is_as_bad

__all__ = ["command"]

_WIDEST: Final = 120


@dataclass(slots=True)
class _Sum:
    """How many calls and requests were checked, differ, are objected to, and were refused when recorded."""

    checked: int = 0
    differing: int = 0
    objected: int = 0
    refused: int = 0
    empty: str = ""  # the first file without any

    def count(self, call: Checked) -> None:
        self.checked += 1
        self.differing += bool(call.differences)
        self.objected += bool(call.objections)
        self.refused += call.refused


@click.command()
@inputs_argument
@click.option(
    "--update",
    is_flag=True,
    help="Rewrite the lines that differ. Look at the difference in git before you commit it.",
)
@click.option(
    "--report",
    type=click.Choice(["text", "junit", "markdown", "ndjson"]),
    default="text",
    show_default=True,
    help="The format of the report.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    help="Also object to findings of this level or worse.",
)
@only_recordings_option
@strict_option
@meaning_option
def command(
    names: tuple[str, ...],
    report: str,
    fail_on: str | None,
    meaning: Meaning,
    *,
    update: bool,
    only_recordings: bool,
    strict: bool,
) -> None:
    """Map the recorded requests of each FILE again, with their recorded times, and compare the results.

    Compares outcomes, findings, and webhook bodies byte for byte. Ends with 1 if something differs, or if
    --fail-on objects. FILE may be a folder, a pattern, or packed (gzip, Zstandard).

    \b
    Examples:
      segment-pendo check tests/recordings/*.jsonl
      segment-pendo check --update calls.jsonl
      segment-pendo check --fail-on warning --report junit calls.jsonl > junit.xml
    """
    if update and in_ci():
        message = (
            "--update rewrites recordings, which CI must not do: run it on your machine, look at the "
            "difference, and commit it."
        )
        raise Failure(message, REFUSED)
    if update and STDIN in names:
        message = "--update rewrites files; stdin is none. Give a file."
        raise click.UsageError(message)
    files, told, sums = Files(names, strict=strict), REPORTS[report](), _Sum()
    differing: list[Part] = []
    for part in files:
        with files.told():
            if only_recordings and not is_recording(part):
                continue
            before = replace(sums)
            for call in _checked(part, fail_on, meaning, files.watch):
                told.add(call)
                sums.count(call)
            if sums.checked == before.checked:
                sums.empty = sums.empty or part.name
            differing += [part] if sums.differing > before.differing else []
    told.end()
    sys.stdout.flush()
    for part in differing if update else ():
        assert part.path is not None, "stdin was refused"
        replace_whole(part.path, pack(_updated(part, meaning), part.packing()))
    sys.exit(_end(sums, files, fail_on, updated=update))


def _end(sums: _Sum, files: Files, fail_on: str | None, *, updated: bool) -> int:
    """Print the sum; return the exit code."""
    if sums.empty:
        click.echo(f"{sums.empty} does not contain calls, so there is nothing to check.", err=True)
        return FOUND
    verb = "rewritten" if updated else "differs" if sums.differing == 1 else "differ"
    nouns = (
        ("recorded call or request", "recorded calls and requests") if sums.refused else ("recorded call", "")
    )
    words = f"{sums.differing} of {many(sums.checked, *nouns)} {verb}"
    objected = f"; --fail-on {fail_on} objects to {sums.objected}" if fail_on else ""
    click.echo(f"{words}{objected}{files.sum()}.", err=True)
    return FOUND if sums.objected or files.damaged or (sums.differing and not updated) else 0


def _checked(part: Part, fail_on: str | None, meaning: Meaning, watch: Watch) -> Iterator[Checked]:
    reading = opened(part, watch)
    judge = Judge(reading.header.setup)
    for entry in reading.entries:
        wrong = list(refused_differences(entry))
        if wrong or entry.refused is not None:
            yield _refused(part.name, entry, wrong, fail_on)
        try:
            judged = list(judge.entry(entry))
        except RecordingError as error:
            message = f"{part.name}: {error}"
            raise RecordingError(message) from None
        for call, now in zip(entry.calls, judged, strict=True):
            yield _call(part.name, entry, call, now, fail_on, meaning)


def _refused(file: str, entry: Entry, wrong: list[Difference], fail_on: str | None) -> Checked:
    head = entry.head()
    objections: list[Finding] = []
    if fail_on is not None and entry.refused is not None:
        code, why = entry.refusal()
        objections = [Finding(code, "error", "$", why, "")]

    def row() -> JsonObject:
        return {"line": entry.number, "request": head.path, "refused": entry.refused}

    name = f"request {head.method} {short(masked(head.path), _WIDEST)}"
    return Checked(file, entry.number, name, wrong, objections, row, refused=True)


def _call(
    file: str, entry: Entry, call: RecordedCall, now: Judged, fail_on: str | None, meaning: Meaning
) -> Checked:
    objections = [
        finding
        for each in now.each
        for finding in each.findings
        if fail_on is not None and is_as_bad(finding.level, fail_on)
    ]

    def row() -> JsonObject:
        request = entry.sdk_request()
        receipt = Receipt(str(call.number), call.at, request, ingest.accepted(request), (now,))
        return rows.call_row(receipt, now, line=call.number)

    name = named(now.call.type, now.call.data, *WHO)
    return Checked(file, call.number, name, list(differences(call, now, meaning)), objections, row)


def _updated(part: Part, meaning: Meaning) -> Iterator[bytes]:
    """Yield the lines of a recording that was checked, as they would be recorded now where they differ."""
    reading = opened(part)
    judge = Judge(reading.header.setup)
    yield reading.header.line
    for entry in reading.entries:
        yield entry.line
        for call, now in zip(entry.calls, judge.entry(entry), strict=True):
            differs = any(True for _ in differences(call, now, meaning))
            new = recording.call_line(now, call.at, call.sent_at, call.made_id)
            yield new if differs else call.line

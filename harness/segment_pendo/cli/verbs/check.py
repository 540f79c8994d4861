"""`check`: map recordings again and compare the results."""

import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from segment_pendo.base.prose import cell, many, printable, short
from segment_pendo.cli.calls_input import files_argument, only_recordings_option
from segment_pendo.cli.failure import CANNOT_START, FOUND, REFUSED, Failure
from segment_pendo.cli.meaning_option import meaning_option
from segment_pendo.explain import rows
from segment_pendo.explain.teller import WHO, named
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.check import Difference, differences, refused_differences
from segment_pendo.recordings.files import is_recording_file, load, load_header, rewrite
from segment_pendo.recordings.format import Entry, RecordedCall, RecordingError
from segment_pendo.recordings.judge import Judge
from segment_pendo.recordings.meaning import Meaning
from segment_pendo.segment import ingest
from segment_pendo.segment.ingest import masked
from segment_pendo.serve.environment import in_ci
from segment_pendo.words import Finding, Json, JsonObject, Judged, Receipt, is_as_bad

__all__ = ["command"]

_WIDEST: Final = 120


@dataclass(frozen=True, slots=True)
class _Checked:
    """A recorded call or a refused request, with what is wrong; `row` returns it as NDJSON prints it."""

    file: Path
    number: int
    name: str
    differences: list[Difference]
    objections: list[Finding]
    row: Callable[[], JsonObject]
    line: Callable[[], bytes] | None = None  # what would be recorded now; None for a refused request

    def said(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        for difference in self.differences:
            yield (
                f"{printable(difference.where)}: recorded {short(difference.recorded, _WIDEST)}, now "
                f"{short(difference.now, _WIDEST)} [{printable(difference.rule)}]"
            )
        for finding in self.objections:
            yield f"{finding.level} {finding.code} at {printable(finding.path)}: {printable(finding.message)}"


@click.command()
@files_argument
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
@meaning_option
def command(
    files: tuple[Path, ...],
    report: str,
    fail_on: str | None,
    meaning: Meaning,
    *,
    update: bool,
    only_recordings: bool,
) -> None:
    """Map the recorded requests of each FILE again, with their recorded times, and compare the results.

    Compares outcomes, findings, and webhook bodies byte for byte. Ends with 1 if something differs, or if
    --fail-on objects.

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
    if only_recordings:
        files = tuple(filter(is_recording_file, files))
    checked = [call for file in files for call in _checked(file, fail_on, meaning)]
    _print(report, checked)
    if update:
        for file in files:
            _update(file, [call for call in checked if call.file == file])
    sys.exit(_end(files, checked, fail_on, updated=update))


def _end(files: tuple[Path, ...], checked: list[_Checked], fail_on: str | None, *, updated: bool) -> int:
    """Print the sum; return the exit code."""
    empty = [file for file in files if not any(call.file == file for call in checked)]
    if empty:
        click.echo(f"{empty[0]} does not contain calls, so there is nothing to check.", err=True)
        return FOUND
    differing = sum(bool(call.differences) for call in checked)
    objected = sum(bool(call.objections) for call in checked)
    verb = "rewritten" if updated else "differs" if differing == 1 else "differ"
    refused = any(call.line is None for call in checked)
    nouns = ("recorded call or request", "recorded calls and requests") if refused else ("recorded call", "")
    words = f"{differing} of {many(len(checked), *nouns)} {verb}"
    click.echo(words + (f"; --fail-on {fail_on} objects to {objected}" if fail_on else "") + ".", err=True)
    return FOUND if objected or (differing and not updated) else 0


def _print(report: str, checked: list[_Checked]) -> None:
    try:
        _REPORTS[report](checked)
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # click ends quietly
    except OSError as error:
        message = f"the report cannot be written: {error.strerror}."
        raise Failure(message, CANNOT_START) from None


def _checked(file: Path, fail_on: str | None, meaning: Meaning) -> Iterator[_Checked]:
    judge = Judge(load_header(file).setup)
    for entry in load(file):
        wrong = list(refused_differences(entry))
        if wrong or entry.refused is not None:
            yield _refused(file, entry, wrong, fail_on)
        try:
            judged = list(judge.entry(entry))
        except RecordingError as error:
            message = f"{file}: {error}"
            raise RecordingError(message) from None
        for call, now in zip(entry.calls, judged, strict=True):
            yield _call(file, entry, call, now, fail_on, meaning)


def _refused(file: Path, entry: Entry, wrong: list[Difference], fail_on: str | None) -> _Checked:
    head = entry.head()
    objections: list[Finding] = []
    if fail_on is not None and entry.refused is not None:
        code, why = entry.refusal()
        objections = [Finding(code, "error", "$", why, "")]

    def row() -> JsonObject:
        return {"line": entry.number, "request": head.path, "refused": entry.refused}

    name = f"request {head.method} {short(masked(head.path), _WIDEST)}"
    return _Checked(file, entry.number, name, wrong, objections, row)


def _call(
    file: Path, entry: Entry, call: RecordedCall, now: Judged, fail_on: str | None, meaning: Meaning
) -> _Checked:
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

    def line() -> bytes:
        return recording.call_line(now, call.at, call.sent_at, call.made_id)

    name = named(now.call.type, now.call.data, *WHO)
    return _Checked(file, call.number, name, list(differences(call, now, meaning)), objections, row, line)


def _update(file: Path, checked: list[_Checked]) -> None:
    changed = {call.number: call.line() for call in checked if call.differences and call.line is not None}
    if changed:
        rewrite(file, changed)


# --- reports ---


def _text(checked: list[_Checked]) -> None:
    for call in checked:
        for said in call.said():
            click.echo(f"{call.file}:{call.number}: {call.name}: {said}")


def _ndjson(checked: list[_Checked]) -> None:
    for call in checked:
        differences: Json = [difference._asdict() for difference in call.differences]
        click.echo(rows.dumps({"file": str(call.file), **call.row(), "differences": differences}))


def _junit(checked: list[_Checked]) -> None:
    root = ET.Element("testsuites")
    failed = Counter(call.file for call in checked if list(call.said()))
    for file, count in Counter(call.file for call in checked).items():
        suite = ET.SubElement(root, "testsuite", name=str(file), tests=str(count), failures=str(failed[file]))
        for call in (call for call in checked if call.file == file):
            name = f"line {call.number}: {call.name}"
            case = ET.SubElement(suite, "testcase", classname=str(file), name=name)
            said = list(call.said())
            if said:
                ET.SubElement(case, "failure", message=said[0]).text = "\n".join(said)
    ET.indent(root)
    click.echo(ET.tostring(root, encoding="unicode", xml_declaration=True))


def _markdown(checked: list[_Checked]) -> None:
    wrong = [call for call in checked if list(call.said())]
    click.echo(f"### segment-pendo check: {len(wrong)} of {len(checked)} recorded calls\n")
    if wrong:
        click.echo("| where | call | what |\n| --- | --- | --- |")
    for call in wrong:
        for said in call.said():
            cells = (f"{call.file}:{call.number}", call.name, said)
            click.echo("| " + " | ".join(map(cell, cells)) + " |")


_REPORTS: Final = {"text": _text, "ndjson": _ndjson, "junit": _junit, "markdown": _markdown}

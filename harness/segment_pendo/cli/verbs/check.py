"""`check`: what is recorded, mapped again and compared."""

import sys
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from segment_pendo.base.prose import cell, many, printable, short
from segment_pendo.cli.failure import CANNOT_START, FOUND, REFUSED, Failure
from segment_pendo.explain import rows
from segment_pendo.explain.teller import WHO, named
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.check import Difference, differences
from segment_pendo.recordings.files import load, load_header, rewrite
from segment_pendo.recordings.format import Entry, RecordedCall, RecordingError
from segment_pendo.recordings.judge import Judge
from segment_pendo.segment import ingest
from segment_pendo.serve.environment import in_ci
from segment_pendo.words import Finding, Json, Judged, Receipt, is_as_bad

__all__ = ["command"]

_WIDEST: Final = 120


@dataclass(slots=True)
class _Checked:
    """One recorded call, compared."""

    file: Path
    entry: Entry
    one: RecordedCall
    judged: Judged
    differences: list[Difference]
    objections: list[Finding] = field(default_factory=list)

    @property
    def name(self) -> str:
        return named(self.judged.call.type, self.judged.call.data, *WHO)

    def said(self) -> Iterator[str]:
        """What is wrong, a sentence each."""
        for one in self.differences:
            yield (
                f"{printable(one.where)}: recorded {short(one.recorded, _WIDEST)}, now "
                f"{short(one.now, _WIDEST)} [{printable(one.rule)}]"
            )
        for finding in self.objections:
            yield f"{finding.level} {finding.code} at {printable(finding.path)}: {printable(finding.message)}"


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE...",
)
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
    help="What is printed.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning"]),
    help="Object to findings of this level, or worse, too.",
)
def command(files: tuple[Path, ...], report: str, fail_on: str | None, *, update: bool) -> None:
    """Map the recorded requests of each FILE again, at the times at which they were received, and compare.

    Compared are outcomes, webhook bodies byte for byte, and findings. Ends with 1 if something differs, or
    --fail-on objects.
    """
    if update and in_ci():
        message = (
            "--update rewrites recordings, which CI must not do: run it on your machine, look at the "
            "difference, commit it."
        )
        raise Failure(message, REFUSED)
    checked = [call for file in files for call in _checked(file, fail_on)]
    _print(report, checked)
    if update:
        for file in files:
            _update(file, [call for call in checked if call.file == file])
    differing = sum(bool(call.differences) for call in checked)
    objected = sum(bool(call.objections) for call in checked)
    verb = "rewritten" if update else "differs" if differing == 1 else "differ"
    words = f"{differing} of {many(len(checked), 'recorded call')} {verb}"
    click.echo(words + (f"; --fail-on {fail_on} objects to {objected}" if fail_on else "") + ".", err=True)
    sys.exit(FOUND if objected or (differing and not update) else 0)


def _print(report: str, checked: list[_Checked]) -> None:
    try:
        _REPORTS[report](checked)
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # click ends quietly
    except OSError as error:
        message = f"the report cannot be written: {error.strerror}."
        raise Failure(message, CANNOT_START) from None


def _checked(file: Path, fail_on: str | None) -> Iterator[_Checked]:
    judge = Judge(load_header(file).setup)
    for entry in load(file):
        try:
            judged = list(judge.entry(entry))
        except RecordingError as error:
            message = f"{file}: {error}"
            raise RecordingError(message) from None
        for one, now in zip(entry.calls, judged, strict=True):
            objections = [
                finding
                for finding in now.findings
                if fail_on is not None and is_as_bad(finding.level, fail_on)
            ]
            yield _Checked(file, entry, one, now, list(differences(one, now)), objections)


def _update(file: Path, checked: list[_Checked]) -> None:
    changed: dict[int, bytes] = {}
    for one in checked:
        if one.differences:
            old = one.one
            changed[old.number] = recording.call_line(one.judged, old.at, old.sent_at, old.made_id)
    if changed:
        rewrite(file, changed)


# --- reports ---


def _text(checked: list[_Checked]) -> None:
    for one in checked:
        for said in one.said():
            click.echo(f"{one.file}:{one.one.number}: {one.name}: {said}")


def _ndjson(checked: list[_Checked]) -> None:
    for one in checked:
        request = one.entry.sdk_request()
        receipt = Receipt(str(one.one.number), one.one.at, request, ingest.accepted(request), (one.judged,))
        row = rows.call_row(receipt, one.judged, line=one.one.number)
        told: Json = [
            {"where": d.where, "recorded": d.recorded, "now": d.now, "rule": d.rule} for d in one.differences
        ]
        click.echo(rows.dumps({"file": str(one.file), **row, "differences": told}))


def _junit(checked: list[_Checked]) -> None:
    root = ET.Element("testsuites")
    failed = Counter(one.file for one in checked if list(one.said()))
    for file, count in Counter(one.file for one in checked).items():
        suite = ET.SubElement(root, "testsuite", name=str(file), tests=str(count), failures=str(failed[file]))
        for one in (one for one in checked if one.file == file):
            case = ET.SubElement(
                suite, "testcase", classname=str(file), name=f"line {one.one.number}: {one.name}"
            )
            said = list(one.said())
            if said:
                ET.SubElement(case, "failure", message=said[0]).text = "\n".join(said)
    ET.indent(root)
    click.echo(ET.tostring(root, encoding="unicode", xml_declaration=True))


def _markdown(checked: list[_Checked]) -> None:
    wrong = [one for one in checked if list(one.said())]
    click.echo(f"### segment-pendo check: {len(wrong)} of {len(checked)} recorded calls\n")
    if wrong:
        click.echo("| where | call | what |\n| --- | --- | --- |")
    for one in wrong:
        for said in one.said():
            cells = (f"{one.file}:{one.one.number}", one.name, said)
            click.echo("| " + " | ".join(map(cell, cells)) + " |")


_REPORTS: Final = {"text": _text, "ndjson": _ndjson, "junit": _junit, "markdown": _markdown}

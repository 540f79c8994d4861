"""The reports of `check`: what was checked is printed as it comes, or kept on disk until its sum is known."""

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Final, Protocol

import click

from segment_pendo.base.prose import cell, printable, short
from segment_pendo.explain import rows
from segment_pendo.recordings.comparing.check import Difference
from segment_pendo.words import Finding, Json, JsonObject

__all__ = ["REPORTS", "Checked", "Report"]

_WIDEST: Final = 120


@dataclass(frozen=True, slots=True)
class Checked:
    """A recorded call, or a `refused` request, with what is wrong; `row` returns it as NDJSON prints it."""

    file: str
    number: int
    name: str
    differences: list[Difference]
    objections: list[Finding]
    row: Callable[[], JsonObject]
    refused: bool = False

    def said(self) -> Iterator[str]:
        """Yield a sentence for each thing that is wrong."""
        for difference in self.differences:
            yield (
                f"{printable(difference.where)}: recorded {short(difference.recorded, _WIDEST)}, now "
                f"{short(difference.now, _WIDEST)} [{printable(difference.rule)}]"
            )
        for finding in self.objections:
            yield f"{finding.level} {finding.code} at {printable(finding.path)}: {printable(finding.message)}"


class Report(Protocol):
    """A report: `add` takes what was checked, in order; `end` prints what was not printed yet."""

    def add(self, call: Checked) -> None: ...

    def end(self) -> None: ...


class Text:
    """A line for each thing that is wrong."""

    def add(self, call: Checked) -> None:
        for said in call.said():
            click.echo(f"{call.file}:{call.number}: {call.name}: {said}")

    def end(self) -> None:
        """Print nothing more."""


class Ndjson:
    """A row for each call."""

    def add(self, call: Checked) -> None:
        differences: Json = [difference._asdict() for difference in call.differences]
        click.echo(rows.dumps({"file": call.file, **call.row(), "differences": differences}))

    def end(self) -> None:
        """Print nothing more."""


class _Kept:
    """Lines that are kept on disk until `close` prints them."""

    def __init__(self) -> None:
        self._file = TemporaryFile("w+", encoding="utf-8", newline="\n")  # noqa: SIM115 - `close` does

    def add(self, line: str) -> None:
        self._file.write(line + "\n")

    def close(self) -> None:
        """Print all lines, and keep none."""
        with self._file:
            self._file.seek(0)
            for line in self._file:
                click.echo(line, nl=False)


class Markdown:
    """A table of all that is wrong, below its sum."""

    def __init__(self) -> None:
        self._lines = _Kept()
        self._wrong = self._count = 0

    def add(self, call: Checked) -> None:
        said = list(call.said())
        self._count += 1
        self._wrong += bool(said)
        for words in said:
            cells = (f"{call.file}:{call.number}", call.name, words)
            self._lines.add("| " + " | ".join(map(cell, cells)) + " |")

    def end(self) -> None:
        """Print the table."""
        click.echo(f"### segment-pendo check: {self._wrong} of {self._count} recorded calls\n")
        if self._wrong:
            click.echo("| where | call | what |\n| --- | --- | --- |")
        self._lines.close()


@dataclass(slots=True)
class _Suite:
    file: str
    cases: _Kept
    tests: int = 0
    failures: int = 0


class Junit:
    """A suite for each file, with a case for each call."""

    def __init__(self) -> None:
        self._suites: list[_Suite] = []

    def add(self, call: Checked) -> None:
        if not self._suites or self._suites[-1].file != call.file:
            self._suites.append(_Suite(call.file, _Kept()))
        suite, said = self._suites[-1], list(call.said())
        name = f"line {call.number}: {call.name}"
        case = ET.Element("testcase", classname=call.file, name=name)
        if said:
            ET.SubElement(case, "failure", message=said[0]).text = "\n".join(said)
        ET.indent(case, level=2)
        suite.cases.add(f"    {ET.tostring(case, encoding='unicode')}")
        suite.tests += 1
        suite.failures += bool(said)

    def end(self) -> None:
        """Print the suites."""
        empty = ET.tostring(ET.Element("testsuites"), encoding="unicode", xml_declaration=True)
        if not self._suites:
            click.echo(empty)
            return
        click.echo(empty.removesuffix(" />") + ">")
        for suite in self._suites:
            tests, failures = str(suite.tests), str(suite.failures)
            begin = ET.Element("testsuite", name=suite.file, tests=tests, failures=failures)
            click.echo(f"  {ET.tostring(begin, encoding='unicode').removesuffix(' />')}>")
            suite.cases.close()
            click.echo("  </testsuite>")
        click.echo("</testsuites>")


REPORTS: Final[dict[str, type[Report]]] = {
    "text": Text,
    "ndjson": Ndjson,
    "junit": Junit,
    "markdown": Markdown,
}

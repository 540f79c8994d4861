"""Say whether a tag may be published: it, the package's version and the changelog must name the same version.

Needs Python alone: the workflow that publishes runs it before anything is installed.
"""

import ast
import datetime as dt
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
CHANGELOG = ROOT / "CHANGELOG.md"
VERSION = ROOT / "harness" / "segment_pendo" / "__init__.py"
_HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<day>\S+))?$", re.MULTILINE)


class Section(NamedTuple):
    """What a version changed; the day is None for what is not released."""

    name: str
    day: dt.date | None
    text: str


def sections(changelog: str) -> list[Section]:
    """Return the sections of a changelog in their order; ValueError for a day that is none."""
    headings = list(_HEADING.finditer(changelog))
    ends = [*(heading.start() for heading in headings[1:]), len(changelog)]
    return [
        Section(
            heading["name"],
            dt.date.fromisoformat(heading["day"]) if heading["day"] else None,
            changelog[heading.end() : end].strip(),
        )
        for heading, end in zip(headings, ends, strict=True)
    ]


def version(source: str) -> str:
    """Return what `__version__` is set to in the text of a module."""
    (value,) = (
        statement.value.value
        for statement in ast.parse(source).body
        if isinstance(statement, ast.Assign)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.targets[0], ast.Name)
        and statement.targets[0].id == "__version__"
    )
    return str(value)


def objection(tag: str, package: str, changelog: str) -> str | None:
    """Return why a tag must not be published, with what to do; None if it may."""
    if tag != f"v{package}":
        return f"The tag is {tag}, and __version__ is {package}: tag v{package}, or change {VERSION.name}."
    unreleased, *released = sections(changelog)
    if not released or released[0].name != package or released[0].day is None:
        return f"CHANGELOG.md has no heading `## [{package}] - DAY` below Unreleased: move its lines there."
    if unreleased.text:
        return f"CHANGELOG.md has lines under Unreleased: move them to {package}."
    return None


if __name__ == "__main__":
    sys.exit(objection(sys.argv[1], version(VERSION.read_text("utf-8")), CHANGELOG.read_text("utf-8")))

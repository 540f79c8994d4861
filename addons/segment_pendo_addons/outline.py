"""Calls and webhooks as an outline for content views: YAML, which mitmproxy can highlight.

An outline is as long as it is useful: calls, fields and findings are counted, and values are cut.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from segment_pendo.base import js_json
from segment_pendo.base.prose import many, printable, short
from segment_pendo.explain.fate import subject, verdict
from segment_pendo.explain.fields import Line, field_lines
from segment_pendo.explain.sayings import clause
from segment_pendo.explain.telling.teller import finding_line
from segment_pendo.mapping.assess import effect_of
from segment_pendo.mapping.setup import Setup
from segment_pendo.words import LEVELS, Finding, Json, Judged

__all__ = ["MOST_CALLS", "outline"]

MOST_CALLS: Final = 200
_MOST_FIELDS: Final = 30  # kept, and lost, of one call
_MOST_FINDINGS: Final = 10
_WIDTH: Final = 76
_LONGEST: Final = 60  # characters of a value
_BARE_KEY = re.compile(r"\w[\w@+/.-]*(?: [\w@+/.-]+)*")
_DATA = re.compile(r"\$\.(?:traits|properties)(?=[.\[])")
_METADATA = re.compile(r"(?:visitor|account) segmentio\.")


def outline(title: str, judged: Iterable[Judged], setup: Setup) -> str:
    """Return a title and, for each call, what becomes of it and what Pendo keeps of it; never a key.

    Where there are more than MOST_CALLS, the last line says so.
    """
    calls = iter(judged)
    lines = [f"# {printable(title)}"]
    for call in islice(calls, MOST_CALLS):
        lines += ["", *_call(call, setup)]
    if next(calls, None) is not None:
        lines += ["", f"# Only the first {MOST_CALLS} are shown."]
    return "\n".join([*lines, ""])


def _call(judged: Judged, setup: Setup) -> Iterator[str]:
    effect = effect_of(judged, setup)
    mapping = "" if judged.mapping is None else f" by {short(judged.mapping, 40)}"
    yield f"- {_key(subject(judged.call) + mapping)}: >"
    yield from textwrap.wrap(
        printable(verdict(judged, setup, effect)),
        _WIDTH,
        initial_indent="    ",
        subsequent_indent="    ",
        break_on_hyphens=False,
    )
    if judged.skipped is not None:
        yield f"  skipped: {judged.skipped.code}"
    told = [line for line in field_lines(judged, effect, setup) if _DATA.match(line.webhook or "")]
    yield from _fields("kept", [line for line in told if line.to is not None])
    yield from _fields("lost", [line for line in told if line.to is None])
    yield from _findings(judged.findings)


def _fields(name: str, lines: Sequence[Line]) -> Iterator[str]:
    if lines:
        yield f"  {name}:"
    for line in lines[:_MOST_FIELDS]:
        sent = _DATA.sub("", line.webhook or "").removeprefix(".")
        shown = _METADATA.sub("", line.to) if line.to and _METADATA.match(line.to) else sent
        because = printable(clause(line.rule)) if line.to is None else f"sent as {short(sent, 60)}"
        note = f"  # {because}" if line.to is None or shown != sent else ""
        yield f"    {_key(short(shown, 60))}: {_value(line.value)}{note}"
    if len(lines) > _MOST_FIELDS:
        yield f"    # and {len(lines) - _MOST_FIELDS} more"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield "  findings: |"
    worst = sorted(findings, key=lambda finding: LEVELS.index(finding.level))
    for finding in worst[:_MOST_FINDINGS]:
        line = finding_line(finding.level, finding.code, finding.path, finding.message)
        yield from textwrap.wrap(
            short(line, 5 * _WIDTH),
            _WIDTH,
            initial_indent="    ",
            subsequent_indent="      ",
            break_on_hyphens=False,
        )
    if len(worst) > _MOST_FINDINGS:
        yield f"    and {many(len(worst) - _MOST_FINDINGS, 'finding')} more"


def _key(words: str) -> str:
    """Return a text as the key of a YAML mapping."""
    return words if _BARE_KEY.fullmatch(words) else _quoted(printable(words))


def _value(value: Json) -> str:
    """Return a value as JSON, which is YAML too; what is cut is a text."""
    if isinstance(value, str):
        return _quoted(short(value, _LONGEST))
    words = printable(js_json.write(value).decode())
    return words if len(words) <= _LONGEST else _quoted(short(words, _LONGEST))


def _quoted(words: str) -> str:
    return js_json.write(words).decode()

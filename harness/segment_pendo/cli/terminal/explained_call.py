"""Print the explained row of a call: a sentence, where each value goes, and its findings."""

import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import click

from segment_pendo.base import js_json
from segment_pendo.base.prose import plain, printable, short
from segment_pendo.cli.failure import FOUND, Failure
from segment_pendo.cli.running import get
from segment_pendo.cli.terminal.tables import print_table, width, wrapped
from segment_pendo.explain import rows
from segment_pendo.explain.device_mode import TITLES
from segment_pendo.explain.doors import advice
from segment_pendo.explain.fate import COVERED, COVERED_WHERE_IGNORED, WHERE, WHERE_EVENTS
from segment_pendo.explain.telling.teller import finding_line
from segment_pendo.words import LEVELS, Json, JsonObject

__all__ = ["explained_row", "say_row"]

# Findings that the sentence tells in its own words.
_COVERED: Final = COVERED | {"KEY_LOWERCASED"}
_NARROW: Final = 110
_WIDEST: Final = 300
_MOST_CHANGES: Final = 5  # of a stage


def explained_row(url: str, name: str, *, compare_device: bool = False) -> JsonObject:
    """Return the explained row of a call of a running instance. Raises Failure where it has none."""
    answer = get(url, "/_/explain", {"call": name} | ({"device": "1"} if compare_device else {}))
    if (
        answer.status != 200
        or not isinstance(answer.value, dict)
        or not answer.value.keys() >= {"fate", "fields", "findings", "code"}
    ):
        is_ours = answer.status in {400, 404} and isinstance(answer.value, dict) and "error" in answer.value
        why = "" if is_ours else f" ({answer.error})"
        called = plain(name) or '""'
        message = f"{url} has no call {called}{why}; `segment-pendo calls list {url}` lists its calls."
        raise Failure(message, FOUND)
    return answer.value


def _say(text: str) -> None:
    click.echo(wrapped(text, sys.stdout))


def _place(row: Any) -> str:
    if "file" in row:
        return f"{row['file']}:{row['line']}"
    return f"line {row['line']}" if "line" in row else f"call {row['id']}"


def say_row(row: Any, style: str, *, brief: bool = False) -> str:
    """Print one row; return where to look in Pendo, which its text leaves out; '' where nowhere."""
    if style == "ndjson":
        sys.stdout.write(rows.dumps(row) + "\n")
        return ""
    if "error" in row:
        _say(f"{_place(row)}: {row['error']['code']}: {printable(row['error']['message'])}")
        return ""
    place = _place(row)
    where = next((each for each in (WHERE, WHERE_EVENTS) if row["fate"].endswith(f" {each}")), "")
    fate = row["fate"].removesuffix(f" {where}")
    _say(f"{place}: {printable(fate)}")
    if row["code"] is not None:
        how = advice(row["reason"], "cli")
        _say(f"  skipped {printable(row['code'])}" + (f". {how}" if how else ""))
    _way(row.get("stages"), row.get("mapping"))
    if not brief:
        _table(row["fields"])
        _passed_on(row.get("message"))
    device = row.get("device", {})
    for line in [
        *(device[name]["says"] for name in TITLES if device),
        *(f"Both on: {split}" for split in device.get("splits", [])),
    ]:
        _say(f"  {printable(line)}")
    for line in _findings(row, fate):
        _say(f"  {line}")
    if not brief:
        click.echo()
    return where


def _findings(row: Any, fate: str) -> Iterator[str]:
    """Yield a line for each finding, the worst first; what the sentence says is not said again."""
    is_told = row["outcome"] == "webhook" and not (
        "attempts" in row and row["attempts"][-1]["state"] != "delivered"
    )
    has_effect = row["effect"]["visitor"] or row["effect"]["account"]
    covered = _COVERED if has_effect else _COVERED | COVERED_WHERE_IGNORED
    for finding in sorted(row["findings"], key=lambda finding: LEVELS.index(finding["level"])):
        code, path = finding["code"], finding["path"]
        if f"; {code} at " in fate:
            continue
        if is_told and code in covered:
            yield f"{finding['level']} {code} at {printable(path)}"
        else:
            yield finding_line(finding["level"], code, path, finding["message"])


def _way(stages: Json, mapping: str | None) -> None:
    """Print the stages after ingest, where one of them changed something or there are several mappings."""
    after = [stage for stage in stages if isinstance(stage, dict)][1:] if isinstance(stages, list) else []
    if mapping is None and not any(stage["changes"] for stage in after):
        return
    _say(f"  {printable(' > '.join(map(_stage, after)))}")


def _stage(stage: JsonObject) -> str:
    name, changes = str(stage["stage"]), stage["changes"]
    listed = [change for change in changes if isinstance(change, dict)] if isinstance(changes, list) else []
    said = [_change(change) for change in listed[:_MOST_CHANGES]]
    if len(listed) > _MOST_CHANGES:
        said.append(f"{len(listed) - _MOST_CHANGES} more")
    if name == "trigger" or (said and name in {"filters", "function", "mapping"}):
        name += f" {short(str(stage['says']), 60)}"
    return f"{name}: {', '.join(said)}" if said else name


def _change(change: JsonObject) -> str:
    path = short(str(change["path"]).removeprefix("$."), 60)
    sign = "+" if change["before"] is None else "-" if change["after"] is None else "~"
    return f"{sign}{path}"


def _passed_on(message: str | None) -> None:
    """Print a skipped call as Segment passes it on to other destinations, without its write key."""
    event = None if message is None else js_json.read(message.encode()).value
    if isinstance(event, dict):
        text = rows.dumps({name: value for name, value in event.items() if name != "writeKey"})
        click.echo(f"  Segment passes it on to other destinations as {short(text, _WIDEST)}")


def _table(fields: Json) -> None:
    lines = _rows(fields)
    shown = [line for line in lines if _is_shown(line)]
    if shown:
        _print(shown)
    lost = [line["from"] for line in lines if line["webhook"] is None]
    if lost:
        _say(f"  Lost at Segment, so not in the webhook: {_paths(lost)}.")
    unread = [line["webhook"] for line in lines if line not in shown]
    unread = [path for path in unread if path not in {None, "$.type"}]
    if unread:
        _say(f"  Also in the webhook, but nothing says that Pendo reads it: {_paths(unread)}.")


def _print(lines: list[JsonObject]) -> None:
    moved = any(line["webhook"] != line["from"] for line in lines)
    columns = _columns(narrow=width() < _NARROW, moved=moved)
    names = [head for head, _ in columns if head not in {"value", "because", "known from"}]
    print_table(
        [head for head, _ in columns],
        [[cell(line) for _, cell in columns] for line in lines],
        names=len(names),
    )


def _rows(fields: Json) -> list[JsonObject]:
    return [line for line in fields if isinstance(line, dict)] if isinstance(fields, list) else []


def _paths(paths: list[Json]) -> str:
    return printable(", ".join(str(path).removeprefix("$.") for path in paths))


def _is_shown(line: JsonObject) -> bool:
    """Whether the table shows a line: it goes somewhere in Pendo, or is a trait or a property."""
    path = str(line["from"] or line["webhook"])
    return line["to"] is not None or path.startswith(("$.traits", "$.properties"))


type _Column = tuple[str, Callable[[JsonObject], str]]


def _columns(*, narrow: bool, moved: bool) -> list[_Column]:
    """Return the columns for which there is room.

    The webhook has a column if something stands elsewhere in it than in the call (`moved`).
    """
    webhook: list[_Column] = [("in the webhook", _webhook)] if moved else []
    source: _Column = (
        "in the call",
        lambda line: str(line["from"] or f"(made by {line['by']})").removeprefix("$."),
    )
    to: _Column = ("in Pendo", lambda line: str(line["to"] or "nothing"))
    if narrow:
        value: _Column = ("value", lambda line: short(rows.dumps(line["value"]), 18))
        where: _Column = (
            "in Pendo",
            lambda line: (
                str(line["to"] or "nothing").replace("visitor seg", "seg").replace("account seg", "seg")
            ),
        )
        return [
            source,
            *webhook,
            where,
            value,
            ("because", lambda line: f"{_because(line)} ({line['grade']})"),
        ]
    value = ("value", lambda line: short(rows.dumps(line["value"]), 60))
    return [
        source,
        *webhook,
        to,
        value,
        ("because", _because),
        ("known from", lambda line: str(line["grade"])),
    ]


def _webhook(line: JsonObject) -> str:
    return (
        "lost"
        if line["webhook"] is None
        else "the same"
        if line["webhook"] == line["from"]
        else str(line["webhook"]).removeprefix("$.")
    )


def _because(line: JsonObject) -> str:
    name, _, says = str(line["rule"]).partition(": ")
    return str(line["rule"]) if name.startswith("assumed ") else says

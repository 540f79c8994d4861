"""`diff`: two recordings, call by call."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st
from make_fixtures import RECORDINGS

from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings import format as recording
from segment_pendo.recordings.comparing.compare import Comparison, compare
from segment_pendo.recordings.comparing.meaning import Meaning
from segment_pendo.recordings.format import Entry, header_line
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.recordings.redaction.redact import Keys, redacted
from segment_pendo.strategies import calls
from segment_pendo.words import SdkRequest

AT = datetime(2024, 5, 9, 10, 0, 1, tzinfo=UTC)
PYTHON = RECORDINGS / "segment-analytics-python.jsonl"


def entries(items: list[Any], run: str = "") -> list[Entry]:
    """A recording of one batch, without a file."""
    body = json.dumps(
        {"batch": [{"messageId": f"{run}{number}", **item} for number, item in enumerate(items)]}
    ).encode()
    request, batch = redacted(SdkRequest("POST", "/v1/batch", body=body), Keys())
    judged = assess(request, id="r", at=AT, setup=Setup()).judged
    lines = [header_line(Setup(), {"redacted": "keys"}), recording.request_line(request, batch, None)]
    lines += [recording.call_line(one, AT, (), "") for one in judged]
    return list(recording.read(lines, "r").entries)


def told(made: Comparison) -> list[tuple[str, int | None, int | None]]:
    return [
        (pair.kind, pair.old.place if pair.old else None, pair.new.place if pair.new else None)
        for pair in made.pairs
    ]


def user(name: str, **traits: Any) -> dict[str, Any]:
    return {"type": "identify", "userId": name, "traits": traits}


@settings(max_examples=50)
@given(st.lists(calls(), max_size=6))
def test_another_run_of_the_same_calls_differs_in_nothing(items: list[Any]) -> None:
    made = compare(entries(items, "a"), entries(items, "b"), Meaning())
    assert (bool(made), made.same) == (False, len(items))


@settings(max_examples=50)
@given(st.permutations(range(6)))
def test_what_moved_is_the_least_that_brings_the_order_about(order: list[int]) -> None:
    items = [user(f"u-{number}") for number in range(6)]
    made = compare(entries(items), entries([items[number] for number in order]), Meaning())
    moved = {pair.old.place for pair in made.pairs if pair.kind == "moved" and pair.old}
    assert len(moved) == len(made.pairs)
    stay = [number for number in order if number not in moved]
    assert stay == sorted(stay)
    best = max(len(run) for run in _rising(order))
    assert len(stay) == best


def _rising(order: list[int]) -> list[list[int]]:
    runs: list[list[int]] = [[]]
    for number in order:
        runs += [[*run, number] for run in runs if not run or run[-1] < number]
    return runs


@pytest.mark.parametrize(
    ("old", "new", "pairs"),
    [
        ([user("a")], [user("a"), user("b")], [("added", None, 1)]),
        ([user("a"), user("b")], [user("b")], [("removed", 0, None)]),
        ([user("a", n=1)], [user("a", n=2)], [("changed", 0, 0)]),
        ([user("a", n=1), user("b")], [user("b"), user("a", n=2)], [("changed", 0, 1)]),
        ([user("a")], [user("b")], [("changed", 0, 0)]),
        ([user("a", n=1)], [user("b", n=2)], [("removed", 0, None), ("added", None, 0)]),
        ([user("a"), user("a")], [user("a")], [("removed", 1, None)]),
    ],
)
def test_added_removed_changed(old: list[Any], new: list[Any], pairs: list[Any]) -> None:
    compared = told(compare(entries(old, "x"), entries(new, "y"), Meaning()))
    assert sorted(compared, key=str) == sorted(pairs, key=str)


def test_traits_over_the_whole_recording() -> None:
    old = [user("a", plan="x", n=1, gone=True, z=None), user("b", n=2)]
    new = [user("a", Plan="x", n="1", z=5, new=[1]), user("b", n=2)]
    made = compare(entries(old), entries(new), Meaning())
    assert [(one.kind, one.name, one.detail) for one in made.traits] == [
        ("renamed", "plan", "Plan"),
        ("gone", "gone", "boolean"),
        ("new", "new", "list"),
        ("type", "n", "number -> number, text"),
    ]
    (pair,) = made.pairs
    assert ("$.traits.n", "1", '"1"') in pair.changes
    assert not any(path in {"$.messageId", "$.traits.same"} for path, _, _ in pair.changes)


def diff(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["diff", *map(str, arguments)])


def test_the_verb(tmp_path: Path) -> None:
    same = diff(PYTHON, PYTHON)
    assert (same.exit_code, same.stdout, same.stderr) == (0, "", "12 calls the same, 0 not.\n")
    changed = tmp_path / "b.jsonl"
    lines = PYTHON.read_text("utf-8").splitlines(keepends=True)
    changed.write_text(
        "".join([lines[0], lines[1], lines[2].replace('"premium"', '"`gold`"', 1), *lines[5:]]), "utf-8"
    )
    done = diff(PYTHON, changed)
    assert done.exit_code == 1
    assert (
        f'{changed}:3: identify user 97980cfea0067: changed\n    $.traits.plan: "premium" -> "`gold`"\n'
        in done.stdout
    )
    assert f"{PYTHON}:5: identify user u-hard: removed\n" in done.stdout
    assert "trait gone: identify big64 (number)\n" in done.stdout
    markdown = diff(PYTHON, changed, "--format", "markdown").stdout
    assert "- **changed** `identify user 97980cfea0067` at " in markdown
    assert '  - `$.traits.plan`: `"premium"` -> `` "`gold`" ``' in markdown
    as_json = json.loads(diff(PYTHON, changed, "--format", "json").stdout)
    assert (as_json["same"], [call["change"] for call in as_json["calls"]]) == (10, ["removed", "changed"])


def test_what_is_no_recording(tmp_path: Path) -> None:
    other = tmp_path / "x.jsonl"
    other.write_text("{}\n")
    assert diff(PYTHON, other).exit_code == 3


def test_a_recorded_over_file_differs_where_it_says_so(tmp_path: Path) -> None:
    path, before = tmp_path / "r.jsonl", tmp_path / "before.jsonl"
    for items in ([user("a"), user("b")], [user("a"), user("c", n=1)]):
        if path.exists():
            before.write_bytes(path.read_bytes())
        recorder = Recorder(path, setup=Setup())
        body = json.dumps({"batch": items}).encode()
        recorder.take(assess(SdkRequest("POST", "/v1/batch", body=body), id="r", at=AT, setup=Setup()))
        recorder.close()
    done = diff(before, path)
    assert [line.split(": ")[-1] for line in done.stdout.splitlines() if "jsonl" in line] == [
        "removed",
        "added",
    ]
    assert (recorder.done.kept, recorder.done.new, recorder.done.gone) == (1, 1, 1)

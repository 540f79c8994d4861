"""`plan infer` and `plan check` as verbs."""

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from segment_pendo.cli import main

CALLS = """\
{"type":"track","userId":"u-1","event":"Signed Up","properties":{"plan":"pro"}}
{"type":"identify","userId":"u-1","traits":{"age":4}}
"""


def invoke(*words: Any, given: str = CALLS) -> Result:
    return CliRunner().invoke(main, ["plan", *map(str, words)], input=given)


def test_what_is_inferred_fits(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    done = invoke("infer", "--out", file, "--name", "Mine")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "2 rules from 2 calls.\n")
    assert json.loads(file.read_text())["name"] == "Mine"
    done = invoke("check", file)
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "2 calls: all fit the plan.\n")


def test_what_does_not_fit_is_a_table_and_ends_with_1(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    plan = json.loads(invoke("infer", "--strict").stdout)
    file.write_text(json.dumps(plan | {"enforce": {"track": {"allowUnplannedEvents": False}}}))
    wrong = CALLS.replace('"pro"', "5").replace("age", "Age") + '{"type":"track","userId":"u","event":"x"}\n'
    done = invoke("check", file, given=wrong)
    assert done.exit_code == 1
    assert done.stderr == "3 calls: 3 do not fit the plan, 1 would be blocked.\n"
    cells = [[*filter(None, map(str.strip, line.split("  ")))] for line in done.stdout.splitlines()]
    assert [
        "stdin:1", "track", "Signed Up", "PLAN_VIOLATION",
        '$.properties.plan is number, not string, by the rule for "Signed Up".',
    ] in cells  # fmt: skip
    assert ["stdin:2", "identify", "-", "PLAN_VIOLATION"] in [line[:4] for line in cells]
    assert ["stdin:3", "track", "x", "BLOCKED_BY_PLAN"] in [line[:4] for line in cells]


def test_rows_tell_all_of_it(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    file.write_text('{"required": ["anonymousId"]}')
    done = invoke("check", file, "--format", "ndjson")
    assert done.exit_code == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["findings"][0]["path"] for row in rows] == ["$.anonymousId"] * 2
    assert [row["call"] for row in rows] == ["stdin:1", "stdin:2"]


def test_a_wrong_plan_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "plan.json"
    for text, says in (("{", "is not JSON"), ("{}", "neither rules nor a JSON Schema"), ("[" * 300, "")):
        file.write_text(text)
        done = invoke("check", file)
        assert done.exit_code == 3
        assert says in done.stderr

"""The GitHub action, its steps run as a runner runs them, with a `gh` that writes down what it is asked."""

import json
import os
import shutil
import stat
from pathlib import Path
from typing import Any

import pytest
from action_runner import Outcome, acted

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "segment-pendo"
# Knows one comment if COMMENTED is set; appends what it was asked for to ASKED.
GH = """#!/usr/bin/env python3
import json, os, sys
body = [open(word[6:]).read() for word in sys.argv if word.startswith("body=@")]
with open(os.environ["ASKED"], "a") as asked:
    print(json.dumps([sys.argv[1:], os.environ["GH_TOKEN"], *body]), file=asked)
if "--jq" in sys.argv:
    print(os.environ.get("COMMENTED", ""))
sys.exit(int(os.environ.get("REFUSED", "0")))
"""
SUITE = """
import os, sys, urllib.request, json
assert "GH_TOKEN" not in os.environ
traits = json.loads(sys.argv[1])
body = json.dumps({"type": "identify", "userId": "ann", "writeKey": "k", "traits": traits}).encode()
request = urllib.request.Request(os.environ["SEGMENT_PENDO_URL"] + "/v1/identify", body)
urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).read()
"""


class Job:
    """A repository with a suite, and a runner for its jobs."""

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder, self.wheel = folder, wheel
        (folder / "runner").mkdir()
        (folder / "bin").mkdir()
        program = folder / "bin" / "gh"
        program.write_text(GH)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        (folder / "suite.py").write_text(SUITE)
        (folder / "asked").touch()

    def run(self, traits: str, env: dict[str, str] | None = None, **inputs: str) -> Outcome:
        runner = self.folder / "runner"
        shutil.rmtree(runner / "segment-pendo", ignore_errors=True)
        (runner / "summary").write_text("")
        (runner / "output").write_text("")
        return acted(
            ACTION,
            self.folder,
            runner,
            {"run": f"python suite.py '{traits}'", "install": f"segment-pendo[proxy] @ {self.wheel.as_uri()}"}
            | {name.replace("_", "-"): value for name, value in inputs.items()},
            {"token": "token-of-the-job", "event.pull_request.number": "7"},
            PATH=f"{self.folder / 'bin'}:{os.environ['PATH']}",
            ASKED=str(self.folder / "asked"),
            **(env or {}),
        )

    def asked(self) -> list[list[Any]]:
        return [json.loads(line) for line in (self.folder / "asked").read_text().splitlines()]


@pytest.fixture
def job(tmp_path: Path, wheel: Path) -> Job:
    return Job(tmp_path, wheel)


def test_a_suite_is_recorded_explained_compared_and_commented(job: Job) -> None:
    first = job.run('{"plan": "pro"}')
    assert first.code == 0, first.printed
    folder = Path(first.used["actions/upload-artifact"]["path"])
    assert {path.name for path in folder.iterdir()} == {"calls.jsonl", "explanation.txt", "run.txt"}
    assert "delivered as visitor ann" in (folder / "explanation.txt").read_text()
    assert (job.asked(), first.summary) == ([], "")

    (job.folder / "reference.jsonl").write_bytes((folder / "calls.jsonl").read_bytes())
    same = job.run('{"plan": "pro"}', reference="reference.jsonl", fail_on_difference="true")
    assert same.code == 0, same.printed
    assert [words[0:1] for words, *_ in job.asked()] == [["api"]]  # looked for a comment; there is none

    other = job.run('{"plan": {"name": "pro"}}', reference="reference.jsonl", fail_on_difference="true")
    assert other.code == 1
    assert "::error::segment-pendo: the calls differ from reference.jsonl" in other.printed
    assert "$.traits.plan" in other.summary
    words, token, body = job.asked()[-1]
    assert words[:3] == ["api", "--silent", "repos/shop/app/issues/7/comments"]
    assert (token, body) == ("token-of-the-job", other.summary)

    again = job.run('{"plan": "free"}', {"COMMENTED": "12"}, reference="reference.jsonl")
    assert again.code == 0, again.printed
    words, _, body = job.asked()[-1]
    assert words[2:5] == ["--method", "PATCH", "repos/shop/app/issues/comments/12"]
    assert body == again.summary

    fork = job.run('{"plan": "free"}', {"REFUSED": "1"}, reference="reference.jsonl")
    assert (fork.code, "::warning::segment-pendo could not comment" in fork.printed) == (0, True)


def test_a_suite_that_fails_or_sends_nothing_or_has_findings_fails(job: Job) -> None:
    failed = job.run('not json"; exit 3 #')
    assert (failed.code, "1 of them" in failed.printed) == (1, False)
    assert "actions/upload-artifact" in failed.used
    nothing = job.run("{}", run="true")
    assert nothing.code == 1
    nested = job.run('{"plan": {"name": "pro"}}', fail_on="warning")
    assert (nested.code, "NESTED_IGNORED" in nested.printed) == (1, True)

"""Suites in other languages (tests/examples): they pass, and fail with a reason when the app is wrong."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from pages import blocks
from processes import IDENTIFY, RUN, Start, app, env_for, free_port, get

EXAMPLES = Path(__file__).parents[1] / "examples"
PAGE = "docs/other-languages.md"


class Suite(NamedTuple):
    """How a suite is run, what it says when it passes, and the change of its app that must fail it."""

    folder: str
    options: tuple[str, ...]
    command: tuple[str, ...]
    passed: str
    app: str
    right: str
    wrong: str


SUITES = [
    Suite(
        "vitest", ("--no-proxy",), ("npx", "vitest", "run"), "Tests  2 passed (2)",
        "app.cjs", "traits: { firstName, plan }", "traits: { first_name: firstName, plan }",
    ),
    Suite(
        "jest", ("--no-proxy",), ("npx", "jest", "--rootDir", "."), "Tests:       2 passed, 2 total",
        "app.cjs", "traits: { firstName, plan }", "traits: { first_name: firstName, plan }",
    ),
    Suite(
        "playwright", ("--no-proxy",), ("npx", "playwright", "test"), "1 passed",
        "playwright/app.mjs", '{ firstName, plan: "pro" }', '{ first_name: firstName, plan: "pro" }',
    ),
    Suite(
        "rspec", ("--tls-port", "0"), ("rspec", "-I", "standin", "sign_up_spec.rb"), "2 examples, 0 failures",
        "rspec/sign_up.rb", "firstName: first_name", "first_name: first_name",
    ),
]  # fmt: skip
EACH = pytest.mark.parametrize("suite", SUITES, ids=[suite.folder for suite in SUITES])


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A copy of the examples, with the packages of `npm ci --ignore-scripts` in tests/examples."""
    assert (EXAMPLES / "node_modules").is_dir(), "run `npm ci --ignore-scripts` in tests/examples"
    copy = tmp_path / "examples"
    shutil.copytree(EXAMPLES, copy, ignore=shutil.ignore_patterns("node_modules", "test-results"))
    (copy / "node_modules").symlink_to(EXAMPLES / "node_modules")
    return copy


def ran(suite: Suite, examples: Path) -> subprocess.CompletedProcess[str]:
    """The suite below a run of its own; what it printed."""
    assert shutil.which(suite.command[0]), f"{suite.command[0]} is not installed"
    environment = env_for(examples.parent) | {
        "APP_PORT": str(free_port()), "CHROMIUM": "/usr/bin/chromium", "NO_COLOR": "1",
    }  # fmt: skip
    for name in ("FORCE_COLOR", "NODE_OPTIONS"):
        environment.pop(name, None)
    return subprocess.run(
        [*RUN, *suite.options, "--", *suite.command],
        cwd=examples / suite.folder, env=environment, capture_output=True, text=True, timeout=180,
    )  # fmt: skip


@EACH
def test_a_suite_passes(suite: Suite, examples: Path) -> None:
    done = ran(suite, examples)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert suite.passed in said


@EACH
def test_a_suite_fails_and_says_why_when_the_app_sends_another_name(suite: Suite, examples: Path) -> None:
    app = examples / suite.app
    text = app.read_text("utf-8")
    assert text.count(suite.right) == 1
    app.write_text(text.replace(suite.right, suite.wrong), "utf-8")
    done = ran(suite, examples)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert suite.passed not in said
    (shown,) = [block.text for block in blocks(PAGE) if block.title == "miss"]
    for line in shown.splitlines():
        if "TIME" not in line:
            assert line.strip() in said, (line, said)


def test_pythons_sdk_keeps_the_path_in_its_host(run: Start) -> None:
    home = run("--no-proxy").home
    _, session = get(f"{home}/_/sessions", "POST", **{"X-Segment-Pendo": "1"})
    done = app(f"analytics.host = {session['url']!r}", IDENTIFY)
    assert done.returncode == 0, done.stderr
    status, answer = get(f"{home}/_/wait?session={session['id']}&trait=plan&timeout=20")
    assert (status, [row["user"] for row in answer["calls"]]) == (200, ["u-1"])

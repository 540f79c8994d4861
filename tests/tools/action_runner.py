"""Run the steps of a composite action as GitHub's runner does, as far as ours needs it."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")


class Outcome(NamedTuple):
    """The exit code of the first step that failed, what was printed, what other actions got, the summary."""

    code: int
    printed: str
    used: dict[str, dict[str, str]]
    summary: str


def acted(
    action: Path, workspace: Path, runner: Path, inputs: dict[str, str], event: dict[str, str], **env: str
) -> Outcome:
    """Run an action in a workspace; `runner` is the runner's own folder, `event` is what `github` holds."""
    form = yaml.safe_load((action / "action.yml").read_text("utf-8"))
    unknown = inputs.keys() - form["inputs"].keys()
    missing = {name for name, how in form["inputs"].items() if how.get("required")} - inputs.keys()
    assert not unknown | missing, (unknown, missing)
    known = {f"github.{name}": value for name, value in event.items()}
    for name, how in form["inputs"].items():
        known[f"inputs.{name}"] = inputs.get(name, _filled(how.get("default", ""), known))
    code, printed, used = 0, "", {}
    for step in form["runs"]["steps"]:
        if code and step.get("if") != "always()":
            continue
        if "uses" in step:
            used[step["uses"].partition("@")[0]] = {
                name: _filled(value, known) for name, value in step["with"].items()
            }
            continue
        done, outputs = _ran(step, action, workspace, runner, known, env)
        printed += done.stdout
        code = code or done.returncode
        known |= {f"steps.{step['id']}.outputs.{name}": value for name, value in outputs.items()}
    return Outcome(code, printed, used, (runner / "summary").read_text("utf-8"))


def _filled(text: str, known: dict[str, str]) -> str:
    """Return a text with its expressions evaluated; what is not there is empty, as on GitHub."""
    return _EXPRESSION.sub(lambda expression: known.get(expression[1], ""), text)


def _ran(
    step: dict[str, Any],
    action: Path,
    workspace: Path,
    runner: Path,
    known: dict[str, str],
    env: dict[str, str],
) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    output = runner / "output"
    variables = {name: _filled(value, known) for name, value in step.get("env", {}).items()}
    runners = {
        "GITHUB_ACTION_PATH": str(action),
        "GITHUB_OUTPUT": str(output),
        "GITHUB_REPOSITORY": "shop/app",
        "GITHUB_STEP_SUMMARY": str(runner / "summary"),
        "RUNNER_TEMP": str(runner),
    }
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=workspace / _filled(step.get("working-directory", "."), known),
        env=os.environ | env | runners | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=180,
    )
    lines = output.read_text("utf-8").splitlines()
    return done, dict(line.split("=", 1) for line in lines)

"""Whether Segment's and Pendo's newest code still is as our rules say: `uv run poe drift --report drift.md`.

Copies the programs of tests/oracles and tests/sdks into a folder, installs the newest packages there, runs
the tests that hold rules against them, and writes which rules changed with which package. What fails with our
own versions, too, is no drift. Ends with 0 where all is as it was, with 1 where something drifted, and with 2
where that cannot be said. Needs Node, npm, uv and what tests/sdks need.
"""

import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click
from drift_report import Change, Failure, failures, report, tests_run
from package_folders import COPIES, TESTS
from packages_installed import versions

FOLDERS: Final = ("oracles", "sdks")
# What the tests stand on, and clients of nobody's: their newest may need a newer Node.
_HELD: Final = frozenset({"axios", "edge-runtime", "esbuild", "got", "jsdom", "undici"})
_PYTHON: Final = "segment-analytics-python"
_SECONDS: Final = 1800


class CannotTellError(click.ClickException):
    """It cannot be said whether anything drifted; the text says why."""

    exit_code = 2


def followed(name: str) -> list[str]:
    """Return the packages of tests/NAME whose newest versions are of interest."""
    asked = json.loads((TESTS / name / "package.json").read_text("utf-8"))["dependencies"]
    return [package for package in asked if package not in _HELD]


def copy_programs(folder: Path) -> None:
    """Copy what the tests run into a folder that stands in the place of tests/; no packages, and no lock."""
    ignored = shutil.ignore_patterns("node_modules", "package-lock.json", "test_*.py", "__pycache__")
    for name in FOLDERS:
        shutil.copytree(TESTS / name, folder / name, ignore=ignored)


def install(folder: Path) -> None:
    """Make a folder that stands in the place of tests/, with the newest packages."""
    copy_programs(folder)
    for name in FOLDERS:
        newest = [f"{package}@latest" for package in followed(name)]
        _carried_out(
            "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *newest, at=folder / name
        )
    uv = os.environ.get("UV", "uv")
    # Without our configuration, which holds back what is newer than a date.
    target = ("--target", str(folder / "python"), "--python", sys.executable)
    _carried_out(uv, "pip", "install", "--quiet", "--no-config", "--no-deps", *target, _PYTHON, at=TESTS)


def _carried_out(*command: str, at: Path) -> None:
    try:
        done = subprocess.run(command, cwd=at, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        message = f"{command[0]} {command[1]} could not be run in {at}: {type(error).__name__}."
        raise CannotTellError(message) from None
    if done.returncode:
        message = f"{command[0]} {command[1]} failed in {at}:\n{done.stderr[-2000:]}"
        raise CannotTellError(message)


def tried(junit: Path, copies: Path | None, words: Sequence[str]) -> list[Failure]:
    """Run tests, with the packages in `copies` or with our own; return those that failed."""
    environment = os.environ | {"CI": "1"}  # the same examples both times
    environment.pop(COPIES, None)
    if copies is not None:
        environment[COPIES] = str(copies)
        paths = (str(copies / "python"), environment.get("PYTHONPATH", ""))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    command = [sys.executable, "-m", "pytest", "-m", "rules", f"--junit-xml={junit}", *words]
    try:
        done = subprocess.run(
            command, cwd=TESTS.parent, env=environment, capture_output=True, text=True, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        message = f"the tests did not end within {_SECONDS} s."
        raise CannotTellError(message) from None
    if done.returncode not in {0, 1} or not junit.exists():
        message = f"pytest ended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-1000:]}"
        raise CannotTellError(message)
    return failures(junit)


def changed(package: str, copies: Path) -> Iterator[Change]:
    """Yield what is of another version: a package, and all that it needs."""
    if package == _PYTHON:
        found = [*importlib.metadata.distributions(name=_PYTHON, path=[str(copies / "python")])]
        ours, newest = importlib.metadata.version(_PYTHON), found[0].version if found else ""
        if found and ours != newest:
            yield Change(package, ours, newest)
        return
    for name in FOLDERS:
        before = versions(TESTS / name / "node_modules", package)
        after = versions(copies / name / "node_modules", package)
        for one in after:
            if before.get(one) != after[one]:
                yield Change(one, ", ".join(sorted(before.get(one, {"-"}))), ", ".join(sorted(after[one])))


def explained(failed: Sequence[Failure], copies: Path) -> tuple[list[Change], list[Failure]]:
    """Return what changed, each with the tests that fail by it, and the failures that nothing explains.

    A test that fails is due to the packages of ours in what it is about; to what these need only where none
    of them changed.
    """
    packages = [*(package for name in FOLDERS for package in followed(name)), _PYTHON]
    changes = {
        one.name: one for package in packages for one in changed(package, copies) if one.name in packages
    }
    unexplained = []
    for failure in failed:
        within = {one.name: one for one in changed(failure.package, copies)}
        blamed = [changes[name] for name in within if name in changes]
        if not blamed:
            blamed = [changes.setdefault(name, change) for name, change in within.items()]
        for change in blamed:
            change.failed.append(failure)
        if not blamed:
            unexplained.append(failure)
    return list(changes.values()), unexplained


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--packages", type=click.Path(exists=True, file_okay=False, path_type=Path), help=(
    "A folder that stands in the place of tests/, with other packages than ours.  [default: the newest]"
))  # fmt: skip
@click.option("--report", "file", type=click.Path(dir_okay=False, path_type=Path), help="Also write it here.")
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def main(packages: Path | None, file: Path | None, words: tuple[str, ...]) -> None:
    """Say which rules changed in the newest packages. WORDS go to pytest, in the place of its folders."""
    with tempfile.TemporaryDirectory(prefix="drift-") as place:
        copies = packages or Path(place) / "tests"
        if packages is None:
            install(copies)
        junit = Path(place) / "newest.xml"
        failed = tried(junit, copies, words or ("--dist", "loadfile", *(f"tests/{name}" for name in FOLDERS)))
        tests = tests_run(junit)
        broken: list[Failure] = []
        if failed:
            # Without what stands in brackets, which a command line may read otherwise.
            again = dict.fromkeys(one.test.partition("[")[0] for one in failed)
            broken = tried(Path(place) / "ours.xml", None, ["-n", "0", *again])
        lasting = {one.test for one in broken}
        changes, unexplained = explained([one for one in failed if one.test not in lasting], copies)
    text = report(changes, tests=tests, unexplained=unexplained, broken=broken)
    click.echo(text)
    if file is not None:
        file.write_text(text, "utf-8")
    drifted = unexplained or any(change.failed for change in changes)
    sys.exit(1 if drifted else 2 if broken else 0)


if __name__ == "__main__":
    main()

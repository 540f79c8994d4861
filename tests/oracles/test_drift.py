"""The drift alarm: what changes in published code is reported with its package and its rule."""

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pytest
from drift import copy_programs
from package_folders import TESTS
from rule_probes import ACTIONS, AJV, CORE, FACADE, FORMATS, LEXER, PENDO, TRIGGERS, TSUB

ROOT = TESTS.parent
DRIFT = TESTS / "tools" / "drift.py"
PROBES = "tests/oracles/test_rules.py"
SDK = "@segment/analytics-node"
SDK_TEST = "tests/sdks/test_node.py::test_by_the_address_of_a_test"
PROBE = "test_a_rule_is_as_in_the_published_code"
NEW = "9.9.9"


class Seed(NamedTuple):
    """A change of behaviour in a file of a package, and the rule that it breaks.

    `also`: rules whose package needs this one, and that another seed of its group breaks.
    """

    rule: str
    package: str
    file: str
    was: str
    now: str
    also: tuple[str, ...] = ()


SENT, LENGTH = "dist/destinations/webhook/index.js", "dist/vocabularies/validation/limitLength.js"
NO_CASE = "`${actual}`.toUpperCase() === String(expected).toUpperCase() || actual === S"
# In a group, hardly one needs another: so most failures have one explanation.
SEEDS = (
    (
        Seed("N-3", FACADE, "lib/facade.js", "      enabled = true;", "      enabled = !!settings;"),
        Seed("D-10", TRIGGERS, "dist/cjs/validate.js", "actual === S", NO_CASE),
        Seed("D-36", TSUB, "dist/matchers.js", "chunk[0] === '^'", "chunk[0] === '!'"),
        Seed("D-107", AJV, LENGTH, "operators.GT ", "operators.GTE "),
        Seed("pendo 4.2.4", PENDO, "dist/pendo.module.js", "accountId === 'ACCOUNT-UNIQUE-ID'", "!accountId"),
    ),
    (
        Seed("W-22", ACTIONS, SENT, "payload[0]['data']", "payload.at(-1)['data']"),
        Seed("D-107", FORMATS, "dist/formats.js", "date: fmtDef(date, compareDate)", "date: /^[0-9-]{10}$/"),
    ),
    (
        Seed("D-22", CORE, "dist/cjs/mapping-kit/flatten.js", "...acc,", "...(value === null ? {} : acc),"),
        Seed("D-37", LEXER, "dist/cjs/lexer.js", "char === '-' || char === '+'", "char === '+'", ("D-22",)),
    ),
)


def linked(source: str, target: str) -> None:
    """Give a file a second name, or a copy where the folders are on two disks."""
    with suppress(OSError):
        os.link(source, target)
        return
    shutil.copy2(source, target)


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in the place of tests/, with the packages that are there."""
    folder = tmp_path_factory.mktemp("copies")
    # In folders' own directories: Node follows links to where the real ones are.
    shutil.copytree(TESTS / "oracles", folder / "oracles", copy_function=linked, symlinks=False)
    return folder


def rewritten(file: Path, was: str, now: str) -> str:
    """Replace a text in a file, not in what else has its contents; return what it was."""
    before = file.read_text("utf-8")
    assert was in before, file
    file.unlink()
    file.write_text(before.replace(was, now, 1), "utf-8")
    return before


def planted(modules: Path, seed: Seed) -> list[tuple[Path, str]]:
    """Change a package and its version; return the files and what they were."""
    package = modules / seed.package
    version = json.loads((package / "package.json").read_text("utf-8"))["version"]
    changes = (
        (seed.file, seed.was, seed.now),
        ("package.json", f'"version": "{version}"', f'"version": "{NEW}"'),
    )
    return [(package / name, rewritten(package / name, was, now)) for name, was, now in changes]


def drift(copies: Path, *words: str, **environment: str) -> tuple[int, str]:
    command = [sys.executable, str(DRIFT), "--packages", str(copies), "-n", "0", *words]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout, done.stderr
    return done.returncode, done.stdout


@pytest.mark.parametrize("seeds", SEEDS, ids=lambda seeds: "+".join(seed.package for seed in seeds))
def test_a_change_in_published_code_is_reported_with_its_package_and_rule(
    copies: Path, seeds: tuple[Seed, ...]
) -> None:
    modules = copies / "oracles" / "node_modules"
    untouched = [modules / seed.package / seed.file for seed in seeds]
    before = [change for seed in seeds for change in planted(modules, seed)]
    try:
        code, told = drift(copies, PROBES)
    finally:
        for file, text in before:
            file.unlink()
            file.write_text(text, "utf-8")
    assert code == 1, told
    rows = re.findall(rf"^\| (\S+) \| \S+ \| {NEW} \| (.*) \|$", told, re.MULTILINE)
    reported = {package: set(rules.split(", ")) for package, rules in rows}
    assert reported == {seed.package: {seed.rule, *seed.also} for seed in seeds}, told
    for file, seed in zip(untouched, seeds, strict=True):
        ours = TESTS / "oracles" / "node_modules" / seed.package / seed.file
        assert seed.was in ours.read_text("utf-8"), f"{file} was a second name of {ours}"


def test_a_change_in_an_sdk_is_reported_with_the_rules_that_its_calls_hold(tmp_path: Path) -> None:
    shutil.copytree(TESTS / "sdks", tmp_path / "sdks", copy_function=linked, symlinks=False)
    publisher = "dist/cjs/plugins/segmentio/publisher.js"
    planted(tmp_path / "sdks" / "node_modules", Seed("", SDK, publisher, "batch: events", "calls: events"))
    code, told = drift(tmp_path, SDK_TEST, "-k", "own")
    assert code == 1, told
    assert re.findall(rf"^\| {SDK} \| \S+ \| {NEW} \| (.*) \|$", told, re.MULTILINE) == [
        "one or more of I-10, I-20, I-30, I-33, I-34"
    ], told


def test_the_same_packages_are_no_drift(copies: Path) -> None:
    code, told = drift(copies, f"{PROBES}::{PROBE}", "-k", "W-20 or D-24")
    assert (code, told.splitlines()[0]) == (0, "# No drift")


def test_where_our_own_versions_fail_too_it_cannot_be_said(copies: Path, tmp_path: Path) -> None:
    code, told = drift(copies, f"{PROBES}::{PROBE}", "-k", "W-20", PATH=str(tmp_path))  # where no Node is
    assert code == 2, told
    assert told.startswith("# It cannot be said")
    assert "## Failed with our versions, too: no drift" in told


def test_the_programs_are_copied_without_packages_or_lock(tmp_path: Path) -> None:
    copy_programs(tmp_path)
    there = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*")}
    assert {"oracles/segment.cjs", "oracles/package.json", "sdks/app.py", "sdks/clients/clients.mjs"} <= there
    assert not {"oracles/node_modules", "oracles/package-lock.json", "oracles/test_rules.py"} & there


def test_each_test_that_asks_an_oracle_names_its_rules() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        "0",
        "--collect-only",
        "-q",
        "-m",
        "not rules",
        "tests/oracles",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    files = {line.partition("::")[0] for line in done.stdout.splitlines() if "::" in line}
    # These ask kept answers, this one asks none.
    mutants = {f"tests/oracles/test_{name}mutants.py" for name in ("", "filter_", "mapping_")}
    assert files == mutants | {"tests/oracles/test_drift.py", PROBES}, done.stdout

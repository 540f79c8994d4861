"""What README.md shows is what happens."""

import re
from pathlib import Path

import pytest
from pages import PLUGINS, ROOT, blocks, ran, steps, told, unpack

from segment_pendo.cli import VERBS

README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = blocks("README.md")
CONSOLE = [text for kind, _, text in BLOCKS if kind == "console"]
PAGES = [
    *("README.md", "ARCHITECTURE.md", "fixtures/README.md", "CHANGELOG.md", ".github/CONTRIBUTING.md"),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
]
TESTS = "python -m pip install uv && uv run pytest"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    unpack(BLOCKS, tmp_path)
    return tmp_path


@pytest.mark.parametrize("block", CONSOLE, ids=[steps(block)[0][0][:60] for block in CONSOLE])
def test_a_session_goes_as_shown(block: str, directory: Path) -> None:
    for command, output in steps(block):
        assert told(
            ran(command.replace("uv run ", ""), directory, PYTEST_ADDOPTS=PLUGINS), directory
        ) == told(output, directory), command


def test_the_two_commands_come_first_and_ci_runs_the_second() -> None:
    first = BLOCKS[0][2].splitlines()
    assert first == ["python -m pip install uv && uv run segment-pendo demo", TESTS]
    assert TESTS in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_verb_and_option_of_the_addon_is_documented() -> None:
    verbs, addon = ((ROOT / "docs" / name).read_text("utf-8") for name in ("verbs.md", "mitmproxy.md"))
    for verb in VERBS:
        assert f"segment-pendo {verb}" in verbs or f"`{verb}" in verbs, verb
    for option in (
        "record",
        "to",
        "track",
        "webhook",
        "assume",
        "destination",
        "cdn_settings",
        "segment",
        "hosts",
    ):
        assert f"segment_pendo_{option}" in addon


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", ".github/CONTRIBUTING.md"])
def test_places_that_pages_of_the_house_name_exist(page: str) -> None:
    """`serve/session`, `segment/rules.py`: a file or folder below the package, the addons or the root."""
    text = (ROOT / page).read_text("utf-8")
    bases = [ROOT / "harness" / "segment_pendo", ROOT / "addons", ROOT / "tests", ROOT]
    places = set(re.findall(r"`([a-z_]+/[a-z_/]*[a-z_](?:\.[a-z]+)?)(?:[./][A-Za-z_]+)?`", text))
    assert len(places) >= 5
    for place in sorted(places):
        found = [base / (place + end) for base in bases for end in ("", ".py")]
        assert any(path.exists() for path in found), place


def test_architecture_names_files_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    roots = [
        *(ROOT / "harness").rglob("*.py"),
        *(ROOT / "addons").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
    ]
    everything = {path.name for path in roots}
    for name in re.findall(r"\b[a-z_]+\.py\b", text):
        assert name in everything, name

"""What README.md shows is what happens."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from segment_pendo.cli import VERBS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
CONSOLE = [text for kind, _, text in BLOCKS if kind == "console"]
TESTS = "python -m pip install uv && uv run pytest"


def steps(block: str) -> list[tuple[str, str]]:
    """Command and output of each step of a session."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def told(text: str) -> str:
    """Without what differs each time: clock, ports, home directory."""
    text = re.sub(r"\b\d\d:\d\d:\d\d\.\d{3}\b", "TIME", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"\S+/segment-pendo/ca/", "STATE/", text)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for _, title, text in BLOCKS:
        if title:
            (tmp_path / title).write_text(text, "utf-8")
    return tmp_path


@pytest.mark.parametrize("block", CONSOLE, ids=[steps(block)[0][0][:60] for block in CONSOLE])
def test_a_session_goes_as_shown(block: str, directory: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_STATE_HOME": str(directory / "state"),
        "SEGMENT_PENDO_RUN_PORT": "0",  # free ports, whatever else runs here
    }
    for command, output in steps(block):
        line = command.replace("uv run ", "")
        shell = shutil.which("bash")
        done = subprocess.run([str(shell), "-c", line], cwd=directory, env=environment, stdout=-1, stderr=subprocess.STDOUT, text=True)
        assert told(done.stdout) == told(output), command


def test_the_two_commands_come_first_and_ci_runs_the_second() -> None:
    first = BLOCKS[0][2].splitlines()
    assert first == ["python -m pip install uv && uv run segment-pendo demo", TESTS]
    assert TESTS in (ROOT / ".ci" / "run").read_text("utf-8")


def test_every_verb_and_option_of_the_addon_is_documented() -> None:
    for verb in VERBS:
        assert f"segment-pendo {verb}" in README or f"`{verb}" in README, verb
    for option in ("record", "to", "track", "segment", "hosts"):
        assert f"segment_pendo_{option}" in README


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "fixtures/README.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if "://" not in target:
            assert ((ROOT / page).parent / target).exists(), target


def test_architecture_names_files_that_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    roots = [*(ROOT / "harness").rglob("*.py"), *(ROOT / "addons").rglob("*.py"), *(ROOT / "tests").glob("*.py")]
    everything = {path.name for path in roots}
    for name in re.findall(r"\b[a-z_]+\.py\b", text):
        assert name in everything, name

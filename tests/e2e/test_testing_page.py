"""What docs/testing.md shows is what happens: every block, in order."""

import re
from pathlib import Path

import pytest
import yaml
from pages import PLUGINS, ROOT, Block, blocks, ran, steps, told

PAGE = "docs/testing.md"
# The same examples each time, and no deadline: other work on the machine is no fault of the page.
OPTIONS = f"{PLUGINS} --hypothesis-profile=ci"
ACTION = ROOT / ".github" / "actions" / "segment-pendo"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all of the page happens, block after block."""
    return tmp_path_factory.mktemp("page")


@pytest.mark.parametrize(
    "block", blocks(PAGE), ids=lambda block: f"{block.kind}-{block.title or block.text.splitlines()[0]}"[:60]
)
def test_each_block(block: Block, directory: Path) -> None:
    if block.title:
        file = directory / block.title
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block.text, "utf-8")
    if block.kind == "python":
        compile(block.text, block.title, "exec")
    elif block.kind == "sh":
        install = (
            block.text.strip()
            .replace("python -m pip install", "uv pip install --dry-run --no-deps")
            .replace("/path/to/the/clone", str(ROOT))
        )
        assert "segment-pendo==0.1.0" in ran(install, ROOT)
    elif "uses: OWNER/segment-pendo" in block.text:  # tests/e2e/test_action.py runs its steps
        (job,) = yaml.safe_load(block.text)["jobs"].values()
        asked = job["steps"][-1]["with"]
        inputs = yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))["inputs"]
        assert asked.keys() <= inputs.keys()
        assert {name for name, how in inputs.items() if how.get("required")} <= asked.keys()
    elif block.kind == "yaml":
        (command,) = re.findall(r"- run: (pytest .*)", block.text)
        printed = ran(
            command,
            directory,
            CI="true",
            GITHUB_STEP_SUMMARY=str(directory / "summary.md"),
            PYTEST_ADDOPTS=OPTIONS,
        )
        assert re.search(r"^\d+ passed in", printed, re.MULTILINE), printed
        assert "segment_pendo_calls" in (directory / "report.xml").read_text()
        assert "segment-pendo: " in (directory / "summary.md").read_text()
    else:
        assert block.kind == "console"
        for command, output in steps(block.text):
            assert told(ran(command, directory, PYTEST_ADDOPTS=OPTIONS), directory) == told(
                output, directory
            ), command

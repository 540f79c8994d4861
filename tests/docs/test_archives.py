"""docs/archives.md: its sessions go as shown."""

import subprocess
import sys
from pathlib import Path

import pytest
from pages import blocks, ran, steps, told, unpack

CONSOLE = [block.text for block in blocks("docs/archives.md") if block.kind == "console"]


def test_the_sessions_go_as_shown(tmp_path: Path) -> None:
    """All in one directory: the second goes on with the files of the first."""
    for block in CONSOLE:
        for command, output in steps(block):
            assert told(ran(command, tmp_path), tmp_path) == told(output, tmp_path), command


@pytest.mark.parametrize("script", ["fold.py", "on_dask.py"])
def test_each_engine_comes_to_what_is_shown(tmp_path: Path, script: str) -> None:
    for command, _ in steps(CONSOLE[0])[:3]:
        ran(command, tmp_path)
    page = blocks("docs/archives.md")
    unpack(page, tmp_path)
    (shown,) = (block.text for block in page if block.kind == "text")
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (shown, "")

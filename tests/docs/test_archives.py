"""docs/archives.md: its sessions go as shown."""

import subprocess
import sys
from pathlib import Path

from pages import blocks, ran, steps, told

CONSOLE = [block.text for block in blocks("docs/archives.md") if block.kind == "console"]


def test_the_sessions_go_as_shown(tmp_path: Path) -> None:
    """All in one directory: the second goes on with the files of the first."""
    for block in CONSOLE:
        for command, output in steps(block):
            assert told(ran(command, tmp_path), tmp_path) == told(output, tmp_path), command


def test_the_pool_comes_to_what_is_shown(tmp_path: Path) -> None:
    for command, _ in steps(CONSOLE[0])[:3]:
        ran(command, tmp_path)
    shown = [block for block in blocks("docs/archives.md") if block.kind in {"python", "text"}]
    script, output = (block.text for block in shown[:2])
    (tmp_path / "fold.py").write_text(script)
    done = subprocess.run([sys.executable, "fold.py"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == (output, "")

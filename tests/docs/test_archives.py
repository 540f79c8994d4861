"""docs/archives.md: its sessions go as shown."""

from pathlib import Path

from pages import blocks, ran, steps, told

CONSOLE = [block.text for block in blocks("docs/archives.md") if block.kind == "console"]


def test_the_sessions_go_as_shown(tmp_path: Path) -> None:
    """All in one directory: the second goes on with the files of the first."""
    for block in CONSOLE:
        for command, output in steps(block):
            assert told(ran(command, tmp_path), tmp_path) == told(output, tmp_path), command

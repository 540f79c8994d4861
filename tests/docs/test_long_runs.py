"""docs/long-runs.md: its sessions go as shown, one after the other."""

from pathlib import Path

from pages import blocks, ran, steps, told, unpack

PAGE = blocks("docs/long-runs.md")


def test_the_sessions_go_as_shown(tmp_path: Path) -> None:
    unpack(PAGE, tmp_path)
    try:
        for block in PAGE:
            for command, output in steps(block.text) if block.kind == "console" else ():
                assert told(ran(command, tmp_path), tmp_path) == told(output, tmp_path), command
    finally:
        ran("segment-pendo stop --all", tmp_path)

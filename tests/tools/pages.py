"""Pages of documentation as tests see them: their blocks, and sessions that must go as shown."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
# One look for all: the plugins of others that stand in this environment stay out of it.
PLUGINS = "-p no:asyncio -p no:xdist -p no:syrupy -p no:inline_snapshot -p no:cacheprovider -p no:warnings"


class Block(NamedTuple):
    """A fenced block: its language, the file that it is, if it is one, and its text."""

    kind: str
    title: str
    text: str


def blocks(page: str) -> list[Block]:
    """The blocks of a page, in order."""
    text = (ROOT / page).read_text("utf-8")
    return [
        Block(*found)
        for found in re.findall(r"^```(\w+)(?: title=(\S+))?\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    ]


def unpack(page: list[Block], directory: Path) -> None:
    """Write the files that a page shows into a directory."""
    for _, title, text in page:
        if title:
            (directory / title).write_text(text, "utf-8")


def steps(block: str) -> list[tuple[str, str]]:
    """Command and output of each step of a session."""
    parts = re.split(r"^\$ (.*)\n", block, flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def told(text: str, directory: Path) -> str:
    """Without what differs each time: clock, durations, ports, directories."""
    text = text.replace(f"{directory}{os.sep}", "")
    text = re.sub(r"\b\d\d:\d\d:\d\d(\.\d{3})?\b", "TIME", text)
    text = re.sub(r"\b\d+\.\d{3} s\b", "TIME s", text)
    text = re.sub(r"\bin \d+\.\d\ds", "in TIME", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    return re.sub(r"\S+/segment-pendo/ca/", "STATE/", text)


def ran(command: str, directory: Path, **more: str) -> str:
    """What a command prints, with this environment's programs."""
    environment = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    environment.pop("CI", None)
    environment |= {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "XDG_STATE_HOME": str(directory / "state"),
        "SEGMENT_PENDO_RUN_PORT": "0",  # free ports, whatever else runs here
        **more,
    }
    shell = str(shutil.which("bash"))
    return subprocess.run(
        [shell, "-c", command], cwd=directory, env=environment, stdout=-1, stderr=subprocess.STDOUT, text=True
    ).stdout

"""What end-to-end tests start, and end."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Running, Server, Start


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.start()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Start]:
    """Start `segment-pendo run`; what is left at the end is ended."""
    started: list[Running] = []

    def start(*options: str, **environment: str) -> Running:
        directory = tmp_path / f"run{len(started)}"
        directory.mkdir()
        started.append(Running(directory, *options, **environment))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()

"""What several kinds of tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from processes import Running, Server, Start, end_all, uv

# CI runs the same examples every time; a developer's machine looks for new ones.
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50)
settings.register_profile("dev", deadline=None, max_examples=50)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write the rules that a test holds into a report of JUnit, for tests/tools/drift.py."""
    for item in items:
        for marker in item.iter_markers("rules"):
            item.user_properties += [
                ("package", marker.kwargs["of"]),
                *(("rule", one) for one in marker.args),
            ]


@pytest.fixture(scope="session", autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state directory for all tests: no run of somebody else on this machine is found, no CA used."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder


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
    end_all(one.process for one in started)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    uv("build", "--wheel", "--out-dir", str(folder), "--quiet")
    (made,) = folder.glob("*.whl")
    return made

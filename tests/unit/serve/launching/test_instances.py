"""The runs that are there: found by their files, and only as long as they are the same process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segment_pendo.serve.launching.instances import Instance, process_of, registered, running, started


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state directory of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "segment-pendo"


def of_process(pid: int, later: float = 0.0) -> Instance:
    began = started(pid)
    assert began is not None
    return Instance("http://127.0.0.1:4170", pid, began + later, hosts=["api.segment.io"])


def test_a_run_is_found_as_long_as_it_lasts(state: Path) -> None:
    ours = of_process(os.getpid())
    with registered(ours):
        assert running() == [ours]
        (file,) = (state / "runs").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
    assert running() == []
    assert list((state / "runs").iterdir()) == []


def test_a_run_that_was_killed_is_not_and_its_file_goes(state: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        killed = of_process(process.pid)
        process.kill()
    with registered(killed):
        assert running() == []
        assert list((state / "runs").iterdir()) == []


def test_another_process_with_its_number_is_not_it() -> None:
    earlier = of_process(os.getpid(), later=-60)
    with registered(earlier):
        assert process_of(earlier) is None
        assert running() == []


def test_a_file_that_nobody_can_read_is_passed_over(state: Path) -> None:
    ours = of_process(os.getpid())
    with registered(ours):
        (state / "runs" / "1.json").write_text('{"home": ')
        assert running() == [ours]


def test_without_a_state_directory_a_run_goes_on_unfound(state: Path) -> None:
    state.write_text("a file")
    with registered(of_process(os.getpid())):
        pass

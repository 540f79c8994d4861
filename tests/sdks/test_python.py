"""Segment's Python SDK, unchanged: under `run`, by its host option, and with gzip."""

import subprocess
import sys
from pathlib import Path

import pytest
from package_folders import folder
from processes import Start, all_arrived, under

pytestmark = pytest.mark.rules("I-10", "I-20", "I-30", "I-33", "I-34", of="segment-analytics-python")
HERE = folder("sdks")


def test_under_run_an_app_stays_as_it_is(tmp_path: Path) -> None:
    done, calls = under(tmp_path, sys.executable, str(HERE / "app.py"))
    assert done.returncode == 0, done.stderr
    assert len(calls) == 102
    assert "102 calls: 102 arrive whole" in done.stderr


@pytest.mark.parametrize("prefix", ["", "/", "/a/prefix"])
def test_by_its_host_option(run: Start, prefix: str) -> None:
    running = run("--no-proxy")
    done = subprocess.run(
        [sys.executable, HERE / "app.py", running.home + prefix], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    all_arrived(running)


def test_with_gzip(run: Start) -> None:
    running = run("--no-proxy")
    code = f"import segment.analytics as a; a.gzip = True; exec(open({str(HERE / 'app.py')!r}).read())"
    done = subprocess.run(
        [sys.executable, "-c", code, running.home], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    all_arrived(running)

"""`pendo probe` against a run and against `pendo`, as processes: what they assume is found."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import Start, env_for, only_loopback, until

CHOSEN = (
    "absent_traits=removed",
    "nested=dot",
    "list=text",
    "long_id=kept",
    "repeats=dropped",
    "methods=any",
)


def probed(directory: Path, url: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "segment_pendo", "pendo", "probe", "--to", url, "--output", "found.json"]
    return subprocess.run(
        line, cwd=directory, env=env_for(directory), capture_output=True, text=True, timeout=60
    )


def options(pairs: tuple[str, ...]) -> list[str]:
    return [word for pair in pairs for word in ("--assume", pair)]


@pytest.mark.parametrize("pairs", [(), CHOSEN, ("anonymous=visitor", "eventless=hidden", "answer=strict")])
def test_a_run_is_found_to_read_as_it_was_told(run: Start, tmp_path: Path, pairs: tuple[str, ...]) -> None:
    running = run("--no-proxy", "--track", *options(pairs))
    done = probed(tmp_path, running.home)
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "found.json").read_text("utf-8"))
    assert result["assume"] == [*pairs]
    if pairs:
        assert f"  {' '.join(options(pairs))}\n" in done.stdout
    only_loopback(tmp_path / "seen")


def test_the_pendo_alone_is_found_to_read_as_it_was_told(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "segment_pendo", "pendo", "--port", "0", *options(CHOSEN)]
    said = tmp_path / "said"
    with said.open("w") as err:
        child = subprocess.Popen(line, env=env_for(tmp_path), stdout=subprocess.DEVNULL, stderr=err)
    try:
        url = until(lambda: re.search(r"http://[\d.:]+", said.read_text()))[0]
        done = probed(tmp_path, url)
        assert done.returncode == 0, done.stderr
        result = json.loads((tmp_path / "found.json").read_text("utf-8"))
        assert (result["assume"], result["track"]["found"]) == ([*CHOSEN], "off")
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(20)

"""`run --strict`: the command cannot reach Segment's own hosts."""

import os
import subprocess
from pathlib import Path

from processes import RUN, env_for

PAST_THE_PROXY = """curl -s --noproxy '*' https://api.segment.io/v1/identify -d '{"userId": "u-1"}'"""


def strictly(directory: Path, *command: str) -> subprocess.CompletedProcess[str]:
    line = [*RUN, "--strict", *command]
    return subprocess.run(line, env=env_for(directory), capture_output=True, text=True, timeout=60)


def test_a_client_past_the_proxy_comes_or_is_refused(tmp_path: Path) -> None:
    done = strictly(tmp_path, "--", "sh", "-c", PAST_THE_PROXY)
    assert "Segment's hosts are this machine for the command" in done.stderr
    if os.geteuid() == 0:  # port 443 of our address is ours
        assert (done.returncode, "1 call" in done.stderr) == (0, True), done.stderr
    else:
        assert done.returncode == 7, done.stderr  # curl: the connection was refused


def test_the_commands_code_is_ours(tmp_path: Path) -> None:
    assert strictly(tmp_path, "--", "sh", "-c", "exit 3").returncode == 3


def test_it_is_for_a_command(tmp_path: Path) -> None:
    done = strictly(tmp_path)
    assert done.returncode == 2
    assert "--strict is for a command" in done.stderr

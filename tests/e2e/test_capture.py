"""`run --capture`: clients that know no proxy come, where the system allows it; elsewhere it is refused."""

import os
import subprocess
from pathlib import Path

import pytest
from processes import RUN, env_for

# Goes past the proxy, to an address that nobody has.
PAST = "exec curl -s -m 10 --noproxy '*' -k --resolve api.segment.io:443:192.0.2.7 https://api.segment.io/v1/identify"
CALL = """ -d '{"userId": "u-1"}'"""


def capturing(directory: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    line = [*RUN, "--capture", *command]
    return subprocess.run(
        line, env=env_for(directory) | environment, capture_output=True, text=True, timeout=60
    )


def test_a_client_past_the_proxy_comes_or_it_is_said_why_not(tmp_path: Path) -> None:
    done = capturing(tmp_path, "--", "sh", "-c", PAST + CALL)
    if done.returncode == 4:
        assert "connections cannot be captured on this machine: " in done.stderr
    else:
        assert (done.returncode, "1 call: 1 arrives whole" in done.stderr) == (0, True), done.stderr


def test_without_root_it_is_refused_and_the_command_never_runs(tmp_path: Path) -> None:
    sudo = tmp_path / "bin" / "sudo"
    sudo.parent.mkdir()
    sudo.write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n")
    sudo.chmod(0o755)
    path = f"{sudo.parent}{os.pathsep}{os.environ['PATH']}"
    done = capturing(tmp_path, "--", "sh", "-c", f"touch {tmp_path}/ran", PATH=path)
    assert done.returncode == 4, done.stderr
    *_, error = done.stderr.splitlines()
    assert error.startswith("Error: connections cannot be captured on this machine: ")
    assert "root by sudo without a password" in error
    assert "docs/apps.md" in error
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--capture is for a single command"),
        (("--no-proxy", "--", "true"), "--capture needs the proxy"),
        (("--strict", "--", "true"), "leave one out"),
    ],
)
def test_what_it_does_not_go_with(tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    done = capturing(tmp_path, *options)
    assert done.returncode == 2
    assert said in done.stderr

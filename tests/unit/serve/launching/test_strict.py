"""A hosts file of a command's own, in which Segment's hosts are this machine."""

import subprocess
import sys
from pathlib import Path

import pytest

from segment_pendo.serve.launching import strict

HOSTS = ["api.segment.io", "cdn.segment.com"]
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone has namespaces")
LOOK_UP = "import socket; print([socket.gethostbyname(host) for host in ('cdn.segment.com', 'localhost')])"


def test_the_command_looks_up_this_machine_and_all_else_as_before(tmp_path: Path) -> None:
    before = Path("/etc/hosts").read_bytes()
    file = strict.hosts_file(HOSTS, tmp_path)
    assert file.read_bytes().endswith(before)
    assert strict.reason(file, HOSTS[0]) == ""
    command = strict.commanded(file, HOSTS[0], [sys.executable, "-c", LOOK_UP])
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert done.stdout == f"['{strict.ADDRESS}', '127.0.0.1']\n", done.stderr
    assert Path("/etc/hosts").read_bytes() == before


def test_its_exit_code_is_the_commands(tmp_path: Path) -> None:
    command = strict.commanded(strict.hosts_file(HOSTS, tmp_path), HOSTS[0], ["/bin/sh", "-c", "exit 3"])
    assert subprocess.run(command, timeout=30).returncode == 3


def test_where_look_ups_do_not_heed_the_file_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.9 api.segment.io\n")
    heeded, gone = (strict.reason(tmp_path / name, "api.segment.io") for name in ("hosts", "none"))
    assert heeded == "look-ups of this machine do not heed /etc/hosts"
    assert gone == "the system refuses it: No such file or directory"

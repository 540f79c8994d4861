"""Python's start-up hook, in a Python of its own: what it changes, and that nothing else notices."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segment_pendo.serve.launching.launcher import START_UP

HOOKED = {"SEGMENT_PENDO_TUNNEL": "127.0.0.1:9", "SEGMENT_PENDO_HOSTS": "api.segment.io,cdn.segment.com"}


def python(code: str, *folders: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program under the hook, with folders of its own in PYTHONPATH."""
    paths = os.pathsep.join(map(str, [START_UP, *folders]))
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": paths} | HOOKED | environment
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done


def test_look_ups_of_segments_hosts_and_no_others() -> None:
    code = """
import socket
def look(name, family=0):
    return sorted({found[4] for found in socket.getaddrinfo(name, 443, family, socket.SOCK_STREAM)})
print(look('API.segment.io.'), look('127.0.0.1'), socket.gethostbyname('cdn.segment.com'))
try:
    look(b'api.segment.io', socket.AF_INET6)
except socket.gaierror:
    print('no IPv6')
"""
    seen = "[('127.83.69.1', 443)] [('127.0.0.1', 443)] 127.83.69.2\nno IPv6\n"
    assert python(code).stdout == seen


def test_connections_go_to_the_tunnel_by_name_and_by_stand_in() -> None:
    code = """
import os, socket
listening = socket.create_server(('127.0.0.1', 0))
os.environ['SEGMENT_PENDO_TUNNEL'] = '127.0.0.1:%d' % listening.getsockname()[1]
import importlib.util
spec = importlib.util.spec_from_file_location('hook', os.environ['HOOK'])
hook = importlib.util.module_from_spec(spec)
spec.loader.exec_module(hook)
hook.install(os.environ)
for address in (('api.segment.io', 443), ('127.83.69.2', 80)):
    made = socket.socket()
    made.connect(address)
    print(made.getpeername() == listening.getsockname())
six = socket.socket(socket.AF_INET6)
print(six.connect_ex(('::ffff:127.83.69.1', 443, 0, 0)))
"""
    done = python(code, SEGMENT_PENDO_TUNNEL="", HOOK=str(START_UP / "segment_pendo_hook.py"))
    assert done.stdout.split() == ["True", "True", "0"]


def test_nothing_is_imported_for_a_program_that_does_not() -> None:
    code = "import sys; print(sorted({'socket', 'ssl', 'typing', 'asyncio'} & set(sys.modules)))"
    assert python(code).stdout == "[]\n"


def test_the_start_up_that_ours_hides_runs_and_ours_is_gone(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("NAME = 'theirs'\nprint(NAME)\n")
    code = "import sys, sitecustomize; print(sitecustomize.NAME, sys.path[1])"
    assert python(code, tmp_path).stdout == f"theirs\ntheirs {tmp_path}\n"


def test_without_another_start_up_nothing_is_said() -> None:
    done = python("import sys; print(any('launching/python' in entry for entry in sys.path))")
    assert (done.stdout, done.stderr) == ("False\n", "")


@pytest.mark.parametrize("error", ["import not_there_at_all", "1 / 0"])
def test_what_fails_in_theirs_is_told_as_without_us(tmp_path: Path, error: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(error)
    by_itself = {"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path)}
    alone = subprocess.run(
        [sys.executable, "-c", ""], env=by_itself, capture_output=True, text=True, timeout=30
    )
    assert alone.stderr != ""
    assert python("", tmp_path).stderr == alone.stderr


def test_a_hook_that_cannot_be_installed_says_so_once_and_the_program_goes_on() -> None:
    done = python("print('on')", SEGMENT_PENDO_TUNNEL="nowhere")
    assert done.stdout == "on\n"
    assert done.stderr.count("segment-pendo: this Python's connections could not be re-pointed") == 1


def test_an_old_python_only_reads_it() -> None:
    text = (START_UP / "sitecustomize.py").read_text("ascii")
    assert compile(text, "sitecustomize.py", "exec", dont_inherit=True)
    assert not any(word in text for word in (" -> ", ": str", 'f"', ":="))

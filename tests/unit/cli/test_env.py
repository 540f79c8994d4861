"""`env`: variables as shells, files and programs read them; which run the verbs for long runs are about."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.cli import main
from segment_pendo.cli.run.detached import without_detach
from segment_pendo.cli.verbs.env import written
from segment_pendo.serve.launching.instances import Instance, registered, started

NASTY = {"A": 'it\'s "two" $words `x` \\ ü', "B": "", "C": "http://127.0.0.1:4170", "D": "-"}


def test_a_shell_reads_what_was_written() -> None:
    script = written(NASTY, "shell") + "env -0"
    done = subprocess.run(["sh", "-c", script], capture_output=True, check=True)
    told = dict(entry.split("=", 1) for entry in done.stdout.decode().split("\0") if entry)
    assert {name: told[name] for name in NASTY} == NASTY


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), st.text()))
def test_a_program_reads_what_was_written(variables: dict[str, str]) -> None:
    assert json.loads(written(variables, "json")) == variables


def test_each_other_form_quotes_as_its_readers_do() -> None:
    assert written({"A": "a'b c"}, "fish") == "set -gx A 'a\\'b c'\n"
    assert written({"A": "a'b c"}, "powershell") == "$env:A = 'a''b c'\n"
    dotenv = written({"A": "/x/y", "B": "a b", "C": "a'b", "D": '--require "/a b"'}, "dotenv")
    assert dotenv == "A=/x/y\nB='a b'\nC=\"a'b\"\nD='--require \"/a b\"'\n"


def test_the_flag_goes_and_what_belongs_to_the_command_stays() -> None:
    given = ["run", "--detach", "--port", "0", "--", "x", "--detach"]
    assert without_detach(given) == ["run", "--port", "0", "--", "x", "--detach"]
    assert without_detach(["run", "--detach"]) == ["run"]


# --- which run ---


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("SEGMENT_PENDO_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def instance(port: int, directory: Path) -> Instance:
    """This very process as a run. The number in the name of its file is all that tells two of them apart."""
    began = started(os.getpid()) or 0.0
    return Instance(f"http://127.0.0.1:{port}", os.getpid(), began, hosts=["h"], directory=str(directory))


def test_without_a_run_the_way_to_one_is_told(folder: Path) -> None:
    for verb in (["env"], ["stop"], ["attach", "--", "true"], ["env", "--url", "http://127.0.0.1:1"]):
        done = invoke(*verb)
        assert (done.exit_code, "segment-pendo run --detach" in done.stderr) == (4, True), verb
    assert invoke("status").exit_code == 1
    assert "no run was started with" in invoke("logs").stderr


def test_the_only_run_is_meant_or_the_one_that_is_named(folder: Path) -> None:
    with registered(instance(1, folder)):
        assert "SEGMENT_PENDO_URL=http://127.0.0.1:1\n" in invoke("env", "--format", "dotenv").stdout
        assert invoke("env", "--url", "http://localhost:1/").exit_code == 0
        other = invoke("env", "--url", "http://127.0.0.1:2")
        assert (other.exit_code, "There are: http://127.0.0.1:1." in other.stderr) == (4, True)
        assert "it has no log" in invoke("logs").stderr


def test_of_two_runs_that_of_this_folder_is_meant(folder: Path) -> None:
    with registered(instance(1, folder)):
        file = next((folder / "state" / "segment-pendo" / "runs").iterdir())
        second = file.with_name("second.json")
        second.write_bytes(file.read_bytes().replace(b":1", b":2").replace(str(folder).encode(), b"/else"))
        assert "URL=http://127.0.0.1:1\n" in invoke("env", "--format", "dotenv").stdout
        second.write_bytes(file.read_bytes().replace(b'http://127.0.0.1:1"', b'http://127.0.0.1:2"'))
        both = invoke("env")
        assert (both.exit_code, "say which with --url" in both.stderr) == (4, True)


def test_no_secret_is_among_the_variables(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEGMENT_PENDO_API_KEY", "hush")
    with registered(instance(1, folder)):
        assert "hush" not in invoke("env").stdout

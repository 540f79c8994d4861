"""Runs in the background: started, found, used by apps, looked at, ended; several apps of one run."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from processes import RUN, env_for, get, until

from segment_pendo.serve.launching.instances import started

URLLIB = """
import json, sys, urllib.request
user = sys.argv[1]
call = json.dumps({"userId": user, "traits": {"plan": "pro"}, "writeKey": "WRITE_KEY_" + user}).encode()
print(urllib.request.urlopen("https://api.segment.io/v1/identify", call).read().decode())
"""
DIRECT = "urllib.request.build_opener(urllib.request.ProxyHandler({})).open"


class Cli:
    """The command line with a state directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.environment = env_for(directory)

    def __call__(self, *arguments: str, code: int = 0) -> str:
        line = [sys.executable, "-m", "segment_pendo", *arguments]
        done = subprocess.run(
            line, env=self.environment, cwd=self.directory, capture_output=True, text=True, timeout=90
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[Cli]:
    (tmp_path / "app.py").write_text(URLLIB)
    cli = Cli(tmp_path)
    yield cli
    cli("stop", "--all")


def test_a_detached_run_takes_the_calls_of_what_is_attached_until_it_is_stopped(cli: Cli) -> None:
    told = cli("run", "--detach", "--port", "0", "--record", "calls.jsonl")
    assert "segment-pendo attach -- CMD" in told
    (run,) = json.loads(cli("status", "--format", "json"))["runs"]
    assert (run["state"], run["calls"], run["directory"]) == ("listening", 0, str(cli.directory))
    assert psutil.Process(run["pid"]).ppid() != os.getpid(), "it is nobody's child here"
    assert '{"success": true}' in cli("attach", "--", sys.executable, "app.py", "ann")
    cli("attach", "--", sys.executable, "-c", "raise SystemExit(9)", code=9)
    variables = json.loads(cli("env", "--format", "json"))
    # A client that ignores proxies, with nothing but these variables.
    plain = {name: value for name, value in cli.environment.items() if name != "PYTHONPATH"}
    by_itself = URLLIB.replace(
        "urllib.request.urlopen", "urllib.request.build_opener(urllib.request.ProxyHandler({})).open"
    )
    subprocess.run([sys.executable, "-c", by_itself, "bob"], env=plain | variables, check=True, timeout=60)
    assert get(f"{run['home']}/_/wait?count=2")[0] == 200
    until(lambda: "identify  bob" in cli("logs"))
    assert "identify  ann" in cli("logs")
    assert cli("logs", "--tail", "1").count("\n") == 1
    assert "2 calls" in cli("status")
    assert f"Ended: {run['home']}" in cli("stop")
    assert started(run["pid"]) is None
    assert "No segment-pendo runs" in cli("status", code=1)
    assert "2 calls" in cli("logs"), "the log stays"
    assert (cli.directory / "calls.jsonl").exists()


def test_logs_are_followed_to_the_end_of_the_run(cli: Cli) -> None:
    cli("run", "--detach", "--port", "0", "--no-proxy")
    line = [sys.executable, "-m", "segment_pendo", "logs", "--follow"]
    with subprocess.Popen(line, env=cli.environment, cwd=cli.directory, stdout=subprocess.PIPE) as following:
        assert following.stdout is not None
        assert following.stdout.readline().startswith(b"segment-pendo ")
        cli("stop")
        assert b"0 calls" in following.stdout.read()
    assert following.returncode == 0


def test_a_run_that_cannot_listen_says_so_before_the_terminal_is_given_back(cli: Cli) -> None:
    cli("run", "--detach", "--port", "0", "--no-proxy")
    (run,) = json.loads(cli("status", "--format", "json"))["runs"]
    port = run["home"].rpartition(":")[2]
    said = cli("run", "--detach", "--port", port, "--no-proxy", code=4)
    assert "cannot be opened" in said
    assert (
        f"The segment-pendo at {run['home']} has it (process {run['pid']}, started in {cli.directory})"
        in said
    )
    assert f"`segment-pendo stop --url {run['home']}` ends it" in said
    assert len(json.loads(cli("status", "--format", "json"))["runs"]) == 1


def test_only_the_run_itself_is_stopped(cli: Cli) -> None:
    cli("run", "--detach", "--port", "0", "--no-proxy")
    (run,) = json.loads(cli("status", "--format", "json"))["runs"]
    os.kill(run["pid"], signal.SIGKILL)
    until(lambda: started(run["pid"]) is None)
    # Another process has its number now: this one, as far as the file can tell.
    file = cli.directory / "state" / "segment-pendo" / "runs" / f"{run['pid']}.json"
    file.write_text(file.read_text().replace(f'"pid":{run["pid"]}', f'"pid":{os.getpid()}'))
    assert "no segment-pendo runs" in cli("stop", code=4)
    assert not file.exists()


# --- several apps ---


def several(directory: Path, *apps: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    line = [*RUN, *options, *(word for app in apps for word in ("--app", app))]
    return subprocess.run(
        line, env=env_for(directory), cwd=directory, capture_output=True, text=True, timeout=90
    )


def test_the_calls_of_several_apps_come_and_their_lines_have_names(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(URLLIB)
    done = several(tmp_path, *(f"{name}={sys.executable} app.py {name}" for name in ("web", "api")))
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == ['api | {"success": true}', 'web | {"success": true}']
    assert "2 calls" in done.stderr
    assert "(web, api get proxy and CA by themselves)" in done.stderr


def test_calls_are_told_apart_by_the_app_whichever_way_they_come(tmp_path: Path) -> None:
    direct = URLLIB.replace("urllib.request.urlopen", DIRECT)
    (tmp_path / "web.py").write_text(URLLIB)  # by the proxy
    (tmp_path / "api.py").write_text(direct)  # ignores it: by the hook and a tunnel
    (tmp_path / "old.py").write_text(URLLIB.replace("https://", "http://"))  # in absolute form
    names = ("web", "api", "old")
    apps = [f"{name}={sys.executable} {name}.py {name}" for name in names]
    done = several(tmp_path, *apps, options=("--format", "ndjson", "--record", "calls.jsonl"))
    events = [json.loads(line) for line in done.stderr.splitlines() if line.startswith('{"event":"call"')]
    assert {event["user"]: event["source"] for event in events} == {name: name for name in names}
    assert "proxy-authorization" not in (tmp_path / "calls.jsonl").read_text().lower()
    lines = several(tmp_path, *apps).stderr
    assert "  web       identify  web" in lines


def test_an_attached_app_has_a_name_and_a_write_key_tells_others_apart(cli: Cli) -> None:
    cli("run", "--detach", "--port", "0")
    for source, user in (("web", "ann"), ("", "bob")):
        cli("attach", *(["--source", source] if source else []), "--", sys.executable, "app.py", user)
    (run,) = json.loads(cli("status", "--format", "json"))["runs"]

    def users(query: str) -> list[str]:
        return [call["user"] for call in get(f"{run['home']}/_/calls?{query}")[1]["calls"]]

    assert users("source=web") == ["ann"]
    assert users("source=****_bob") == ["bob"]
    assert users("source=nobody") == []
    assert "web       identify  ann" in cli("logs")
    assert "is no name of an app" in cli("attach", "--source", "a b", "--", "true", code=2)


def test_one_that_fails_ends_the_others_and_what_they_started(tmp_path: Path) -> None:
    waits = f"{sys.executable} -c 'import time; time.sleep(600)'"
    (tmp_path / "api.sh").write_text(f"{waits} & echo $! > pid; wait")
    (tmp_path / "web.sh").write_text("while ! test -s pid; do :; done; exit 3")
    done = several(tmp_path, "web=sh web.sh", "api=sh api.sh", options=("--no-proxy",))
    assert done.returncode == 3
    assert "web ended with exit code 3. The others are ended." in done.stderr
    assert started(int((tmp_path / "pid").read_text())) is None


def test_apps_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    waits = f"{sys.executable} -c 'import time; time.sleep(600)'"
    (tmp_path / "api.sh").write_text(f"{waits} & echo $! > pid; wait")
    line = [*RUN, "--no-proxy", "--app", "api=sh api.sh"]
    with subprocess.Popen(line, env=env_for(tmp_path), cwd=tmp_path, stderr=subprocess.DEVNULL) as run:
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip())
        run.kill()
    until(lambda: started(int((tmp_path / "pid").read_text())) is None)


@pytest.mark.parametrize(
    ("apps", "words"),
    [
        (["web"], "is not NAME="),
        (["=x"], "is not NAME="),
        (["web="], "is not NAME="),
        (["web=a 'b"], "the command of 'web' cannot be read"),
        (["web=true", "web=true"], "two apps are called 'web'"),
    ],
)
def test_what_is_no_app_is_told(tmp_path: Path, apps: list[str], words: str) -> None:
    done = several(tmp_path, *apps)
    assert (done.returncode, words in done.stderr) == (2, True), done.stderr


def test_an_app_that_is_not_there_is_told_before_anything_listens(tmp_path: Path) -> None:
    done = several(tmp_path, "web=true", "api=no-such-program")
    assert (done.returncode, "no-such-program" in done.stderr) == (8, True)
    assert "page " not in done.stderr

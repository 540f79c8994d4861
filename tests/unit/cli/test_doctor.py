"""`doctor`: what each verdict says, and a whole examination on this machine."""

import asyncio
import json
import os
import socket
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from background import background
from click.testing import CliRunner, Result
from processes import until

from segment_pendo.cli import main
from segment_pendo.cli.doctor import clients, machine, verdicts
from segment_pendo.cli.doctor.examination import examined
from segment_pendo.cli.doctor.verdicts import Asked, Check, Held
from segment_pendo.segment.hosts import INTERCEPTED
from segment_pendo.serve.client import client

HOSTS = sorted(INTERCEPTED)
HEEDING = {"HTTPS_PROXY": "http://p", "NODE_USE_ENV_PROXY": "1"}
NOW = datetime(2026, 5, 1, tzinfo=UTC)
YES, NO, UNKNOWN = (
    Asked(is_trusted=True),
    Asked(is_trusted=False, why="self-signed"),
    Asked(None, "no answer"),
)


@pytest.mark.parametrize(
    ("check", "state", "words"),
    [
        (verdicts.python((3, 13, 0), "0.1.0"), "ok", "Python 3.13.0"),
        (verdicts.python((3, 11, 9), "0.1.0"), "wrong", "needs 3.12"),
        (verdicts.mitmproxy("12.3.1", "pip install it"), "ok", "12.3.1"),
        (verdicts.mitmproxy("11.0.2", "pip install it"), "wrong", "needs 12.2"),
        (verdicts.mitmproxy(None, "pip install it"), "warning", "only the home port"),
        (verdicts.port(4170, Held(is_free=True)), "ok", "4170 is free"),
        (verdicts.port(4170, Held(is_ours=True)), "ok", "a segment-pendo runs there"),
        (verdicts.port(4171, Held(who="nginx (pid 7)")), "wrong", "nginx (pid 7) has it"),
        (verdicts.port(4171, Held()), "wrong", "another program has it"),
        (verdicts.instance("http://a:b@127.0.0.1:9", Held(is_ours=True)), "ok", "127.0.0.1:9: a segm"),
        (verdicts.instance("http://127.0.0.1:9", Held(is_free=True)), "warning", "nobody answers there"),
        (verdicts.instance("http://127.0.0.1:9", Held()), "warning", "another program answers there"),
        (verdicts.instance("http://10.0.0.9", None), "ok", "another machine, which is not asked"),
        (verdicts.instance("http://[", Held(is_free=True)), "warning", "names no URL, and"),
        (verdicts.clock(NOW, NOW - timedelta(days=1)), "ok", "2026-05-01 00:00:00"),
        (verdicts.clock(NOW, NOW + timedelta(days=2)), "wrong", "cannot be right"),
        (verdicts.clock(datetime(1970, 1, 1, tzinfo=UTC), NOW), "wrong", "cannot be right"),
        (verdicts.clock(datetime(2199, 1, 1, tzinfo=UTC), NOW), "wrong", "cannot be right"),
        (verdicts.authority_files("c", None, key="k", key_mode=None), "ok", "none yet"),
        (verdicts.authority_files("c", 0o644, key="k", key_mode=None), "wrong", "k is missing"),
        (verdicts.authority_files("c", None, key="k", key_mode=0o600), "wrong", "c is missing"),
        (verdicts.authority_files("c", 0o644, key="k", key_mode=0o640), "wrong", "mode 640"),
        (verdicts.authority_files("c", 0o644, key="k", key_mode=0o600), "ok", "c"),
        (verdicts.ca_variables({}, []), "ok", "none is set"),
        (verdicts.ca_variables({"SSL_CERT_FILE": "x"}, ["SSL_CERT_FILE"]), "wrong", "names no file"),
        (verdicts.client("curl", YES, YES, "CMD"), "ok", "it trusts the CA"),
        (verdicts.client("curl", YES, NO, "CMD"), "ok", "elsewhere it is to be told"),
        (verdicts.client("curl", NO, NO, "CMD"), "wrong", "not even under `run -- CMD` (self-signed)"),
        (verdicts.client("curl", UNKNOWN, NO, "CMD"), "warning", "could not be asked: no answer"),
        (verdicts.node_fetch("v20.1.0", YES, {}), "ok", "elsewhere it ignores HTTPS_PROXY"),
        (verdicts.node_fetch("v20.1.0", YES, {"HTTPS_PROXY": "http://p"}), "warning", "ignores HTTPS_PROXY"),
        (verdicts.node_fetch("v24.1.0", YES, {"HTTPS_PROXY": "http://p"}), "warning", "ignores HTTPS_PROXY"),
        (verdicts.python_hook(YES), "ok", "it knows no proxy"),
        (verdicts.python_hook(UNKNOWN), "warning", "does not come to us"),
        (verdicts.node_fetch("v20.1.0", UNKNOWN, {}), "wrong", "does not come to us"),
        (verdicts.node_fetch("v20.1.0", YES, HEEDING), "warning", "ignores HTTPS_PROXY"),
        (verdicts.node_fetch("v22.20.0", YES, HEEDING), "warning", "ignores HTTPS_PROXY"),
        (verdicts.node_fetch("v22.21.0", YES, HEEDING), "ok", "comes to us"),
        (verdicts.node_fetch("v24.1.0", YES, HEEDING), "ok", "comes to us"),
        (verdicts.capture(""), "ok", "can be tried here"),
        (verdicts.capture("there is no sudo"), "ok", "cannot work here: there is no sudo"),
        (verdicts.door("home", 200, "", has_visitor=True, seconds=0.01), "ok", "10 ms"),
        (verdicts.door("TLS", None, "not trusted", has_visitor=False, seconds=1), "wrong", "not trusted"),
        (verdicts.door("TLS", 200, "", has_visitor=False, seconds=1), "wrong", "no visitor"),
    ],
)
def test_a_verdict(check: Check, state: str, words: str) -> None:
    assert (check.state, words in check.said) == (state, True), check
    assert check.help or state == "ok", "what is not as it should be has a command that helps"


@pytest.mark.parametrize(
    ("mode", "facts", "state", "words"),
    [
        (0o700, {}, "ok", "for you alone"),
        (None, {}, "ok", "not there yet"),
        (0o755, {}, "wrong", "mode 755"),
        (0o700, {"is_link": True}, "wrong", "is a link"),
        (0o700, {"is_ours": False}, "wrong", "another user"),
        (None, {"refused": "No space left on device"}, "wrong", "cannot be made: No space left on device"),
        (0o700, {"refused": "Permission denied"}, "wrong", "cannot be written: Permission denied"),
    ],
)
def test_the_state_directory(mode: int | None, facts: dict[str, Any], state: str, words: str) -> None:
    known: dict[str, Any] = {"is_link": False, "is_ours": True, "refused": ""} | facts
    check = verdicts.state_directory("/a b/state", mode, **known)
    assert (check.state, words in check.said) == (state, True), check
    assert "'/a b/state'" in check.help or "/a b" not in check.help


@pytest.mark.parametrize(
    ("value", "covered"),
    [
        ("*", HOSTS[0]),
        (".io", "api.segment.io"),
        ("localhost, segment.io", "api.segment.io"),
        ("*.segment.com", "api.segment.com"),
        ("API.segment.io:443", "api.segment.io"),
    ],
)
def test_no_proxy_that_covers_segment(value: str, covered: str) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        check = verdicts.no_proxy({name: value}, HOSTS)
        assert (check.state, f"covers {covered}" in check.said) == ("warning", True), check
        assert "segment.io" not in check.help


@pytest.mark.parametrize(
    ("environment", "state", "command"),
    [
        ({}, "ok", ""),
        ({"NO_PROXY": "internal.example,10.0.0.0/8"}, "ok", ""),
        (
            {"HTTP_PROXY": "http://p:1", "no_proxy": "a.example"},
            "warning",
            "export NO_PROXY=a.example,127.0.0.1,localhost no_proxy=a.example,127.0.0.1,localhost",
        ),
        ({"https_proxy": "http://p:1", "NO_PROXY": "localhost,127.0.0.1"}, "ok", ""),
        ({"NO_PROXY": ".io,$(reboot)"}, "warning", "export NO_PROXY='$(reboot)' no_proxy='$(reboot)'"),
    ],
)
def test_no_proxy_and_this_machine(environment: dict[str, str], state: str, command: str) -> None:
    check = verdicts.no_proxy(environment, HOSTS)
    assert (check.state, check.help) == (state, command)


@pytest.mark.parametrize(
    ("environment", "states", "words"),
    [
        ({}, ["ok"], "none is set"),
        ({"HTTPS_PROXY": "http://ann:hunter2@proxy:3128/x?y"}, ["ok"], "http://proxy:3128"),
        (
            {"HTTPS_PROXY": "socks5://ann:hunter2@proxy"},
            ["wrong"],
            "not to the URL of an http",
        ),
        ({"HTTP_PROXY": "http://ann:hunter2@proxy"}, ["warning"], "`run` does not go through it"),
        ({"HTTPS_PROXY": "http://127.0.0.1:4171"}, ["warning"], "through itself"),
        (
            {"HTTPS_PROXY": "http://ann:hunter2@a:1", "https_proxy": "http://ann:hunter2@b:1"},
            ["warning", "ok"],
            "differ",
        ),
        ({"NO_PROXY": "a", "no_proxy": "b"}, ["warning", "ok"], "NO_PROXY and no_proxy differ"),
        ({"NO_PROXY": "a", "no_proxy": "a"}, ["ok"], "none is set"),
    ],
)
def test_proxy_variables_are_judged_and_no_password_is_shown(
    environment: dict[str, str], states: list[str], words: str
) -> None:
    checks = list(verdicts.proxy_variables(environment))
    assert [check.state for check in checks] == states
    assert words in checks[0].said
    assert not any(secret in str(checks) for secret in ("hunter2", "ann"))


def test_the_total() -> None:
    checks = [Check("a", "ok", ""), Check("b", "warning", ""), Check("c", "wrong", "")]
    assert verdicts.total(checks) == "3 checks: 1 ok, 1 warning, 1 wrong"
    assert verdicts.total(checks[:1]) == "1 check: 1 ok"


def test_permissions_are_read_and_not_changed(tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert machine.state_check(state).state == "ok"
    assert not state.exists()
    state.mkdir(mode=0o755)
    assert machine.state_check(state).help == f"chmod 700 {state}"
    assert state.stat().st_mode & 0o777 == 0o755
    link = tmp_path / "link"
    link.symlink_to(state)
    assert "is a link" in machine.state_check(link).said


def test_what_a_run_would_make_is_tried(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    assert machine.state_check(state).said == f"{state}, for you alone"
    (state / "runs").touch(0o600)
    assert machine.state_check(state).said == f"{state}/runs cannot be written: Not a directory"
    (state / "ca").symlink_to(tmp_path)
    assert machine.state_check(state).said == f"{state}/ca is a link, which no run follows"
    assert sorted(file.name for file in state.iterdir()) == ["ca", "runs"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder in which even root can make nothing")
def test_a_state_directory_that_cannot_be_made_is_wrong(doctor: "Doctor") -> None:
    done = doctor("--format", "json", XDG_STATE_HOME="/proc")
    (check,) = (check for check in json.loads(done.output)["checks"] if check["name"] == "state directory")
    said = "/proc/segment-pendo cannot be made: No such file or directory"
    assert (done.exit_code, check["state"], check["said"]) == (1, "wrong", said)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who holds a port")
def test_who_holds_a_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr(machine, "PROXY_PORT", taken.getsockname()[1])
        held = machine._proxy_held(Held(is_free=True))
    assert not held.is_free
    assert not held.is_ours
    assert "(pid " in held.who


@pytest.fixture
def doctor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Doctor":
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))  # Python is the only client
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return Doctor()


class Doctor:
    """A whole examination."""

    def __call__(self, *options: str, **environment: str) -> Result:
        return CliRunner().invoke(main, ["doctor", *options], env=environment)


def test_a_whole_examination_leaves_nothing_behind(doctor: Doctor, tmp_path: Path) -> None:
    done = doctor("--format", "json")
    said = json.loads(done.output)
    states = {check["name"]: check["state"] for check in said["checks"]}
    for name in ("home", "proxy", "TLS"):
        assert states[f"door: {name}"] == "ok", said
    for name in ("urllib", "requests"):
        assert states[f"trust: Python's {name}"] == "ok", said
    assert states["Python's http.client"] == "ok", said
    # Others may have the default ports here.
    wrong = {name for name, state in states.items() if state == "wrong"}
    assert wrong <= {"home port", "proxy port"}, said
    assert (done.exit_code, said["wrong"]) == (int(bool(wrong)), len(wrong))
    assert list(tmp_path.iterdir()) == [], "no state directory is made"


def test_what_is_wrong_ends_with_1_and_shows_no_secret(doctor: Doctor, tmp_path: Path) -> None:
    damaged = tmp_path / "state" / "segment-pendo" / "ca"
    damaged.mkdir(parents=True, mode=0o700)
    damaged.parent.chmod(0o700)
    for name in ("mitmproxy-ca.pem", "mitmproxy-ca-cert.pem"):
        (damaged / name).touch(0o600)
    done = doctor(HTTPS_PROXY="http://ann:hunter2@127.0.0.1:9/", SSL_CERT_FILE="/nowhere", NO_PROXY="*")
    assert done.exit_code == 1, done.output
    said = " ".join(done.output.split())
    assert "wrong CA the proxy's certificate authority" in said
    assert "ok CA " not in said.replace("CA variables", "")
    assert "-> segment-pendo ca remove" in said
    assert "SSL_CERT_FILE names no file" in said
    assert "ok door: proxy" in said
    assert "hunter2" not in done.output


def test_the_instance_that_verbs_ask_is_looked_at(doctor: Doctor) -> None:
    def said(url: str) -> Check:
        held = asyncio.run(_held(url))
        return verdicts.instance(url, held)

    for url in ("http://127.0.0.1:9", "nonsense", "http://["):
        assert said(url).state == "warning", url
    assert asyncio.run(_held("http://pendo.example:4170")) is None
    with background([web.get("/_/health", _health)]) as url:
        assert said(f"{url}/").state == "ok"
        done = doctor("--format", "json", SEGMENT_PENDO_URL=url)
    checks = {check["name"]: check["said"] for check in json.loads(done.output)["checks"]}
    assert checks["instance"].endswith("a segment-pendo runs there")


async def _health(_: web.Request) -> web.Response:
    return web.json_response({"outbox": {}, "deliveries": {}})


async def _held(url: str) -> Held | None:
    async with client() as opened:
        return await machine.instance(opened, url)


def test_a_client_that_hangs_is_killed_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "_SECONDS", 0.5)
    line = f"sleep 60 & echo $! > {tmp_path}/inner; wait"
    began = time.monotonic()
    code, asked = asyncio.run(clients._ended(("/bin/sh", "-c", line), os.environ, tmp_path))
    assert time.monotonic() - began < 20, "it is not waited for"
    assert (code, asked) == (None, Asked(None, "no answer within 0.5 s"))
    inner = Path("/proc") / (tmp_path / "inner").read_text("ascii").strip() / "stat"
    until(lambda: not inner.exists() or " Z " in inner.read_text("ascii"))


def test_a_client_that_is_not_there_or_fails_says_so(tmp_path: Path) -> None:
    def ended(*command: str) -> tuple[int | None, Asked]:
        return asyncio.run(clients._ended(command, os.environ, tmp_path))

    assert ended("/no/such/client") == (None, Asked(None, "No such file or directory"))
    assert ended("/bin/sh", "-c", "exit 3") == (3, Asked(None, "it ended with 3"))
    assert ended("/bin/sh", "-c", "echo no >&2; exit 60") == (60, Asked(is_trusted=False, why="no"))
    assert ended("/bin/sh", "-c", "echo odd >&2") == (0, Asked(is_trusted=True))


def test_without_mitmproxy_only_the_home_port_is_tried(doctor: Doctor) -> None:
    checks = asyncio.run(examined(os.environ, None, "pip install it"))
    names = [check.name for check in checks]
    assert "door: home" in names
    assert not {"door: proxy", "door: TLS", "proxy port", "CA", "trust: Python's urllib"} & set(names)

"""Verbs that ask a running instance: which one they mean, and what they say where there is none."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
import pytest
from aiohttp import web
from background import background
from click.testing import CliRunner, Result

from segment_pendo.base.hosts import HOME_URL
from segment_pendo.cli import main
from segment_pendo.serve.environment import runs_directory
from segment_pendo.serve.launching.instances import Instance, started

NOBODY = "http://127.0.0.1:9"
CALL = {"type": "identify", "userId": "ann", "traits": {"plan": "pro"}}
# Each verb, and by what its instance is named.
VERBS = [
    ("calls list", "URL"),
    ("calls show x.0", "URL"),
    ("calls wait", "URL"),
    ("tail", "URL"),
    ("why ann plan", "--url"),
    ("explain --call x.0", "--url"),
    ("send identify ann", "--url"),
    ("send track ann Bought", "--url"),
    ("state show", "--from"),
]


def invoke(words: str, url: str, *more: str) -> Result:
    return CliRunner().invoke(main, [*words.split(), *more], env={"SEGMENT_PENDO_URL": url})


@pytest.mark.parametrize(("words", "option"), VERBS)
def test_where_nobody_answers_it_is_said_how_to_start_or_name_one(words: str, option: str) -> None:
    done = invoke(words, NOBODY)
    assert "127.0.0.1:9" in done.stderr, "the variable names the instance"
    assert f"Start it with: segment-pendo run, or name another one by {option} or $SEGMENT_PENDO_URL." in (
        " ".join(done.stderr.split())
    )
    assert done.exit_code == 4


@pytest.mark.parametrize(("words", "option"), [VERBS[0], VERBS[4]])
def test_where_another_program_answers_it_is_said_how_to_name_one(words: str, option: str) -> None:
    with background([]) as url:
        done = invoke(words, url)
    assert (done.exit_code, f"Name another one by {option} or $SEGMENT_PENDO_URL." in done.stderr) == (
        4,
        True,
    )


def test_pendo_is_no_instance_to_be_named_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps(CALL))
    done = invoke(f"state compare visitor ann --to {NOBODY} --from {file}", "")
    assert (done.exit_code, "SEGMENT_PENDO_URL" in done.stderr) == (4, False)


def test_send_and_replay_go_to_the_instance_of_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps(CALL))
    paths: list[str] = []

    async def taken(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.json_response({"success": True})

    with background([web.post("/{path:.*}", taken)]) as url:
        assert invoke("send identify ann", url).exit_code == 0
        assert invoke("replay", url, str(file)).exit_code == 0
    assert paths == ["/v1/batch", "/data/segmentio/local"]


def test_replay_goes_to_no_other_machine_by_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps(CALL))
    for url, why in (
        ("https://pendo.example", "is not this machine"),
        ("http://pendo.example", "loopback only"),
    ):
        done = invoke("replay", url, str(file))
        assert (done.exit_code, "$SEGMENT_PENDO_URL" in done.stderr, why in done.stderr) == (3, True, True)


def test_a_request_that_may_have_arrived_is_not_called_unanswered() -> None:
    async def hung_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    with background([web.post("/v1/batch", hung_up)]) as url:
        done = invoke("send identify ann", url)
    assert (done.exit_code, "may have arrived" in done.stderr) == (5, True)


@pytest.mark.parametrize(
    ("status", "body", "is_other"),
    [
        (501, "<!DOCTYPE HTML><title>Error</title>", True),
        (200, "\n<html>", True),
        (404, "404 page not found\n", True),
        (404, '{"error": "there is no session of this name"}', False),
        (400, '{"success": false}', False),
        (200, '{"success": true}', False),
        (500, "", False),
    ],
)
def test_a_call_to_another_program_prints_no_page_of_it(status: int, body: str, is_other: bool) -> None:
    async def other(_request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    with background([web.post("/v1/batch", other)]) as url:
        done = invoke("send identify ann", url)
    if is_other:
        assert f"{url} is not a running segment-pendo that takes calls: " in " ".join(done.stderr.split())
        assert f"answered {status}" in done.stderr
        assert (done.exit_code, done.stdout, "<" in done.stderr) == (4, "", False)
    else:
        assert (done.exit_code, json.loads(done.stdout)["answer"]) == (status != 200, body)


# --- where nobody named one ---


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the files of runs, nothing listens at the default port."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("SEGMENT_PENDO_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    for command in _with_default(main, click.Context(main)):
        for param in command.params:
            if param.envvar == "SEGMENT_PENDO_URL" and param.default == HOME_URL:
                monkeypatch.setattr(param, "default", NOBODY)
    return runs_directory()


def _with_default(command: click.Command, context: click.Context) -> Iterator[click.Command]:
    yield command
    if not isinstance(command, click.Group):
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        assert inner is not None
        yield from _with_default(inner, context)


def register(runs: Path, name: str, home: str) -> None:
    """Have this very process found as the run at a URL, as often as there are names."""
    instance = Instance(home, os.getpid(), started(os.getpid()) or 0.0)
    (runs / f"{name}.json").write_bytes(msgspec.json.encode(instance))


def completed(*words: str) -> list[str]:
    """What zsh is told for the last of these words."""
    environment = {
        "COMP_WORDS": " ".join(["segment-pendo", *words]),
        "COMP_CWORD": str(len(words)),
        "_SEGMENT_PENDO_COMPLETE": "zsh_complete",
    }
    done = CliRunner().invoke(main, prog_name="segment-pendo", env=environment)
    return done.output.splitlines()[1::3]


def test_a_shell_completes_users_of_the_only_run(runs: Path) -> None:
    async def calls(_request: web.Request) -> web.Response:
        return web.json_response({"calls": [{"id": "r-1.0", "user": "ann"}, {"id": "r-2.0", "user": "bob"}]})

    assert completed("why", "a") == [], "there is no run"
    with background([web.get("/_/calls", calls)]) as url:
        register(runs, "a", url)
        assert completed("why", "a") == ["ann"]
        assert completed("explain", "--call", "r-2") == ["r-2.0"]
        assert completed("why", "--url", NOBODY, "a") == [], "one was named"


@pytest.mark.parametrize(("words", "_option"), VERBS)
def test_the_only_run_is_asked_where_nobody_named_one(runs: Path, words: str, _option: str) -> None:
    register(runs, "a", "http://127.0.0.1:7")
    done = CliRunner().invoke(main, words.split())
    assert done.stderr.startswith(
        f"Nothing listens at {NOBODY}: this is the segment-pendo at http://127.0.0.1:7.\n"
    )
    assert done.stderr.count("this is the segment-pendo") == 1
    assert done.exit_code == 4, "nobody is there either"
    named = CliRunner().invoke(main, words.split(), env={"SEGMENT_PENDO_URL": NOBODY})
    assert "http://127.0.0.1:7" not in named.stderr, "one was named"


@pytest.mark.parametrize(("words", "option"), VERBS)
def test_of_several_runs_one_is_to_be_named(runs: Path, words: str, option: str) -> None:
    register(runs, "a", "http://127.0.0.1:7")
    register(runs, "b", "http://127.0.0.1:8")
    done = CliRunner().invoke(main, words.split())
    said = " ".join(done.stderr.split())
    assert "2 runs of segment-pendo are there (http://127.0.0.1:7, http://127.0.0.1:8)" in said
    assert (done.exit_code, f"say which with {option} or $SEGMENT_PENDO_URL." in said) == (4, True)


def test_a_call_goes_to_the_only_run_and_the_answer_stays_alone_on_stdout(runs: Path) -> None:
    async def taken(_request: web.Request) -> web.Response:
        return web.json_response({"success": True})

    with background([web.post("/v1/batch", taken)]) as url:
        register(runs, "a", url)
        done = CliRunner().invoke(main, ["send", "identify", "ann"])
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (0, 200)

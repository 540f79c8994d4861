"""`calls`, and what a shell completes, of a running instance."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from background import background
from click.testing import CliRunner, Result

from segment_pendo.cli import main
from segment_pendo.cli.verbs.calls import newest
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.api.inspector import Inspector
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store
from segment_pendo.words import SdkRequest

CALLS = [
    {"type": "identify", "userId": "ann", "traits": {"plan": "pro", "address": {"city": "Brno"}}},
    {"type": "identify", "userId": "bob\x1b", "traits": {}},
    {"type": "group", "userId": "ann", "groupId": "acme", "traits": {"size": 5}},
    {"type": "page", "userId": "ann"},
]


class Instance(NamedTuple):
    url: str
    receipt: str


@pytest.fixture(scope="module")
def running() -> Iterator[Instance]:
    held: dict[str, Any] = {}

    def routes() -> Any:
        # Made in the thread that serves: SQLite wants it so.
        store = held["store"] = Store(None, setup=Setup())
        body = json.dumps({"batch": CALLS}).encode()
        held["receipt"] = Relay([store], setup=Setup()).receive(SdkRequest("POST", "/v1/batch", body=body))
        return Inspector(store).routes()

    def close() -> None:
        held["store"].close()

    with background(routes, close) as url:
        yield Instance(url, held["receipt"].id)


def invoke(*words: str) -> Result:
    return CliRunner().invoke(main, ["calls", *words], env={"SEGMENT_PENDO_URL": ""})


def columns(done: Result) -> list[str]:
    return [" ".join(line.split()[1:4]) for line in done.stdout.splitlines()]


def test_the_newest_calls_are_listed_the_newest_last(running: Instance) -> None:
    done = invoke("list", running.url)
    assert done.exit_code == 0, done.output
    assert columns(done) == ["identify ann wait", "identify bob\\x1b wait", "group acme ·", "page ann skip"]
    assert columns(invoke("list", running.url, "--limit", "2")) == ["group acme ·", "page ann skip"]
    assert columns(invoke("list", running.url, "--only", "trait=address")) == ["identify ann wait"]
    rows = [
        json.loads(line) for line in invoke("list", running.url, "--format", "ndjson").stdout.splitlines()
    ]
    assert [row["type"] for row in rows] == ["identify", "identify", "group", "page"]


def test_where_no_call_meets_all_conditions_it_is_said(running: Instance) -> None:
    for words in (["list"], ["list", "--format", "ndjson"]):
        done = invoke(*words, running.url, "--only", "user=anna")
        assert (done.exit_code, done.stdout, done.stderr) == (
            0,
            "",
            "No call with user=anna; nearest: user=ann.\n",
        )
    done = invoke("list", running.url, "--only", "level=error")
    assert (done.exit_code, done.stderr) == (0, "No call with level=error.\n")
    waited = invoke("wait", running.url, "--only", "trait=plann", "--timeout", "0")
    assert "0 calls with trait=plann came within 0 s, not 1; nearest: trait=plan." in waited.stderr


def test_a_terminal_shows_the_newest() -> None:
    assert newest([1, 2, 3], 3) == ([1, 2, 3], "")
    assert newest([1, 2, 3], 2) == ([2, 3], "1 earlier call meets this, too: --format ndjson prints all.")
    assert newest([1, 2, 3], 1)[1].startswith("2 earlier calls meet this, too")


def test_a_call_is_explained(running: Instance) -> None:
    done = invoke("show", f"{running.receipt}.0", running.url, "--short")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"call {running.receipt}.0: identify ann: delivered as visitor ann; 1 of 2")
    missing = invoke("show", "x.9", running.url)
    assert (missing.exit_code, "calls list" in missing.stderr) == (1, True)


def test_waiting_ends_with_6_and_what_came(running: Instance) -> None:
    done = invoke("wait", running.url, "--only", "type=page", "--timeout", "5")
    assert (done.exit_code, columns(done)) == (0, ["page ann skip"])
    late = invoke("wait", running.url, "--only", "type=page", "--count", "2", "--timeout", "0.1")
    assert (late.exit_code, columns(late)) == (6, ["page ann skip"])
    assert "1 call with type=page came within 0.1 s, not 2." in late.stderr


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["list", "--only", "usr=ann"], 2, "did you mean user=...?"),
        (["list", "--only", "level=bad"], 2, "it is one of error, warning, info"),
        (["lst"], 2, "Did you mean 'list'?"),
        (["x"], 2, "There are: list, show, wait."),
    ],
)
def test_a_miss_is_told_what_may_be_meant(running: Instance, words: list[str], code: int, says: str) -> None:
    done = invoke(*words, *([running.url] if words[0] == "list" else []))
    assert (done.exit_code, says in " ".join(done.output.split())) == (code, True), done.output


def test_where_nothing_runs_it_is_said() -> None:
    for words in (["list"], ["show", "x.0"], ["wait"]):
        done = invoke(*words, "http://127.0.0.1:9")
        assert (done.exit_code, "Start it with: segment-pendo run" in done.stderr) == (4, True), done.output


def completed(url: str, *words: str) -> list[str]:
    """What zsh is told for the last of these words."""
    environment = {
        "COMP_WORDS": " ".join(["segment-pendo", *words]),
        "COMP_CWORD": str(len(words)),
        "_SEGMENT_PENDO_COMPLETE": "zsh_complete",
        "SEGMENT_PENDO_URL": url,
    }
    done = CliRunner().invoke(main, prog_name="segment-pendo", env=environment)
    return done.output.splitlines()[1::3]


def test_ids_of_a_running_instance_are_completed(running: Instance) -> None:
    url, name = running
    assert completed(url, "calls", "show", name[:3]) == [f"{name}.{index}" for index in (3, 2, 1, 0)]
    assert completed(url, "explain", "--call", f"{name}.1") == [f"{name}.1"]
    assert completed(url, "why", "a") == ["ann"]
    assert completed(url, "why", "b") == [], "an id that no terminal takes"
    assert completed(url, "why", "--group", "a") == ["acme"]
    assert completed(url, "why", "ann", "p") == ["plan"]
    assert completed(url, "why", "--group", "acme", "s") == ["size"]


def test_where_nothing_runs_a_shell_completes_nothing() -> None:
    for url in ("http://127.0.0.1:9", "nonsense", "http://[", "http://127.0.0.1:x"):
        assert completed(url, "calls", "show", "a") == []
        assert completed(url, "why", "a") == []

"""`why`: from a file, a recording, a store and a running instance; its exit codes and its width."""

import json
from pathlib import Path
from typing import Any

import pytest
from background import background
from click.testing import CliRunner, Result

from segment_pendo.base.times import parse
from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.serve.api.inspector import Inspector
from segment_pendo.serve.store import Store
from segment_pendo.words import Attempt, CallRef, SdkRequest

CALLS: list[dict[str, Any]] = [
    {"type": "identify", "userId": "ann", "traits": {"firstName": "Ann", "plan": "pro"}},
    {"type": "group", "userId": "ann", "groupId": "acme", "traits": {"name": "Initech"}},
    {"type": "identify", "userId": "bob", "traits": {"role": "x"}},
]
RENAMED = (
    "No: firstName of ann is not in Pendo as firstName: it arrives as firstname, since Pendo lower-cases "
    "names.\n"
)


def invoke(*words: Any, **env: str) -> Result:
    return CliRunner().invoke(main, ["why", *map(str, words)], env=env)


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    file = tmp_path / "calls.jsonl"
    file.write_text("\n".join(map(json.dumps, CALLS)), "utf-8")
    return file


def receipt(name: str, *calls: Any) -> Any:
    at: Any = parse("2024-05-09T10:00:00Z")
    body = json.dumps({"batch": [*calls], "writeKey": "k" * 32}).encode()
    return assess(SdkRequest("POST", "/v1/batch", body=body), id=name, at=at, setup=Setup())


def stored(path: Path | None, state: str = "delivered") -> Store:
    """A store in which a request with all calls was taken and delivered, but for the first call."""
    store = Store(path, setup=Setup(), clock=lambda: 1715248800.0)
    taken = receipt("R", *CALLS)
    store.take(taken)
    at: Any = parse("2024-05-09T10:00:01Z")
    for index in range(3):
        attempt = Attempt(1, at, 200, "", "delivered")
        if index == 0 and state != "delivered":
            attempt = Attempt(1, at, 403, "Pendo answered 403", "dead")
        store.outbox.attempted(CallRef("R", index), attempt)
    return store


def test_of_a_file(calls: Path) -> None:
    no = invoke("ann", "firstName", "--from", calls)
    assert (no.exit_code, no.stdout.startswith(RENAMED)) == (1, True)
    yes = invoke("ann", "plan", "--from", calls)
    assert (yes.exit_code, yes.stdout.splitlines()[0]) == (0, 'Yes: plan of ann is in Pendo: "pro".')
    account = invoke("--group", "acme", "name", "--from", calls)
    assert (account.exit_code, account.stdout.splitlines()[0]) == (
        0,
        'Yes: name of account acme is in Pendo: "Initech".',
    )
    assert invoke("ann", "--from", calls).exit_code == 0
    never = invoke("anne", "--from", calls)
    assert (never.exit_code, never.stdout) == (1, "No: no call names anne. The nearest user is ann.\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"type": "identify", "userId": "ann", ', "broken.json:1: This is not JSON: "),
        ('{\n "type": "identify",\n "userId"', "broken.json:1: This is not JSON: "),
        ('{"type": "identify", "userId": "ann"}\n{"x\n{"y\n', "has 1 call beside 2 damaged values;"),
    ],
    ids=["cut", "indented", "mostly"],
)
def test_a_damaged_file_is_no_answer(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "broken.json"
    file.write_text(text, "utf-8")
    done = invoke("ann", "--from", file)
    assert (done.exit_code, done.stdout) == (3, "")
    assert said in " ".join(done.stderr.split())


def test_a_file_with_a_damaged_line_is_an_answer_with_a_word_about_it(calls: Path) -> None:
    calls.write_text(calls.read_text("utf-8") + '\n{"x\n', "utf-8")
    done = invoke("ann", "plan", "--from", calls)
    assert (done.stdout[:4], "1 value is not a call (of 4)" in done.stderr) == ("Yes:", True)


def test_of_stdin(calls: Path) -> None:
    done = CliRunner().invoke(main, ["why", "ann", "plan", "--from", "-"], input=calls.read_bytes())
    assert (done.exit_code, done.stdout.splitlines()[0]) == (0, 'Yes: plan of ann is in Pendo: "pro".')


def test_json(calls: Path) -> None:
    row = json.loads(invoke("ann", "firstName", "--from", calls, "--format", "json").stdout)
    assert (row["kind"], row["id"], row["trait"], row["there"], row["reason"]) == (
        "visitor", "ann", "firstName", False, "renamed",
    )  # fmt: skip
    assert row["sent"]["same"]["last"][0]["to"] == "firstname"
    assert row["lines"][0]["label"] == "sent"


def test_of_a_recording(tmp_path: Path) -> None:
    path = tmp_path / "recording.jsonl"
    recorder = Recorder(path, setup=Setup())
    recorder.take(receipt("R", *CALLS))
    recorder.close()
    done = invoke("ann", "plan", "--from", path)
    assert (done.exit_code, done.stdout.splitlines()[1].split(", ")[2]) == (0, "line 3")


def test_of_a_store(tmp_path: Path) -> None:
    path = tmp_path / "run.sqlite3"
    stored(path, "dead").close()
    lost = invoke("ann", "plan", "--store", path)
    assert (lost.exit_code, lost.stdout.splitlines()[0]) == (
        1,
        "No: plan of ann was sent, but not delivered (dead): Pendo answered 403.",
    )
    there = invoke("bob", "role", "--store", path)
    assert (there.exit_code, "by identify, call R.2" in there.stdout) == (0, True)
    assert "1 other user has it: bob" in invoke("ann", "role", "--store", path).stdout
    assert "The nearest user is bob" in invoke("bobb", "--store", path).stdout
    assert invoke("ann", "--store", tmp_path / "none").exit_code == 3


def test_of_a_running_instance() -> None:
    with background(lambda: Inspector(stored(None)).routes()) as url:
        found = invoke("ann", "firstName", SEGMENT_PENDO_URL=url)
        for done in (invoke("ann", "firstName", "--url", url), found):
            assert (done.exit_code, done.stdout.startswith(RENAMED)) == (1, True)
        assert invoke("ann", "plan", "--url", url).exit_code == 0
        assert invoke("x" * 7000, "--url", url).exit_code == 2


def test_nobody_runs_there() -> None:
    done = invoke("ann", "--url", "http://127.0.0.1:9")
    assert done.exit_code == 4
    assert "segment-pendo run" in done.stderr


def test_usage(calls: Path, tmp_path: Path) -> None:
    cases: list[tuple[list[Any], str]] = [
        ([], "USER is missing"),
        (["a", "b", "c"], "--from FILE"),
        (["a", "b", "--group", "g"], "--group names the account"),
        (["a", "--from", calls, "--store", tmp_path / "s"], "--from and --store name two sources"),
        (["a", "--url", "http://127.0.0.1:9", "--assume", "nested=dot"], "cannot change what"),
        (["a", "--from", tmp_path / "none"], "does not exist"),
    ]
    for words, said in cases:
        done = invoke(*words)
        assert (done.exit_code, said in done.stderr.replace("\n", " ")) == (2, True), (words, done.stderr)


def test_an_assumption_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    file.write_text(json.dumps(CALLS[0] | {"traits": {"a": {"b": 1}}}))
    assert invoke("ann", "a_b", "--from", file).exit_code == 1
    assert invoke("ann", "a_b", "--from", file, "--assume", "nested=underscore").exit_code == 0


@pytest.mark.parametrize("columns", [40, 60, 80, 375])
def test_no_line_is_wider_than_the_terminal(
    calls: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("segment_pendo.cli.terminal.tables.width", lambda: columns)
    for words in (["ann", "firstName"], ["ann"], ["y" * 300, "z" * 300]):
        for line in invoke(*words, "--from", calls).stdout.splitlines():
            assert len(line) <= columns
            assert line == line.rstrip()


def test_words_of_a_shell_that_are_no_text(calls: Path) -> None:
    done = invoke("\udcff\x1b[31m", "\udcfe", "--from", calls)
    assert done.exit_code == 1
    assert "\x1b" not in done.stdout

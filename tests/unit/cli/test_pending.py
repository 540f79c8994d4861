"""`pending` and `store` as verbs: what they print, change, refuse, and with which exit code."""

import json
import os
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from other_version import kept_by_another_version

from segment_pendo.cli import main
from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.store import Database, Store
from segment_pendo.words import Attempt, CallRef, SdkRequest

AT = datetime(2024, 5, 9, 10, 0, 1, 123000, tzinfo=UTC)
KEY = "WRITE_KEY_OF_THE_APP_0123"
CALLS = [
    {"type": "identify", "userId": "a\x1b[2J", "traits": {"plan": "pro"}},
    {"type": "group", "userId": "b", "groupId": "acme"},
    {"type": "page", "userId": "b"},
]
DEAD = Attempt(
    1, AT, 403, "eu.test answered 403; Segment would not try again", "dead", 0.0125,
    (("Set-Cookie", "session=secret"), ("X-Note", "a\x1bb")), b"no\x07 \xff",
)  # fmt: skip


def invoke(*words: Any, given: str = "") -> Result:
    return CliRunner().invoke(main, [*map(str, words)], input=given)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store: r-1.0 dead, r-1.1 waiting, for eu.test; r-2.0 delivered, r-2.1 waiting."""
    path = tmp_path / "store.sqlite3"
    body = json.dumps({"batch": CALLS, "writeKey": KEY}).encode()
    with closing(
        Store(path, setup=Setup(secret="s3cret"), destination="eu.test", fingerprint="f1ng3r")
    ) as store:
        for name in ("r-1", "r-2"):
            request = SdkRequest("POST", "/v1/batch", body=body)
            store.take(assess(request, id=name, at=AT, setup=Setup(secret="s3cret")))
        store.outbox.attempted(CallRef("r-1", 0), DEAD)
        store.outbox.attempted(CallRef("r-2", 0), Attempt(1, AT, 200, "", "delivered"))
    return path


@pytest.fixture
def is_used(file: Path) -> Any:
    """The store is used by a run, as this process."""
    with closing(Database(file)) as database:
        yield database


def test_list_counts_first_and_names_no_key(file: Path) -> None:
    done = invoke("pending", "list", "--store", file)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "3 webhooks not delivered: 1 dead for eu.test, 2 waiting for eu.test"
    assert lines[1].split() == (
        ["id", "accepted", "type", "user", "destination", "state", "attempts", "last", "answer"]
    )
    assert lines[3].split("   ")[0].split() == ["r-1.0"]
    assert [line.split()[0] for line in lines[3:]] == ["r-1.0", "r-1.1", "r-2.1"]
    assert "2024-05-09T10:00:01.123Z   identify   a\\x1b[2J" in lines[3]
    assert lines[3].rstrip().endswith("dead      1          eu.test answered 403")
    assert lines[4].rstrip().endswith("waiting   0          -")
    for secret in (KEY, "f1ng3r", "s3cret", "\x1b"):
        assert secret not in done.output


def test_list_is_bounded_and_tells_how_many_more(file: Path) -> None:
    done = invoke("pending", "list", "--store", file, "--limit", 1)
    assert done.stdout.splitlines()[-1] == "... and 2 more; --limit shows more."
    assert "r-1.1" not in done.stdout


def test_list_as_rows_has_the_row_of_each_call_and_its_destination(file: Path) -> None:
    done = invoke("pending", "list", "--store", file, "--format", "ndjson")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(row["id"], row["destination"], row["delivery"]["state"]) for row in rows] == [
        ("r-1.0", "eu.test", "dead"),
        ("r-1.1", "eu.test", "waiting"),
        ("r-2.1", "eu.test", "waiting"),
    ]
    assert json.loads(rows[0]["body"])["traits"] == {"plan": "pro"}
    assert done.stderr == ""


def test_nothing_pending_is_fine_and_no_store_too(tmp_path: Path, file: Path) -> None:
    missing = tmp_path / "no.sqlite3"
    done = invoke("pending", "list", "--store", missing)
    assert (done.exit_code, done.stdout) == (0, f"Nothing is pending: there is no store {missing}.\n")
    assert not missing.exists()
    assert invoke("pending", "drop", "--all", "--yes", "--store", file).exit_code == 0
    done = invoke("pending", "list", "--store", file, "--format", "ndjson")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", f"Nothing is pending in {file}.\n")


@pytest.mark.parametrize(
    "words",
    [
        "pending show r-1.0",
        "pending retry --all",
        "pending drop --all --yes",
        "pending export x.jsonl",
        "store show",
    ],
)
def test_without_a_store_the_others_end_with_3(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    done = invoke(*words.split())
    assert done.exit_code == 3
    where = tmp_path / "segment-pendo" / "store.sqlite3"
    assert done.stderr.startswith(f"Error: there is no store {where}. Name the file")
    assert not where.exists()


def test_show_has_what_was_sent_and_each_answer(file: Path) -> None:
    done = invoke("pending", "show", "r-1.0", "--store", file)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == (
        "identify a\\x1b[2J: not delivered: eu.test answered 403 at 10:00:01 UTC, Segment would not try "
        "again; Pendo has nothing of this call."
    )
    assert lines[1] == "r-1.0  accepted 2024-05-09T10:00:01.123Z  dead, for eu.test"
    body = next(line for line in lines if line.startswith("  {"))
    assert '"traits":{"plan":"pro"}' in body
    assert '"writeKey":"****0123"' in body
    assert {"  X-Signature: ****", "  Content-Type: application/json"} <= {*lines}
    at = lines.index(
        "attempt 1  2024-05-09T10:00:01.123Z  0.013 s  eu.test answered 403; Segment would not try again"
    )
    assert lines[at + 1 :] == ["    Set-Cookie: ****", "    X-Note: a\\x1bb", "    no\\x07 �"]
    for secret in (KEY, "f1ng3r", "session", "\x1b", "\x07"):
        assert secret not in done.output


def test_show_of_what_was_not_tried_says_what_would_become_of_it(file: Path) -> None:
    done = invoke("pending", "show", "r-1.1", "--store", file)
    assert done.stdout.startswith("not sent yet; if it arrives: group acme of b: delivered as account acme")
    row = json.loads(invoke("pending", "show", "r-1.0", "--store", file, "--format", "ndjson").stdout)
    assert (row["id"], row["destination"], row["attempts"][0]["status"]) == ("r-1.0", "eu.test", 403)


@pytest.mark.parametrize("verb", ["show", "retry", "drop"])
def test_an_unknown_id_ends_with_3_and_a_suggestion(verb: str, file: Path) -> None:
    before = invoke("pending", "list", "--store", file).stdout
    done = invoke("pending", verb, "r-1.7", *(["--yes"] if verb == "drop" else []), "--store", file)
    assert done.exit_code == 3
    assert f"no call r-1.7 is pending in {file}; did you mean r-1." in done.stderr
    assert invoke("pending", "list", "--store", file).stdout == before
    done = invoke("pending", verb, "r-2.0", "--store", file)
    assert (done.exit_code, done.stderr) == (3, "Error: the call r-2.0 is not pending: it is delivered.\n")


def test_retry_says_who_delivers_and_keeps_the_attempts(file: Path) -> None:
    done = invoke("pending", "retry", "r-1.0", "--store", file)
    assert done.exit_code == 0
    assert done.stderr == (
        "1 webhook waits. The next `segment-pendo run` to eu.test with the store "
        f"{file} delivers it at once.\n"
    )
    shown = invoke("pending", "show", "r-1.0", "--store", file).stdout
    assert "waiting again, for eu.test" in shown
    assert "attempt 1  " in shown
    assert "3 waiting for eu.test" in invoke("pending", "list", "--store", file).stdout
    assert invoke("pending", "retry", "--all", "--store", file).stderr.startswith("3 webhooks wait. ")


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_ids_or_all_and_not_both(verb: str, file: Path) -> None:
    for words in ([], ["--all", "r-1.0"]):
        done = invoke("pending", verb, *words, "--store", file)
        assert done.exit_code == 2
        assert "give the IDs of webhooks, or --all" in done.stderr


def test_drop_forgets_only_where_it_is_meant(file: Path) -> None:
    done = invoke("pending", "drop", "r-1.0", "--store", file)
    assert done.exit_code == 7
    assert done.stderr == (
        "Error: Forget 1 webhook that was not delivered? Nobody can be asked here: give --yes if it is meant "
        "to be.\n"
    )
    assert "3 webhooks" in invoke("pending", "list", "--store", file).stdout
    done = invoke("pending", "drop", "r-1.0", "--yes", "--store", file)
    assert (done.exit_code, done.stderr) == (0, "1 webhook forgotten.\n")
    assert "r-1.0" not in invoke("pending", "list", "--store", file).stdout


def test_export_is_a_recording_of_these_calls(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "calls.jsonl"
    done = invoke("pending", "export", out, "--store", file)
    assert done.exit_code == 0
    assert done.stderr == f"3 webhooks written to {out}; `segment-pendo replay {out}` sends them.\n"
    assert KEY not in out.read_text()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600 or os.name == "nt"
    users = [json.loads(line)["user"] for line in invoke("map", out).stdout.splitlines()]
    assert users == ["a\x1b[2J", "b", "b"]
    assert invoke("check", out).exit_code == 0
    done = invoke("pending", "export", out, "r-1.0", "--store", file)
    assert (done.exit_code, done.stderr) == (3, f"Error: {out} exists already; give another file.\n")


def test_export_of_nothing_writes_nothing(file: Path, tmp_path: Path) -> None:
    invoke("pending", "drop", "--all", "--yes", "--store", file)
    done = invoke("pending", "export", tmp_path / "x.jsonl", "--store", file)
    assert (done.exit_code, done.stderr) == (0, "Nothing is pending, so nothing was written.\n")
    assert not (tmp_path / "x.jsonl").exists()


def test_what_another_version_kept_is_told(file: Path, tmp_path: Path) -> None:
    with closing(Database(file)) as database:
        kept_by_another_version(database, "r-1")
    assert "3 webhooks" in invoke("pending", "list", "--store", file).stdout
    said = "Left out: 2 webhooks that another version of segment-pendo kept in a way that is unknown here.\n"
    assert invoke("pending", "list", "--store", file, "--format", "ndjson").stderr == said
    assert invoke("pending", "export", tmp_path / "x.jsonl", "--store", file).stderr.startswith(said)
    assert invoke("pending", "show", "r-1.0", "--store", file).exit_code == 3


@pytest.mark.usefixtures("is_used")
def test_while_a_run_uses_it_the_store_is_read_and_not_changed(file: Path, tmp_path: Path) -> None:
    for words in (
        "pending list",
        "pending show r-1.0",
        f"pending export {tmp_path / 'x.jsonl'}",
        "store show",
    ):
        assert invoke(*words.split(), "--store", file).exit_code == 0, words
    for words in ("pending retry --all", "pending drop --all --yes", "store wipe --yes"):
        done = invoke(*words.split(), "--store", file)
        assert done.exit_code == 4, words
        assert f"the store {file} is used by the process {os.getpid()}" in done.stderr


def test_store_path_and_show(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert invoke("store", "path").stdout == f"{tmp_path / 'segment-pendo' / 'store.sqlite3'}\n"
    assert invoke("store", "path", "--store", file).stdout == f"{file}\n"
    lines = invoke("store", "show", "--store", file).stdout.splitlines()
    assert lines[0] == f"{file}: 2 requests, 6 calls"
    assert [line.split() for line in lines[3:-1]] == [
        ["eu.test", "dead", "1"],
        ["eu.test", "delivered", "1"],
        ["eu.test", "waiting", "2"],
    ]
    assert lines[-1] == "0.1 MB; kept for 7 days, up to 256 MB. What is not delivered is never dropped."


def test_wipe_refuses_what_is_not_delivered_then_leaves_nothing(file: Path) -> None:
    done = invoke("store", "wipe", "--store", file)
    assert done.exit_code == 7
    assert f"{file} holds 3 webhooks not delivered, which would be lost" in done.stderr
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    done = invoke("store", "wipe", "--yes", "--store", file)
    assert (done.exit_code, done.stderr) == (0, f"Deleted {file} with 3 webhooks not delivered.\n")
    assert [*file.parent.iterdir()] == []
    done = invoke("store", "wipe", "--store", file)
    assert (done.exit_code, done.stderr) == (0, f"There is no store {file}.\n")


def test_wipe_leaves_nothing_of_a_run_that_was_killed(file: Path) -> None:
    with closing(Database(file)) as database:
        database.execute("create table x(y)")
        copies = {end: file.with_name(file.name + end).read_bytes() for end in ("", "-wal", "-shm")}
    for end, content in copies.items():
        file.with_name(file.name + end).write_bytes(content)
    file.with_name(file.name + ".lock").write_text("1\n")
    assert invoke("store", "wipe", "--yes", "--store", file).exit_code == 0
    assert [*file.parent.iterdir()] == []


def test_wipe_leaves_nothing_while_somebody_reads(file: Path) -> None:
    with closing(Database(file, writes=False)) as reading:
        assert reading.execute("select count(*) from calls").fetchone() == (6,)
        assert invoke("store", "wipe", "--yes", "--store", file).exit_code == 0
        assert [*file.parent.iterdir()] == []


@pytest.mark.parametrize("content", [b"not a store", b"SQLite format 3\0" + bytes(200)])
def test_a_file_that_is_no_store_is_not_deleted(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    done = invoke("store", "wipe", "--yes", "--store", path)
    assert done.exit_code == 4
    for words in ("pending list", "store show", "pending retry --all"):
        assert invoke(*words.split(), "--store", path).exit_code == 4, words
    assert path.read_bytes() == content

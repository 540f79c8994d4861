"""Verbs over many files: folders, packed and damaged ones, and Segment's archives."""

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from make_fixtures import RECORDINGS

from segment_pendo.cli import main
from segment_pendo.recordings.reading.packed import pack

ARCHIVES = Path(__file__).parents[4] / "fixtures" / "archives"
LOGS = ARCHIVES / "segment-logs"
PYTHON = RECORDINGS / "segment-analytics-python.jsonl"


def invoke(*words: object, given: bytes = b"") -> Result:
    return CliRunner(env={"CI": "", "SEGMENT_PENDO_REDACT_KEY": "k" * 43}).invoke(
        main, list(map(str, words)), input=given
    )


def rows(done: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def call(user: str) -> str:
    return json.dumps({"type": "identify", "userId": user, "traits": {"plan": user}}) + "\n"


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder: two good files, one that is cut off, one of another program, one that is empty."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.jsonl.gz").write_bytes(gzip.compress(call("a").encode()))
    whole = gzip.compress("".join(call(f"b-{number}") for number in range(100)).encode())
    (folder / "b.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    (folder / "c.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\n\0")
    (folder / "d.jsonl.zst").write_bytes(b"".join(pack([call("d").encode()], "zstd")))
    (folder / "e.jsonl").touch()
    return folder


# --- map ---


def test_rows_of_several_files_name_theirs(logs: Path) -> None:
    (logs / "b.jsonl.gz").unlink()
    (logs / "c.png").unlink()
    done = invoke("map", "logs")
    assert (done.exit_code, done.stderr) == (0, "")
    assert [(row["file"], row["line"], row["user"]) for row in rows(done)] == [
        (str(Path("logs", "a.jsonl.gz")), 1, "a"),
        (str(Path("logs", "d.jsonl.zst")), 1, "d"),
    ]
    assert rows(invoke("map", "logs/*.gz"))[0]["file"] == str(Path("logs", "a.jsonl.gz"))
    (row,) = rows(invoke("map", "logs/a.jsonl.gz"))
    assert next(iter(row)) == "line", "a single file needs no name"
    assert [row["file"] for row in rows(invoke("map", "logs/a.jsonl.gz", "-", given=call("z").encode()))] == [
        "logs/a.jsonl.gz",
        "stdin",
    ]


def test_the_same_call_without_an_id_has_one_of_its_own_in_each_file(logs: Path) -> None:
    shutil.copy(logs / "a.jsonl.gz", logs / "a2.jsonl.gz")
    made = rows(invoke("map", "logs/a*", "--received-at", "2024-05-09T10:00:00Z"))
    assert len({json.loads(row["body"])["messageId"] for row in made}) == len(made) == 2


def test_a_damaged_file_is_told_and_the_others_go_on(logs: Path) -> None:
    done = invoke("map", "logs")
    assert done.exit_code == 1
    cut, foreign = [row for row in rows(done) if "error" in row]
    assert (cut["file"], cut["error"]["code"]) == ("logs/b.jsonl.gz", "damaged")
    assert cut["error"]["message"].startswith("Its gzip is cut off")
    assert (foreign["file"], foreign["line"], foreign["error"]["code"]) == ("logs/c.png", 1, "bad_json")
    users = [row["user"] for row in rows(done) if "error" not in row]
    assert users == ["a", *(f"b-{number}" for number in range(cut["line"] - 1)), "d"]
    assert f"logs/b.jsonl.gz:{cut['line']}: Its gzip is cut off" in done.stderr


def test_strict_stops_at_the_first_damage(logs: Path) -> None:
    done = invoke("map", "logs", "--strict")
    assert done.exit_code == 1
    assert "logs/b.jsonl.gz:" in done.stderr.splitlines()[-1]
    assert done.stderr.endswith("--strict stops here.\n")
    assert all(row["user"] != "d" for row in rows(done) if "error" not in row)
    one = invoke("map", "--strict", given=(call("a") + "{\n" + call("b")).encode())
    assert (one.exit_code, len(rows(one))) == (1, 1)


def test_a_damaged_recording_among_others_is_told(logs: Path) -> None:
    (logs / "r.jsonl").write_bytes(PYTHON.read_bytes()[:5000])
    done = invoke("map", "logs/r.jsonl", "logs/d.jsonl.zst")
    assert done.exit_code == 1
    assert rows(done)[-2]["error"]["code"] == "damaged"
    assert rows(done)[-1]["user"] == "d"
    assert invoke("map", "logs/r.jsonl").exit_code == 3, "alone, it is an error as before"


# --- archives ---


def test_an_archive_is_mapped_as_it_was_archived() -> None:
    made = rows(invoke("map", "--no-ingest", "--track", LOGS))
    events = {
        row["line"]: json.loads(line)
        for row, line in zip(
            made,
            gzip.decompress((LOGS / "src0/1770000000000/1770000000000.abc.1.gz").read_bytes()).splitlines(),
            strict=False,
        )
    }
    first = [row for row in made if row["file"].endswith("abc.1.gz")]
    assert [(row["type"], row["outcome"]) for row in first] == [
        ("identify", "webhook"),
        ("group", "webhook"),
        ("delete", "skipped"),
        ("track", "webhook"),
        ("identify", "webhook"),
    ]
    assert all(json.loads(row["body"]) == events[row["line"]] for row in first if row["body"])
    assert len(first[-1]["body"]) > 32_768, "Segment has accepted it"
    assert first[0]["time"] == "2026-02-01T10:00:02.000Z", "when Segment received it"
    (late,) = (row for row in made if row["file"].endswith(".ndjson"))
    archived = json.loads(next((LOGS / "src0/1770086400000").iterdir()).read_text())
    assert json.loads(late["body"]) == archived
    assert "originalTimestamp" not in late["body"]


def test_what_an_archive_says_is_in_pendo() -> None:
    done = invoke("why", "c-1", "plan", "--from", LOGS, "--no-ingest")
    assert done.exit_code == 0, done.output
    assert "abc.1.gz:1" in done.stdout
    state = json.loads(invoke("state", "show", "--from", LOGS, "--no-ingest", "--format", "json").stdout)
    assert state["visitors"]["c-1"]["metadata"]["segmentio"] == {"plan": "team"}
    assert state["visitors"]["c-1"]["history"]["fields"]["plan"][0]["at"] == 1769940002000


def test_an_archive_becomes_a_recording(tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    done = invoke("recording", "import", LOGS, "-o", out)
    assert done.exit_code == 0
    assert "6 requests with 6 calls" in done.stderr
    assert "Passed over: 1 request of a type that no SDK sends." in done.stderr
    late = rows(invoke("map", out, "--track"))[-1]
    assert "originalTimestamp" not in late["body"]


# --- the others ---


def test_a_state_of_damaged_files_ends_with_1(logs: Path) -> None:
    (logs / "c.png").unlink()
    for words in (["state", "show", "--from", "logs"], ["why", "d", "--from", "logs"]):
        done = invoke(*words)
        assert done.exit_code == 1
        assert "Its gzip is cut off" in done.stderr
    (logs / "b.jsonl.gz").unlink()
    done = invoke("state", "show", "visitor", "d", "--from", "logs", "--history")
    assert (done.exit_code, "logs/d.jsonl.zst:1" in done.stdout) == (0, True)
    assert invoke("why", "d", "--from", "logs/a.jsonl.gz", "--from", "logs/d.jsonl.zst").exit_code == 0


def test_an_import_of_damaged_files_takes_the_rest(logs: Path) -> None:
    out = logs / "r.jsonl"
    done = invoke("recording", "import", "logs", "-o", out)
    assert done.exit_code == 1
    assert "logs/b.jsonl.gz cannot be imported: its gzip is cut off at line" in done.stderr
    assert "logs/c.png cannot be imported: line 1: This is not JSON" in done.stderr
    users = [row["user"] for row in rows(invoke("map", out))]
    assert (users[0], users[-1]) == ("a", "d")
    before = out.read_bytes()
    strict = invoke("recording", "import", "logs", "-o", out, "--strict")
    assert strict.exit_code == 3
    assert out.read_bytes() == before
    assert {path.name for path in logs.iterdir()} == {
        *("a.jsonl.gz", "b.jsonl.gz", "c.png", "d.jsonl.zst", "e.jsonl", "r.jsonl")
    }


def test_packed_recordings_are_checked_redacted_and_compared(tmp_path: Path) -> None:
    plain = Path(shutil.copy(PYTHON, tmp_path / "a.jsonl"))
    lines = PYTHON.read_bytes().replace(b'"findings":[]', b'"findings":["X"]', 1).splitlines(keepends=True)
    for packing, name in (("gzip", "b.jsonl.gz"), ("zstd", "c.jsonl.zst")):
        file = tmp_path / name
        file.write_bytes(b"".join(pack(lines, packing)))  # type: ignore[arg-type]
        assert invoke("check", file).exit_code == 1
        assert invoke("check", "--update", file).exit_code == 0
        assert file.read_bytes() == b"".join(pack(PYTHON.read_bytes().splitlines(True), packing))  # type: ignore[arg-type]
        assert invoke("diff", plain, file).exit_code == 0
        assert invoke("recording", "redact", file, "--ids", "all").exit_code == 0
        assert invoke("diff", plain, file).exit_code == 1
        assert invoke("check", file).exit_code == 0


def test_a_check_of_a_folder_goes_on_after_damage(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(PYTHON.read_bytes()[:5000])
    (tmp_path / "b.txt").write_text("no recording\n")
    shutil.copy(PYTHON, tmp_path / "c.jsonl")
    done = invoke("check", tmp_path)
    assert done.exit_code == 1
    assert "a.jsonl:" in done.stderr
    assert "b.txt:1: this is not a recording" in done.stderr
    assert "recorded calls differ; 2 damages told above." in done.stderr
    assert invoke("check", "--strict", tmp_path).exit_code == 3
    (tmp_path / "a.jsonl").unlink()
    assert invoke("check", "--only-recordings", tmp_path).exit_code == 0


def test_secrets_inside_packed_files_are_found(logs: Path) -> None:
    secret = json.dumps({"userId": "u", "traits": {"email": "ann@real-company.io"}}) + "\n"
    (logs / "f.gz").write_bytes(gzip.compress(secret.encode()))
    done = invoke("recording", "scan", "logs")
    assert done.exit_code == 1
    assert "logs/f.gz:1:" in done.stdout
    assert "logs/b.jsonl.gz:" in done.stderr, "what cannot be read to its end is not clean"


def test_stdin_is_no_file_to_rewrite() -> None:
    for words in (["check", "--update", "-"], ["recording", "redact", "-"]):
        assert invoke(*words).exit_code == 2

"""`archive`: what it says before it sends anything, and to whom it does not send."""

import json
from pathlib import Path

import archives
import pytest
from click.testing import CliRunner, Result

from segment_pendo.cli import main

KEY = "0123abcd-0000-1111-2222-0123456789ab"


def backfill(folder: Path, *options: str, key: str = KEY) -> Result:
    """Work of its own for each test, below its folder."""
    line = ["archive", "backfill", str(folder), "--work", str(folder.parent / "work"), *options]
    return CliRunner().invoke(main, line, env={"SEGMENT_PENDO_API_KEY": key, "CI": ""})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return archives.write(tmp_path / "logs", 60, people=10, parts=2)


def test_a_real_pendo_gets_nothing_without_yes(folder: Path) -> None:
    done = backfill(folder, "--to", "eu")
    assert done.exit_code == 7
    assert done.stdout.endswith(" for data.eu.pendo.io\n")
    assert "Nothing was sent: data.eu.pendo.io is a real Pendo" in done.stderr
    assert KEY not in done.output


def test_in_ci_yes_is_not_enough_for_a_real_pendo(folder: Path) -> None:
    line = ["archive", "backfill", str(folder), "--to", "eu", "--yes"]
    done = CliRunner().invoke(main, line, env={"SEGMENT_PENDO_API_KEY": KEY, "CI": "true"})
    assert done.exit_code == 7
    assert "--allow-production" in done.stderr


def test_a_dry_run_needs_no_key_and_ends_with_0(folder: Path) -> None:
    done = backfill(folder, "--to", "us", "--dry-run", "--rate", "2", key="")
    assert done.exit_code == 0
    events, *_, calls = done.stdout.splitlines()
    assert events.startswith("60 events, ")
    assert calls.endswith(" for data.pendo.io, in 12 s or more")


def test_deletions_are_called_so_and_counted_over_all_parts(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    for number, types in enumerate((["delete", "page"], ["delete", "identify"])):
        lines = [
            json.dumps({"type": type, "userId": "ann", "messageId": f"{number}-{type}"}) for type in types
        ]
        (folder / f"{number}.jsonl").write_text("\n".join(lines), "utf-8")
    said = backfill(folder, "--to", "us", "--dry-run").stdout.splitlines()
    assert "  not sent: 2 deletions (NO_MATCHING_MAPPING)" in said
    assert "  not sent: 1 NO_MATCHING_MAPPING" in said, "the page"


def test_strict_stops_at_a_damaged_part(folder: Path) -> None:
    (folder / "cut.gz").write_bytes(b"\x1f\x8b\x08")
    done = backfill(folder, "--to", "us", "--dry-run")
    assert done.exit_code == 1
    assert f"1 part is damaged: {folder / 'cut.gz'}:1: Its gzip is cut off" in " ".join(done.stderr.split())
    (folder / "dull.gz").write_bytes(b"\x1f\x8b\x08")
    both = " ".join(backfill(folder, "--to", "us", "--dry-run").stderr.split())
    assert f"2 parts are damaged, the first: {folder / 'cut.gz'}:1: " in both
    done = backfill(folder, "--to", "us", "--dry-run", "--strict")
    assert done.exit_code == 1
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--yes"], "--to is missing"),
        (["--to", "mars"], "--to: the destination must be one of"),
        (["--to", "us", "--verify", "5", "--yes"], "--verify sends nothing"),
        (["--to", "us", "--assume", "repeats=dropped", "--dry-run"], "repeats=dropped"),
    ],
)
def test_what_does_not_go_together_is_refused(folder: Path, options: list[str], says: str) -> None:
    done = backfill(folder, *options)
    assert done.exit_code in {2, 3}
    assert says in done.stderr


def test_a_function_is_refused(folder: Path) -> None:
    (folder.parent / "f.js").write_text("async function onIdentify(event) { return event }")
    (folder.parent / "d.json").write_text('{"function": "f.js"}')
    done = backfill(folder, "--to", "us", "--dry-run", "--destination", str(folder.parent / "d.json"))
    assert done.exit_code == 3
    assert "insert function" in done.stderr


def told(verb: str, folder: Path, *options: str) -> Result:
    line = ["archive", verb, str(folder), "--work", str(folder.parent / "work"), *options]
    return CliRunner().invoke(main, line)


def test_a_report_counts_calls_outcomes_findings_and_traits(tmp_path: Path) -> None:
    lines = [
        '{"type": "identify", "userId": "ann", "traits": {"plan": "pro", "logins": 1}}',
        '{"type": "identify", "userId": "ann", "traits": {"plan": null, "address": {"city": "Brno"}}}',
        '{"type": "delete", "userId": "ann"}',
        "no JSON",
    ]
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "1.json").write_text("\n".join(lines))
    done = told("report", tmp_path / "logs", "--format", "json")
    report = json.loads(done.stdout)
    assert done.exit_code == 1, "a line is no event"
    assert (report["events"], report["webhooks"], report["visitors"], report["accounts"]) == (3, 2, 1, 0)
    assert report["types"] == {"delete": 1, "identify": 2}
    assert report["outcomes"] == {"NO_MATCHING_MAPPING": 1, "webhook": 2}
    assert report["traits"] == {"visitor.logins": {"integer": 1}, "visitor.plan": {"null": 1, "string": 1}}
    assert report["findings"]["NESTED_IGNORED"]["first"] == "1.json:2"
    assert report["errors"]["bad_json"]["first"] == "1.json:4"
    (tmp_path / "logs" / "2.gz").write_bytes(b"\x1f\x8b\x08")
    text = told("report", tmp_path / "logs").stdout
    assert "\nnot mapped: 1 bad_json, first 1.json:4\n  This is not JSON" in text
    assert "\ndamaged: 1 part, first 2.gz:1\n  Its gzip is cut off" in text
    (tmp_path / "logs" / "2.gz").unlink()
    text = told("report", tmp_path / "logs").stdout
    assert text.startswith("3 events, 2 webhooks, 1 visitor, 0 accounts\ncalls: 1 delete, 2 identify\n")
    assert text.endswith(f"hash {report['hash']}\n")


def test_a_report_says_what_a_destination_file_changes(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "1.json").write_text(
        '{"type": "identify", "userId": "ann", "traits": {"a": 1}}\n' * 2
    )
    drop = {"type": "DROP_PROPERTIES", "fields": {"traits": ["a"]}}
    file = {"filters": [{"name": "f", "enabled": True, "if": 'userId = "ann"', "actions": [drop]}]}
    (tmp_path / "d.json").write_text(json.dumps(file))
    done = told("report", tmp_path / "logs", "--destination", str(tmp_path / "d.json"), "--format", "json")
    report = json.loads(done.stdout)
    assert report["changes"]["filters"] == 2
    assert report["traits"] == {}


def test_a_state_is_a_line_for_each_record(folder: Path) -> None:
    done = told("state", folder)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(record["kind"], record["id"]) for record in records] == sorted(
        (record["kind"], record["id"]) for record in records
    )
    assert len(records) == 12
    assert all({"kind", "id", "metadata", "history"} <= set(record) for record in records)


def test_rows_are_files_below_the_names_of_their_parts(folder: Path, tmp_path: Path) -> None:
    (folder / "cut.gz").write_bytes(b"\x1f\x8b\x08")
    done = told("map", folder, "--output", str(tmp_path / "rows"))
    assert done.exit_code == 1
    assert "cut.gz: 1 error" in done.stderr
    paths = sorted(path for path in (tmp_path / "rows").rglob("*") if path.is_file())
    assert [path.relative_to(tmp_path / "rows").as_posix() for path in paths] == [
        "1770000000000/0000.gz.jsonl",
        "1770000000000/0001.gz.jsonl",
        "cut.gz.jsonl",
    ]
    rows = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    assert [row["line"] for row in rows] == [*range(1, 31), *range(1, 31), 1]
    assert done.stdout.startswith(f"61 rows in 3 files below {tmp_path / 'rows'}\nhash ")
    before = paths[0].stat().st_mtime_ns
    again = told("map", folder, "--output", str(tmp_path / "rows"), "--workers", "2")
    assert (again.stdout, paths[0].stat().st_mtime_ns) == (done.stdout, before)
    paths[0].unlink()
    assert told("map", folder, "--output", str(tmp_path / "rows")).stdout == done.stdout


def test_parquet_has_the_same_rows(folder: Path, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    (folder / "odd.json").write_text(
        '{"type": "identify", "userId": 7, "traits": {"a": "\\ud800"}}\nno JSON\n'
    )
    for style in ("ndjson", "parquet"):
        told("map", folder, "--output", str(tmp_path / style), "--format", style)
    table = pq.read_table(tmp_path / "parquet" / "1770000000000" / "0000.gz.parquet").to_pylist()
    lines = (tmp_path / "ndjson" / "1770000000000" / "0000.gz.jsonl").read_text().splitlines()
    for columns, row in zip(table, map(json.loads, lines), strict=True):
        assert columns.pop("findings") == [finding["code"] for finding in row["findings"]]
        assert columns.pop("error") is None
        assert columns == {name: row[name] for name in columns}
    first, second = pq.read_table(tmp_path / "parquet" / "odd.json.parquet").to_pylist()
    assert (first["user"], first["error"], second["line"]) == ("7", None, 2)
    assert second["error"].startswith("This is not JSON")


def test_a_url_of_fsspec_comes_to_the_same(folder: Path, tmp_path: Path) -> None:
    here = told("report", folder).stdout
    line = ["archive", "report", folder.as_uri(), "--work", str(tmp_path / "other")]
    assert CliRunner().invoke(main, line).stdout == here
    done = CliRunner().invoke(
        main, ["archive", "report", "nowhere://logs", "--work", str(tmp_path / "other")]
    )
    assert done.exit_code == 4
    assert done.stderr.startswith("Error: nowhere://logs cannot be listed: ")

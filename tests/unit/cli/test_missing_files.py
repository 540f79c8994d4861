"""A file that does not exist ends every verb in the same way."""

import pytest
from click.testing import CliRunner

from segment_pendo.cli import main

VERBS = [
    "map no.jsonl",
    "explain no.jsonl",
    "check no.jsonl",
    "diff no.jsonl no2.jsonl",
    "replay no.jsonl",
    "send batch no.jsonl",
    "state show --from no.jsonl",
    "recording scan no.jsonl",
    "recording import no.har -o x.jsonl",
    "recording export no.jsonl --as har",
    "recording merge no.jsonl -o x.jsonl",
    "recording redact no.jsonl",
]


@pytest.mark.parametrize("line", VERBS)
def test_a_missing_file_is_a_usage_error(
    line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.chdir(str(tmp_path))
    result = CliRunner().invoke(main, line.split())
    assert result.exit_code == 2
    assert "'no." in result.stderr
    assert "does not exist" in result.stderr or "No such file" in result.stderr

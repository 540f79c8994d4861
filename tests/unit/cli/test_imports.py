"""Which modules each verb imports: what opens no port must not load what is for servers or tables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from segment_pendo.cli import VERBS

RECORDING = Path(__file__).parents[3] / "fixtures" / "recordings" / "analytics-node.jsonl"
CALL = '{"type": "identify", "userId": "u", "messageId": "m", "traits": {"firstName": "Ann"}}\n'
SERVERS = {"aiohttp", "asyncio", "http", "logging", "mitmproxy", "sqlite3"}
# What many runs of a verb need, but not these.
SELDOM = {"jsonschema_rs", "platformdirs", "tomllib", "hypothesis", "subprocess"}
TABLES = {"rich"}
# Prints what is in sys.modules when a verb has ended.
LOADED = (
    "import sys; from segment_pendo.cli import main\n"
    "try: main(sys.argv[1:])\n"
    "except SystemExit as end: code = end.code\n"
    "assert code in {None, 0, 1}, code\n"
    "print('@@', *{name.partition('.')[0] for name in sys.modules})"
)


def loaded(folder: Path, *words: str) -> set[str]:
    """The top-level modules that a verb has loaded by its end."""
    (folder / "one.ndjson").write_text(CALL)
    line = [sys.executable, "-c", LOADED, *words]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.rpartition("@@")[2].split())


@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "run --help",
        "addon",
        "map one.ndjson",
        "check RECORDING",
        "diff RECORDING RECORDING",
        "races one.ndjson",
        "finding ID_COLLISION",
        "recording redact --help",
        "state show --from one.ndjson --format json",
        "explain one.ndjson --format ndjson",
        "explain one.ndjson --short",
        "why u --from one.ndjson --format json",
    ],
)
def test_a_verb_that_opens_no_port_loads_neither_servers_nor_tables(tmp_path: Path, line: str) -> None:
    words = line.replace("RECORDING", str(RECORDING)).split()
    assert not loaded(tmp_path, *words) & (SERVERS | SELDOM | TABLES)


@pytest.mark.parametrize(
    "line", ["explain one.ndjson", "why u --from one.ndjson", "state show --from one.ndjson", "finding"]
)
def test_a_verb_that_prints_a_table_loads_no_server(tmp_path: Path, line: str) -> None:
    assert not loaded(tmp_path, *line.split()) & (SERVERS | SELDOM)


def test_a_verb_that_only_maps_signs_nothing_and_reads_no_url(tmp_path: Path) -> None:
    line = [
        sys.executable,
        "-c",
        "import pathlib, sys; print(*{name.partition('.')[0] for name in sys.modules})",
    ]
    pythons = set(subprocess.run(line, capture_output=True, text=True).stdout.split())  # 3.12's has urllib
    assert not loaded(tmp_path, "map", "one.ndjson") & {"hashlib", "hmac", "ipaddress", "urllib"} - pythons


def test_help_loads_nothing_that_reads_calls(tmp_path: Path) -> None:
    assert not loaded(tmp_path, "--help") & {"orjson", "msgspec", "json", "dataclasses", "hashlib"}


def test_a_shell_that_completes_a_verb_imports_none() -> None:
    code = (
        "import sys; from segment_pendo.cli import main\n"
        "try: main(prog_name='segment-pendo')\n"
        "except SystemExit: print('@@', *sys.modules)"
    )
    asked = {"COMP_WORDS": "segment-pendo c", "COMP_CWORD": "1", "_SEGMENT_PENDO_COMPLETE": "zsh_complete"}
    line = [sys.executable, "-c", code]
    done = subprocess.run(line, env=os.environ | asked, capture_output=True, text=True)
    told, _, modules = done.stdout.partition("@@")
    plain = told.split("\n")[:-1:3], told.split("\n")[1::3]
    assert plain == (["plain"] * 5, ["config", "calls", "check", "ca", "completion"])
    assert VERBS["calls"] in told, "with their help"
    assert not [name for name in modules.split() if name.startswith("segment_pendo.cli.verbs.")]


def test_the_path_of_a_ca_that_is_there_is_known_without_mitmproxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert "mitmproxy" in loaded(tmp_path, "ca", "path")  # which makes it
    assert not loaded(tmp_path, "ca", "path") & (SERVERS | TABLES)
    key = tmp_path / "segment-pendo" / "ca" / "mitmproxy-ca.pem"
    key.write_bytes(key.read_bytes()[:200])
    line = [sys.executable, "-m", "segment_pendo", "ca", "path"]
    damaged = subprocess.run(line, capture_output=True, text=True)
    assert (damaged.returncode, "damaged" in damaged.stderr) == (4, True)

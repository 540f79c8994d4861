"""Segment's Node SDK, unchanged, on this machine's Node. `npm ci` in this folder first."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from processes import Running, Server, Start, env_for, get, only_loopback

HERE = Path(__file__).parent
WAYS = ["fetch", "fetch URL", "fetch Request", "https.request url", "https.request options", "http.request host", "axios"]


def node() -> str:
    program = shutil.which("node")
    assert program, "node is not installed"
    assert (HERE / "node_modules").is_dir(), "run `npm ci --ignore-scripts` in tests/sdks"
    return program


def all_arrived(running: Running) -> None:
    status, page = get(f"{running.home}/_/wait?count=102&timeout=20")
    assert status == 200, len(page["calls"])
    assert get(f"{running.home}/api/v1/visitor/u-1")[1]["metadata"]["segmentio"] == {"name": "Ann", "plan": "pro"}
    assert get(f"{running.home}/api/v1/visitor/u-1")[1]["accountIds"] == ["acme"]
    assert get(f"{running.home}/api/v1/account/acme")[1]["metadata"]["segmentio"] == {"name": "Acme", "employees": 5}
    assert get(f"{running.home}/api/v1/visitor/many-99")[1]["metadata"]["segmentio"] == {"i": 99}


def test_by_its_host_option(run: Start) -> None:
    running = run("--no-proxy")
    done = subprocess.run([node(), "app.cjs", running.home], cwd=HERE, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    all_arrived(running)


def under(directory: Path, *command: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """A command under `run --`, unchanged; what it did and the calls that were recorded."""
    recording = directory / "calls.jsonl"
    line = [sys.executable, "-m", "segment_pendo", "run", "--port", "0", "--record", str(recording), "--", *command]
    env = env_for(directory) | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")} | environment
    done = subprocess.run(line, cwd=HERE, env=env, capture_output=True, text=True, timeout=90)
    lines = [json.loads(text) for text in recording.read_text("utf-8").split("\n") if text]
    return done, [line["call"] for line in lines if "call" in line]


def test_under_run_an_app_stays_as_it_is(tmp_path: Path) -> None:
    done, calls = under(tmp_path, node(), "app.cjs")
    assert done.returncode == 0, done.stderr
    assert len(calls) == 102
    assert "102 webhooks (102 delivered)" in done.stderr


@pytest.mark.parametrize("module", ["esm", "cjs"])
def test_every_way_a_node_program_makes_requests(tmp_path: Path, server: Server, module: str) -> None:
    program = "ways.mjs" if module == "esm" else "-e"
    arguments = [program] if module == "esm" else [program, "import('./ways.mjs').catch((e) => { console.error(e); process.exit(1); })"]
    done, calls = under(tmp_path, node(), *arguments, OTHER=server.url + "/other", NODE_OPTIONS="--no-warnings")
    assert done.returncode == 0, done.stderr
    assert [call["userId"] for call in calls] == [prefix + way for prefix in ("", "worker ", "child ") for way in WAYS]
    assert [seen.path for seen in server.seen] == ["/other", "/other"]


def test_our_own_process_connects_to_loopback_only(run: Start) -> None:
    running = run()
    environment = os.environ | {"SEGMENT_PENDO_URL": running.home, "SEGMENT_PENDO_HOSTS": "api.segment.io"}
    environment["NODE_OPTIONS"] = f"--require {Path(__file__).parents[2] / 'harness' / 'segment_pendo' / 'node' / 'preload.cjs'}"
    assert subprocess.run([node(), "app.cjs"], cwd=HERE, env=environment, timeout=60).returncode == 0
    all_arrived(running)
    assert running.end() == 0
    only_loopback(running.seen_file)

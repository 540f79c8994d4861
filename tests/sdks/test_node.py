"""Segment's Node SDK, unchanged, on this machine's Node. `npm ci` in this folder first."""

import shutil
import subprocess
from pathlib import Path

import pytest
from package_folders import folder
from processes import Server, Start, all_arrived, under

from segment_pendo.testing import Harness, group, identify

pytestmark = pytest.mark.rules("I-10", "I-20", "I-30", "I-33", "I-34", of="@segment/analytics-node")
HERE = folder("sdks")
WAYS = [
    "fetch",
    "fetch URL",
    "fetch Request",
    "https.request url",
    "https.request options",
    "http.request host",
    "axios",
]


def node() -> str:
    program = shutil.which("node")
    assert program, "node is not installed"
    assert (HERE / "node_modules").is_dir(), "run `npm ci --ignore-scripts` in tests/sdks"
    return program


def test_by_its_host_option(run: Start) -> None:
    running = run("--no-proxy")
    done = subprocess.run(
        [node(), "app.cjs", running.home], cwd=HERE, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    all_arrived(running)


@pytest.mark.parametrize("way", ["its own address", "a path below the session's"])
def test_by_the_address_of_a_test(segment_pendo: Harness, segment_pendo_url: str, way: str) -> None:
    where = (
        [segment_pendo.host]
        if way == "its own address"
        else [segment_pendo_url, f"{segment_pendo.prefix}/v1/batch"]
    )
    segment_pendo.fail(503)  # the SDK sends that batch again, after those that it sent beside it
    done = subprocess.run([node(), "app.cjs", *where], cwd=HERE, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    segment_pendo.exactly(102)
    segment_pendo.in_order(identify("u-1", traits={"plan": "pro"}), group("acme", user="u-1"))
    assert segment_pendo.visitor("u-1") == {
        "id": "u-1",
        "accounts": ["acme"],
        "metadata": {"name": "Ann", "plan": "pro"},
    }
    assert segment_pendo.problems("error") == []


def test_under_run_an_app_stays_as_it_is(tmp_path: Path) -> None:
    done, calls = under(tmp_path, node(), str(HERE / "app.cjs"))
    assert done.returncode == 0, done.stderr
    assert len(calls) == 102
    assert "\n102 calls: " in done.stderr


@pytest.mark.parametrize("module", ["esm", "cjs"])
def test_every_way_a_node_program_makes_requests(tmp_path: Path, server: Server, module: str) -> None:
    ways = HERE / "ways.mjs"
    arguments = (
        [str(ways)]
        if module == "esm"
        else ["-e", f"import('{ways}').catch((e) => {{ console.error(e); process.exit(1); }})"]
    )
    done, calls = under(
        tmp_path, node(), *arguments, OTHER=server.url + "/other", NODE_OPTIONS="--no-warnings"
    )
    assert done.returncode == 0, done.stderr
    assert [call["userId"] for call in calls] == [
        prefix + way for prefix in ("", "worker ", "child ") for way in WAYS
    ]
    assert [seen.path for seen in server.seen] == ["/other", "/other"]

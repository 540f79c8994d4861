"""SDKs that sign in by OAuth, unchanged: their tokens come from here, and no JWT stays anywhere."""

import base64
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from package_folders import folder
from processes import RUN, Start, all_arrived, env_for, only_loopback

from segment_pendo.segment.oauth import TOKEN
from segment_pendo.testing import Harness

HERE = folder("sdks")
RULES = ("D-60", "I-2", "I-22")
# A JWT, a part of the form, or a private key, as it is or in base64.
CREDENTIAL = re.compile(
    rb"eyJhbGci|client_assertion|PRIVATE KEY|" + base64.b64encode(b"client_assertion")[:-4]
)


@pytest.fixture(scope="module")
def key() -> str:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@pytest.fixture(
    params=[
        pytest.param("Node", marks=pytest.mark.rules(*RULES, of="@segment/analytics-node")),
        pytest.param("Python", marks=pytest.mark.rules(*RULES, of="segment-analytics-python")),
    ]
)
def command(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "Python":
        return [sys.executable, str(HERE / "app.py")]
    node = shutil.which("node")
    assert node, "node is not installed"
    return [node, str(HERE / "app.cjs")]


SPY = """
const connect = require("node:net").Socket.prototype.connect;
require("node:net").Socket.prototype.connect = function (...all) {
  const to = Array.isArray(all[0]) ? all[0][0] : all[0];
  require("node:fs").appendFileSync(process.env.CONNECTED, `${to.host ?? to}\\n`);
  return connect.apply(this, all);
};
"""


def without_credentials(directory: Path) -> None:
    """Assert that no file below a directory holds any; a database is looked at whole, its free pages too."""
    for file in directory.rglob("*"):
        found = file.is_file() and not file.is_symlink() and CREDENTIAL.search(file.read_bytes())
        assert not found or file.parent.name == "ca", file  # the proxy's own private key


@pytest.mark.parametrize("server", ["", "https://oauth2.eu1.segmentapis.com"], ids=["US", "EU"])
def test_under_run_an_app_stays_as_it_is(tmp_path: Path, key: str, command: list[str], server: str) -> None:
    """Node comes by the preload, Python through the proxy; neither connects to another machine."""
    spy, connected = tmp_path / "spy.cjs", tmp_path / "connected"
    spy.write_text(SPY)
    recording, store = tmp_path / "calls.jsonl", tmp_path / "store.sqlite3"
    kept = ["--record", str(recording), "--store", str(store)]
    told = [*RUN, *kept, "--format", "ndjson", "--", *command]
    environment = env_for(tmp_path) | {"OAUTH_KEY": key} | ({"OAUTH_SERVER": server} if server else {})
    environment |= {"NODE_OPTIONS": f"--require {spy}", "CONNECTED": str(connected)}
    done = subprocess.run(told, env=environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    only_loopback(tmp_path / "seen")
    assert command[0] == sys.executable or set(connected.read_text().split()) == {"127.0.0.1"}
    with closing(sqlite3.connect(store)) as database:
        rows = database.execute("select path, headers from receipts").fetchall()
        counts = database.execute("select (select count(*) from calls), count(refusal) from receipts")
        assert counts.fetchall() == [(102, 0)]
    assert {path for path, _ in rows} == {"/v1/batch"}
    assert not any("Authorization" in headers or TOKEN in headers for _, headers in rows)
    assert '"writeKey":"WRITE_KEY_1"' in recording.read_text("utf-8")
    without_credentials(tmp_path)
    assert not CREDENTIAL.search(f"{done.stdout}{done.stderr}".encode())


def test_by_its_host_option(run: Start, key: str, command: list[str]) -> None:
    running = run("--no-proxy")
    environment = os.environ | {"OAUTH_KEY": key, "OAUTH_SERVER": running.home}
    done = subprocess.run(
        [*command, running.home], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    all_arrived(running)


@pytest.mark.rules(*RULES, of="segment-analytics-python")
def test_at_the_tls_door(run: Start, key: str) -> None:
    running = run("--no-proxy", "--tls-port", "0")
    home = running.doors["tls"]
    environment = os.environ | {
        "OAUTH_KEY": key,
        "OAUTH_SERVER": home,
        "REQUESTS_CA_BUNDLE": running.doors["ca"],
    }
    done = subprocess.run(
        [sys.executable, str(HERE / "app.py"), home],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    all_arrived(running)


def test_by_the_address_of_a_test(segment_pendo: Harness, key: str, command: list[str]) -> None:
    environment = os.environ | {"OAUTH_KEY": key, "OAUTH_SERVER": segment_pendo.host}
    done = subprocess.run(
        [*command, segment_pendo.host], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    segment_pendo.exactly(102)

"""HTTP clients that ignore proxies arrive under `run -- CMD`, as they are; another host is left alone.

`npm ci` in this folder first; Java 17 or later and PHP with its curl extension are needed, too.
"""

import hashlib
import shutil
import ssl
import sys
from pathlib import Path

import pytest
from package_folders import folder
from processes import Server, under

HERE = folder("sdks") / "clients"


@pytest.fixture
def other(server: Server, tmp_path: Path) -> tuple[str, str]:
    """Another host over TLS: its URL, and what an app prints if it sees its certificate and not ours."""
    (tmp_path / "other").mkdir()
    certificate = server.use_tls("localhost", tmp_path / "other")
    seen = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
    return f"https://localhost:{server.port}/other", f"other {seen}"


def program(name: str) -> str:
    path = shutil.which(name)
    assert path, f"{name} is not installed"
    return path


def all_came(directory: Path, other: tuple[str, str], *command: str, **environment: str) -> list[str]:
    """The names of the clients that a program prints, each of which has sent its call and had a 200."""
    url, certificate = other
    done, calls = under(directory, *command, OTHER=url, **environment)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert last == certificate
    ways = [line.removesuffix(" 200") for line in lines]
    assert lines == [f"{way} 200" for way in ways], done.stdout
    assert sorted(call["userId"] for call in calls) == sorted(ways)
    return ways


def test_pythons_clients(tmp_path: Path, other: tuple[str, str]) -> None:
    ways = all_came(tmp_path, other, sys.executable, str(HERE / "clients.py"))
    assert {"http.client", "urllib3", "requests trust_env=False", "aiohttp", "multiprocessing"} <= set(ways)
    assert {"aiohttp uvloop", "httpx trio", "gevent"} <= set(ways)


def test_nodes_clients(tmp_path: Path, other: tuple[str, str]) -> None:
    ways = all_came(tmp_path, other, program("node"), str(HERE / "clients.mjs"))
    alone = [way for way in ways if not way.startswith(("worker ", "child "))]
    assert {"fetch", "undici.fetch", "undici Pool", "http2", "got http2", "edge runtime"} <= set(alone)
    assert ways == [prefix + way for prefix in ("", "worker ", "child ") for way in alone]


def test_javas_clients(tmp_path: Path, other: tuple[str, str]) -> None:
    ways = all_came(tmp_path, other, program("java"), str(HERE / "Clients.java"))
    assert ways == ["HttpClient", "HttpClient HTTP/1.1", "HttpURLConnection"]


def test_phps_clients(tmp_path: Path, other: tuple[str, str]) -> None:
    ways = all_came(tmp_path, other, program("php"), str(HERE / "clients.php"))
    assert ways == ["libcurl", "fork-curl"]


def test_a_client_that_knows_no_proxy_at_all_comes_where_port_443_can_be_had(
    tmp_path: Path, other: tuple[str, str]
) -> None:
    """As in a container; elsewhere it is refused (tests/e2e/test_strict.py)."""
    php = [program("php"), str(HERE / "clients.php"), "socket"]
    ways = all_came(tmp_path, other, *php, SEGMENT_PENDO_RUN_STRICT="1")
    assert ways == ["libcurl", "fork-curl", "socket"]

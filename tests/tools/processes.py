"""Real processes, real doors, loopback only."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

WATCHED = Path(__file__).parent / "watched"
KEY = "0123abcd-0000-1111-2222-0123456789ab"


def until[T](what: Callable[[], T | None], seconds: float = 60) -> T:
    """The first true answer of `what`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = what()
        if answer:
            return answer
        time.sleep(0.02)
    pytest.fail(f"not within {seconds} s")


def get(url: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    """Status and JSON (or text) of a plain request that knows no proxy."""
    request = urllib.request.Request(url, method=method, headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
    try:
        return status, json.loads(body)
    except ValueError:
        return status, body.decode()


@dataclass
class Seen:
    """One request that a server of the test got."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """A small HTTP server that answers `status` and `body` to everything and keeps what it got."""

    status: int = 200
    body: bytes = b""
    seen: list[Seen] = field(default_factory=list)
    delay: float = 0
    url: str = ""
    port: int = 0
    http: Any = None

    def __post_init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.seen.append(Seen(self.command, self.path, dict(self.headers), body))
                time.sleep(outer.delay)
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            do_GET = do_POST  # noqa: N815 - http.server's names

            def log_message(self, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def use_tls(self, name: str, directory: Path) -> str:
        """Speak TLS as `name`, with a certificate of the CA `mitmproxy-ca-cert.pem` in `directory`; the
        certificate.
        """
        from cryptography import x509
        from cryptography.hazmat.primitives import serialization
        from mitmproxy.certs import CertStore

        entry = CertStore.from_store(directory, "mitmproxy", 2048).get_cert(name, [x509.DNSName(name)])
        how = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        pem = directory / "server.pem"
        pem.write_bytes(entry.cert.to_pem() + entry.privatekey.private_bytes(*how))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(pem)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        return entry.cert.to_pem().decode()

    def start(self) -> None:
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


RUN = (sys.executable, "-m", "segment_pendo", "run", "--port", "0")
# Heed every signal again: whoever runs the tests may have them ignored, as nohup does.
HEEDING = ("env", "--default-signal")


class Running:
    """A `segment-pendo run` without a command, ready."""

    def __init__(self, directory: Path, *options: str, **environment: str) -> None:
        self.seen_file = directory / "seen"
        ready = self.ready = directory / "ready.json"
        ready.unlink(missing_ok=True)
        env = env_for(directory) | environment
        command = [
            *HEEDING,
            *RUN,
            "--ready-file",
            str(ready),
            *options,
        ]
        self.out = directory / "stdout"
        self.err = directory / "stderr"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=err,
                stdin=subprocess.DEVNULL,
                env=env,
            )
        try:
            until(lambda: ready.exists() or self.process.poll() is not None)
            assert ready.exists(), self.err.read_text()
        except BaseException:
            end_all([self.process])
            raise
        self.doors: dict[str, Any] = json.loads(ready.read_text())
        self.home: str = self.doors["home"]

    def end(self, with_signal: int = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(20)

    def client_environment(self) -> dict[str, str]:
        """What an app needs to come through the proxy."""
        return {
            "HTTPS_PROXY": self.doors["proxy"],
            "REQUESTS_CA_BUNDLE": self.doors["ca"],
            "SSL_CERT_FILE": self.doors["ca"],
        }


def end_all(processes: Iterable[subprocess.Popen[bytes]]) -> None:
    """Kill what still runs."""
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait()


def env_for(directory: Path) -> dict[str, str]:
    """The environment of a process under test: its own state, no proxies, watched."""
    base = {
        k: v
        for k, v in os.environ.items()
        if not k.lower().endswith("_proxy") and not k.startswith("SEGMENT_PENDO")
    }
    return base | {
        "XDG_STATE_HOME": str(directory / "state"),
        "PYTHONPATH": str(WATCHED),
        "SEEN_FILE": str(directory / "seen"),
    }


def uv(*arguments: str) -> None:
    """Run uv in the repository."""
    program = os.environ.get("UV") or shutil.which("uv")
    assert program, "uv is not installed"
    done = subprocess.run(
        [program, *arguments], cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr


def installed(directory: Path, *requirements: str) -> Path:
    """A fresh environment with the requirements; its segment-pendo."""
    uv("venv", "--quiet", "--python", sys.executable, str(directory))
    # The same resolution as the repository's, whatever was released since.
    uv(
        "pip",
        "install",
        "--quiet",
        "--exclude-newer",
        "2026-11-20T00:00:00Z",
        "--python",
        str(directory),
        *requirements,
    )
    return directory / "bin" / "segment-pendo"


type Start = Callable[..., Running]


def app(*lines: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A process of its own with segment-analytics-python in it, as an app has it."""
    code = "\n".join(
        [
            "import segment.analytics as analytics",
            "analytics.write_key = 'WRITE_KEY_of_an_app'",
            *lines,
            "analytics.flush()",
        ]
    )
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")} | environment
    return subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=60)


IDENTIFY = "analytics.identify('u-1', {'name': 'Ann', 'plan': 'pro'})"
GROUP = "analytics.group('u-1', 'acme', {'name': 'Acme', 'employees': 5})"


def only_loopback(seen_file: Path) -> None:
    """Nothing but this machine was connected to, and no foreign name was looked up."""
    for line in seen_file.read_text().splitlines():
        word, _, what = line.partition(" ")
        address = what[2:].partition("'")[0] if word == "connect" else what.strip("'b")
        # 127.83.69.N stands for one of Segment's hosts under `run -- CMD`.
        assert address in {"127.0.0.1", "::1", "localhost", "None"} or address.startswith("127.83.69."), line


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def all_arrived(running: Running) -> None:
    """Identify, group and the batch of 100 that the apps of tests/sdks send."""
    status, page = get(f"{running.home}/_/wait?count=102&timeout=20")
    assert status == 200, len(page["calls"])
    assert get(f"{running.home}/api/v1/visitor/u-1")[1]["metadata"]["segmentio"] == {
        "name": "Ann",
        "plan": "pro",
    }
    assert get(f"{running.home}/api/v1/visitor/u-1")[1]["accountIds"] == ["acme"]
    assert get(f"{running.home}/api/v1/account/acme")[1]["metadata"]["segmentio"] == {
        "name": "Acme",
        "employees": 5,
    }
    assert get(f"{running.home}/api/v1/visitor/many-99")[1]["metadata"]["segmentio"] == {"i": 99}


def under(
    directory: Path, *command: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """A command under `run --`, unchanged; what it did and the calls that were recorded."""
    recording = directory / "calls.jsonl"
    line = [
        *RUN,
        "--record",
        str(recording),
        "--",
        *command,
    ]
    done = subprocess.run(
        line, env=env_for(directory) | environment, capture_output=True, text=True, timeout=90
    )
    only_loopback(directory / "seen")  # of our own process, and of the command if it is Python
    lines = [json.loads(text) for text in recording.read_text("utf-8").split("\n") if text]
    return done, [line["call"] for line in lines if "call" in line]

"""The addon under a stock mitmdump: `-s` and `--set`, nothing else of ours."""

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from mitmproxy.io import FlowReader
from processes import (
    GROUP,
    IDENTIFY,
    KEY,
    Server,
    app,
    end_all,
    env_for,
    free_port,
    get,
    only_loopback,
    until,
)
from recorded import calls_of

ADDON = Path(__file__).parents[2] / "addons" / "segment_pendo_addons" / "intercept.py"
type Dump = Callable[..., "Mitmdump"]


class Mitmdump:
    """One of mitmproxy's programs with our addon; `arguments` are options of its own."""

    def __init__(
        self,
        directory: Path,
        *settings: str,
        program: str = "mitmdump",
        arguments: Sequence[str] = (),
        **environment: str,
    ) -> None:
        self.port = free_port()
        self.confdir = directory / "mitmproxy"
        self.seen = directory / "seen"
        self.out = directory / "out"
        path = shutil.which(program, path=str(Path(sys.executable).parent))
        assert path
        line = [
            path,
            "--listen-host",
            "127.0.0.1",
            "-p",
            str(self.port),
            "--set",
            f"confdir={self.confdir}",
            "-s",
            str(ADDON),
            *arguments,
        ]
        for setting in settings:
            line += ["--set", setting]
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                line, stdout=out, stderr=subprocess.STDOUT, env=env_for(directory) | environment
            )
        until(lambda: self.process.poll() is not None or self._accepts())

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    @property
    def client_environment(self) -> dict[str, str]:
        return {
            "HTTPS_PROXY": f"http://127.0.0.1:{self.port}",
            "REQUESTS_CA_BUNDLE": str(self.confdir / "mitmproxy-ca-cert.pem"),
        }

    def end(self) -> int:
        self.process.terminate()
        return self.process.wait(20)

    def connect(self, target: str) -> socket.socket:
        """A CONNECT to `host:port`; the raw connection after the proxy's answer, which
        is kept in `answer`.
        """
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
        self.answer = b""
        while b"\r\n\r\n" not in self.answer:
            self.answer += connection.recv(1)
        return connection


@pytest.fixture
def mitmdump(tmp_path: Path) -> Iterator[Dump]:
    started: list[Mitmdump] = []

    def start(*settings: str, **how: Any) -> Mitmdump:
        started.append(Mitmdump(tmp_path, *settings, **how))
        return started[-1]

    yield start
    end_all(one.process for one in started)


def test_it_records_offline_and_dials_nobody(mitmdump: Dump, tmp_path: Path) -> None:
    file = tmp_path / "calls.jsonl"
    proxy = mitmdump(f"segment_pendo_record={file}")
    done = app(IDENTIFY, GROUP, **proxy.client_environment)
    assert done.returncode == 0, done.stderr
    calls = calls_of(file)
    assert [(c.call["type"], c.call["userId"]) for c in calls] == [("identify", "u-1"), ("group", "u-1")]
    assert all(c.outcome == "webhook" for c in calls)
    assert "WRITE_KEY_of_an_app" not in file.read_text()
    proxy.end()
    only_loopback(proxy.seen)


def test_it_forwards(mitmdump: Dump, server: Server) -> None:
    proxy = mitmdump(f"segment_pendo_to={server.url}", SEGMENT_PENDO_API_KEY=KEY)
    assert app(IDENTIFY, GROUP, **proxy.client_environment).returncode == 0
    until(lambda: len(server.seen) == 2)
    assert {s.path for s in server.seen} == {f"/data/segmentio/{KEY}"}
    assert [json.loads(s.body)["type"] for s in server.seen] == ["identify", "group"]
    proxy.end()
    only_loopback(proxy.seen)
    assert KEY not in proxy.out.read_text()


def test_it_does_both_and_delivers_before_it_ends(mitmdump: Dump, server: Server, tmp_path: Path) -> None:
    server.delay = 0.5
    file = tmp_path / "calls.jsonl"
    proxy = mitmdump(
        f"segment_pendo_to={server.url}", f"segment_pendo_record={file}", SEGMENT_PENDO_API_KEY=KEY
    )
    assert app(IDENTIFY, GROUP, **proxy.client_environment).returncode == 0
    proxy.end()
    assert len(server.seen) == 2
    assert len(calls_of(file)) == 2


def test_neither_reports(mitmdump: Dump) -> None:
    proxy = mitmdump()
    assert app(IDENTIFY, "analytics.track('u-1', 'E')", **proxy.client_environment).returncode == 0
    proxy.end()
    shown = proxy.out.read_text()
    assert re.search(r"identify  u-1 +webhook   2 of 2 traits\n", shown)
    assert "skipped NO_MATCHING_MAPPING" in shown
    assert "Traceback" not in shown


NESTED = "analytics.identify('u-2', {'address': {'city': 'Bonn'}})"
SEEN_AS_CALLS = "- identify u-1: >\n    delivered as visitor u-1; both traits become metadata."


def test_its_content_view_is_printed_and_files_of_flows_keep_the_outcome(
    mitmdump: Dump, tmp_path: Path
) -> None:
    file = tmp_path / "flows"
    proxy = mitmdump(arguments=["--flow-detail", "3", "-w", str(file)])
    assert app(IDENTIFY, "analytics.flush()", NESTED, **proxy.client_environment).returncode == 0
    proxy.end()
    shown = proxy.out.read_text()
    assert SEEN_AS_CALLS.replace("\n", "\n    ") in shown
    assert "warning NESTED_IGNORED at $.traits.address" in shown
    assert "Addon error" not in shown
    with file.open("rb") as flows:
        kept = [(flow.comment, flow.marked) for flow in FlowReader(flows).stream()]
    assert kept == [
        ("segment-pendo: identify u-1: webhook", ":heavy_check_mark:"),
        ("segment-pendo: identify u-2: webhook; warning NESTED_IGNORED", ":warning:"),
    ]


def test_mitmweb_shows_calls_webhooks_and_outcomes(mitmdump: Dump) -> None:
    port = free_port()
    arguments = ["--web-port", str(port), "--no-web-open-browser"]
    proxy = mitmdump("web_password=of-a-test", program="mitmweb", arguments=arguments)
    assert app(IDENTIFY, **proxy.client_environment).returncode == 0
    plain_request(proxy.port, f"http://127.0.0.1:{free_port()}/data/segmentio/{KEY}", WEBHOOK)
    web, signed_in = f"http://127.0.0.1:{port}", {"Authorization": "Bearer of-a-test"}
    _, flows = get(f"{web}/flows", **signed_in)
    batch, webhook = sorted(flows, key=lambda flow: flow["request"]["path"], reverse=True)
    assert (batch["comment"], batch["marked"]) == ("segment-pendo: identify u-1: webhook", "✔")
    shown = [
        get(f"{web}/flows/{flow['id']}/request/content/auto.json", **signed_in)[1]
        for flow in (batch, webhook)
    ]
    assert [view["view_name"] for view in shown] == ["Segment", "Pendo"]
    assert SEEN_AS_CALLS in shown[0]["text"]
    assert "- identify u-9: >" in shown[1]["text"]
    assert 'firstname: "Ann"  # sent as firstName' in shown[1]["text"]
    assert KEY not in shown[1]["text"]
    proxy.end()


WEBHOOK = b'{"type":"identify","userId":"u-9","traits":{"firstName":"Ann"}}'


def plain_request(port: int, url: str, body: bytes) -> None:
    """Send a POST through the proxy, and wait for its answer, whatever that is."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        host = url.split("/")[2]
        head = f"POST {url} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        assert connection.recv(12).startswith(b"HTTP/1.1 ")


def test_pass_sends_the_request_on_and_maps_it_as_well(
    mitmdump: Dump, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "calls.jsonl"
    proxy = mitmdump(
        "segment_pendo_segment=pass",
        "segment_pendo_hosts=collect.example.test",
        f"segment_pendo_record={file}",
        MAP_HOST=f"collect.example.test:{server.port}",
    )
    body = b'{"type":"identify","userId":"u-1"}'
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=10) as connection:
        head = (
            "POST http://collect.example.test/v1/identify HTTP/1.1\r\nHost: "
            f"collect.example.test\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)
        assert connection.recv(12) == b"HTTP/1.1 200"
    (seen,) = server.seen
    assert (seen.path, seen.body) == ("/v1/identify", body)
    assert [c.call["userId"] for c in calls_of(file)] == ["u-1"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("segment_pendo_to=us", "SEGMENT_PENDO_API_KEY"),
        ("segment_pendo_to=mars", "must be one of us, eu"),
        ("segment_pendo_record=/no/such/directory/x", "cannot be written"),
    ],
)
def test_a_wrong_option_is_told(mitmdump: Dump, setting: str, words: str) -> None:
    environment = {} if "to=us" in setting else {"SEGMENT_PENDO_API_KEY": KEY}
    proxy = mitmdump(setting, **environment)
    assert proxy.process.wait(20) != 0
    shown = proxy.out.read_text()
    assert words in shown
    assert KEY not in shown


def test_a_foreign_tls_site_keeps_its_certificate(mitmdump: Dump, server: Server, tmp_path: Path) -> None:
    certificate = server.use_tls("shop.example", tmp_path)
    proxy = mitmdump(MAP_HOST=f"shop.example:{server.port}")
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with (
        proxy.connect("shop.example:443") as connection,
        trusting.wrap_socket(connection, server_hostname="shop.example") as tls,
    ):
        assert tls.getpeercert(binary_form=True) == ssl.PEM_cert_to_DER_cert(certificate)


def test_scripts_come_from_the_cdn_and_settings_from_us(
    mitmdump: Dump, server: Server, tmp_path: Path
) -> None:
    server.use_tls("cdn.segment.com", tmp_path)
    proxy = mitmdump("ssl_insecure=true", MAP_HOST=f"cdn.segment.com:{server.port}")
    trusting = ssl.create_default_context(cafile=str(proxy.confdir / "mitmproxy-ca-cert.pem"))
    answers = []
    for path in ("/v1/projects/WK/settings", "/analytics.js/v1/WK/analytics.min.js"):
        with (
            proxy.connect("cdn.segment.com:443") as connection,
            trusting.wrap_socket(connection, server_hostname="cdn.segment.com") as tls,
        ):
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: cdn.segment.com\r\nConnection: close\r\n\r\n".encode())
            answers.append(b"".join(iter(lambda: tls.recv(65536), b"")))
    assert b'"apiKey":"WK"' in answers[0]
    assert [seen.path for seen in server.seen] == ["/analytics.js/v1/WK/analytics.min.js"]
    assert answers[1].startswith(b"HTTP/1.1 200")


def test_other_connections_stay_as_they_are(mitmdump: Dump) -> None:
    proxy = mitmdump()
    greeter = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        connection, _ = greeter.accept()
        connection.sendall(b"220 hello\r\n")
        connection.close()

    threading.Thread(target=greet, daemon=True).start()
    with proxy.connect(f"127.0.0.1:{greeter.getsockname()[1]}") as connection:
        assert b" 200 " in proxy.answer
        assert connection.recv(100) == b"220 hello\r\n", "a protocol in which the server speaks first"
    with proxy.connect(f"127.0.0.1:{free_port()}"):
        assert b" 502 " in proxy.answer, "a dead port is not answered for"
    greeter.close()


def test_a_longer_name_is_not_segments(mitmdump: Dump, server: Server) -> None:
    proxy = mitmdump(MAP_HOST=f"api.segment.io.evil.example:{server.port}")
    with proxy.connect("api.segment.io.evil.example:80") as connection:
        connection.sendall(
            b"POST /v1/identify HTTP/1.1\r\nHost: api.segment.io.evil.example\r\nContent-Length: 2\r\n\r\n{}"
        )
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert [s.path for s in server.seen] == ["/v1/identify"], "it went where it was going"


def test_the_verb_prints_where_the_addon_is() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "segment_pendo", "addon"], capture_output=True, text=True, env=dict(os.environ)
    )
    assert Path(done.stdout.strip()).samefile(ADDON)

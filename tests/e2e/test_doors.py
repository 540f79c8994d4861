"""Clients other than Python's SDK, at every door."""

import json
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from h2.connection import H2Connection
from h2.events import ResponseReceived
from processes import KEY, Server, Start, get

CALLS = [
    {"type": "identify", "userId": "u-1", "traits": {"plan": "pro"}},
    {"type": "group", "userId": "u-1", "groupId": "acme", "traits": {"name": "Acme"}},
    *({"type": "identify", "userId": f"many-{i}", "traits": {"i": i}} for i in range(100)),
]
BODY = json.dumps({"batch": CALLS})


def curl(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("curl")
    assert program, "curl is not installed"
    line = [program, "-sS", "--max-time", "20", "-w", "\n%{http_code} %{http_version}", *arguments]
    return subprocess.run(
        line, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **environment}, timeout=30
    )


def arrived(home: str) -> None:
    """The calls of BODY stand in Pendo's records."""
    assert get(f"{home}/_/wait?count=102&timeout=10")[0] == 200
    assert get(f"{home}/api/v1/visitor/many-99")[1]["metadata"]["segmentio"] == {"i": 99}
    assert get(f"{home}/api/v1/visitor/u-1")[1]["metadata"]["segmentio"] == {"plan": "pro"}
    assert get(f"{home}/api/v1/visitor/u-1")[1]["accountIds"] == ["acme"]
    assert get(f"{home}/api/v1/account/acme")[1]["metadata"]["segmentio"] == {"name": "Acme"}


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl_through_the_proxy(run: Start, version: str) -> None:
    running = run()
    done = curl(
        version,
        "-u",
        "WK:",
        "-d",
        BODY,
        "https://api.segment.io/v1/batch",
        https_proxy=running.doors["proxy"],
        CURL_CA_BUNDLE=running.doors["ca"],
    )
    assert done.stdout == '{"success": true}\n200 1.1', done.stderr
    arrived(running.home)


def test_a_client_that_speaks_http2_alone_through_the_proxy(run: Start) -> None:
    running = run()
    context = ssl.create_default_context(cafile=running.doors["ca"])
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", int(running.doors["proxy"].rpartition(":")[2])), 20) as plain:
        plain.sendall(b"CONNECT api.segment.io:443 HTTP/1.1\r\nHost: api.segment.io:443\r\n\r\n")
        assert plain.recv(1000).startswith(b"HTTP/1.1 200")
        with context.wrap_socket(plain, server_hostname="api.segment.io") as tls:
            assert tls.selected_alpn_protocol() == "h2"
            assert posted_by_http2(tls, "/v1/batch", BODY.encode()) == b"200"
    arrived(running.home)


def posted_by_http2(tls: ssl.SSLSocket, path: str, body: bytes) -> bytes:
    """Return the status of the answer to a POST."""
    http2 = H2Connection()
    http2.initiate_connection()
    head = {":method": "POST", ":authority": "api.segment.io", ":scheme": "https", ":path": path}
    http2.send_headers(1, [*head.items()])
    http2.send_data(1, body, end_stream=True)
    while True:
        tls.sendall(http2.data_to_send())
        for event in http2.receive_data(tls.recv(65536)):
            if isinstance(event, ResponseReceived):
                return dict(event.headers)[b":status"]


def test_a_foreign_page_does_not_reach_a_real_pendo_through_the_proxy(run: Start) -> None:
    running = run("--to", "https://pendo.invalid", "--allow-production", SEGMENT_PENDO_API_KEY=KEY)
    for site, status in (("cross-site", 403), ("same-origin", 200)):
        done = curl(
            *("-H", f"Sec-Fetch-Site: {site}", "-d", BODY, "https://api.segment.io/v1/batch"),
            https_proxy=running.doors["proxy"],
            CURL_CA_BUNDLE=running.doors["ca"],
        )
        assert f"\n{status} " in done.stdout, done.stderr
    assert len(get(f"{running.home}/_/calls?limit=500")[1]["calls"]) == 102


@pytest.mark.parametrize(
    "form",
    [
        ["-d", BODY],
        ["-H", "Transfer-Encoding: chunked", "-d", BODY],
        ["-H", "Expect: 100-continue", "-d", BODY],
        ["--http1.0", "-d", BODY],
    ],
)
def test_curl_at_the_home_port(run: Start, form: list[str]) -> None:
    running = run("--no-proxy")
    assert curl(*form, f"{running.home}//v1/batch/").stdout.startswith('{"success": true}\n200')
    arrived(running.home)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "api.segment.io"])
def test_curl_at_the_tls_door(run: Start, name: str) -> None:
    running = run("--tls-port", "0", "--no-proxy")
    port = running.doors["tls"].rpartition(":")[2]
    url = f"https://{name}:{port}/v1/import"
    done = curl("--resolve", f"{name}:{port}:127.0.0.1", "--cacert", running.doors["ca"], "-d", BODY, url)
    assert done.stdout.startswith('{"success": true}\n200'), done.stderr
    arrived(running.home)


def test_the_tls_door_needs_the_extra(run: Start, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="TLS at the home port needs"):
        run("--tls-port", "0", WITHOUT="mitmproxy")


def test_a_foreign_tls_site_keeps_its_certificate(run: Start, server: Server, tmp_path: Path) -> None:
    certificate = server.use_tls("shop.example", tmp_path)
    running = run(MAP_HOST=f"shop.example:{server.port}")
    trusted = [
        "-x",
        running.doors["proxy"],
        "--cacert",
        str(tmp_path / "mitmproxy-ca-cert.pem"),
        "-w",
        "%{certs}",
    ]
    done = curl(*trusted, "https://shop.example/x")
    assert "".join(certificate.split()) in "".join(done.stdout.split()), done.stderr
    assert [seen.path for seen in server.seen] == ["/x"]
    assert get(f"{running.home}/_/calls")[1]["calls"] == []


def test_absolute_form_in_clear_as_an_old_axios_sends_it(run: Start) -> None:
    running = run()
    done = curl("-x", running.doors["proxy"], "-d", BODY, "http://api.segment.io/v1/batch")
    assert done.stdout.startswith('{"success": true}\n200'), done.stderr
    arrived(running.home)


def test_one_connection_with_calls_for_several_hosts(run: Start, server: Server) -> None:
    """A request line in absolute form names another host each time; none may get what is another's."""
    running = run()
    with socket.create_connection(("127.0.0.1", int(running.doors["proxy"].rpartition(":")[2])), 20) as plain:
        head = f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n"
        ours = f"POST http://api.segment.io/v1/batch HTTP/1.1\r\nHost: api.segment.io\r\n{head}{BODY}"
        theirs = f"POST {server.url}/x HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}{BODY}"
        plain.sendall(ours.encode() + theirs.encode())
        came = b"".join(iter(lambda: plain.recv(65536), b""))
    assert came.count(b"HTTP/1.1 200") == 1
    assert b"\r\nConnection: close\r\n" in came
    assert server.seen == []  # the client has to send it again, on a connection of its own
    arrived(running.home)
    assert get(f"{running.home}/_/calls?door=proxy&limit=1")[1]["calls"]
    assert not get(f"{running.home}/_/calls?door=home&limit=1")[1]["calls"]


def test_other_hosts_go_through_the_proxy_that_was_there_before(run: Start, server: Server) -> None:
    asked: list[str] = []
    before = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            connection, _ = before.accept()
            head = connection.recv(65536).decode()
            asked.append(
                head.partition("\r\n")[0] + ("" if "Basic bWU6cHc=" in head else " without credentials")
            )
            there = socket.create_connection(("127.0.0.1", server.port))
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            there.sendall(connection.recv(65536))
            connection.sendall(there.recv(65536))
            connection.close()
            there.close()

    threading.Thread(target=serve, daemon=True).start()
    running = run(HTTPS_PROXY=f"http://me:pw@127.0.0.1:{before.getsockname()[1]}")
    assert "me:pw" not in running.err.read_text()
    done = curl("-p", "-x", running.doors["proxy"], "http://shop.example:80/x")
    assert done.stdout.endswith("200 1.1"), done.stderr
    done = curl(
        "-u",
        "WK:",
        "-d",
        BODY,
        "https://api.segment.io/v1/batch",
        https_proxy=running.doors["proxy"],
        CURL_CA_BUNDLE=running.doors["ca"],
    )
    assert done.stdout.startswith('{"success": true}\n200'), done.stderr
    arrived(running.home)
    assert asked == ["CONNECT shop.example:80 HTTP/1.1"], "and nothing of Segment's"
    assert [seen.path for seen in server.seen] == ["/x"]
    before.close()


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "127.1"]
)
def test_nothing_of_ours_is_reached_through_the_proxy(run: Start, name: str) -> None:
    running = run()
    curl("-d", BODY, f"{running.home}/v1/batch")
    port = running.home.rpartition(":")[2]
    for path in ("/_/calls", "/_/metrics", "/_/sessions", "/", "/api/v1/visitor/u-1"):
        for tunnel in ([], ["-p"]):
            # The Host of the request itself is one that the home port would trust.
            trusted = ["-H", f"Host: 127.0.0.1:{port}"]
            done = curl(*tunnel, *trusted, "-x", running.doors["proxy"], f"http://{name}:{port}{path}")
            assert "segmentio" not in done.stdout
            assert not any(word in done.stdout for word in ("outcome", "segment_pendo_", '"sessions"'))
            assert done.stdout.rpartition("\n")[2].split()[0] in {"403", "404", "502", "000"}, done.stdout
    for asked in (["/_/calls"], ["/_/metrics"], ["/_/sessions", "-d", ""], ["/_/calls", "-X", "DELETE"]):
        done = curl(
            "-x", running.doors["proxy"], "--cacert", running.doors["ca"], "-H", "X-Segment-Pendo: 1",
            f"https://api.segment.io{asked[0]}", *asked[1:],
        )  # fmt: skip
        assert json.loads(done.stdout.rpartition("\n")[0])["code"] == "unknown_path"
    assert get(f"{running.home}/_/sessions")[1]["sessions"] == []
    assert get(f"{running.home}/_/health")[1]["totals"]["calls"] == len(CALLS)


def send(home: str, *arguments: str, data: str = "") -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "segment_pendo", "send", *arguments, "--url", home]
    return subprocess.run(line, input=data, capture_output=True, text=True, timeout=30)


def test_send_makes_calls_without_an_app(run: Start) -> None:
    running = run("--no-proxy", "--track")
    for sdk in ("python", "node", "browser", "ruby", "go", "php"):
        done = send(
            running.home,
            "identify",
            f"u-{sdk}",
            "--trait",
            "plan=pro=x",
            "--trait-json",
            "n=[1, 2]",
            "--as",
            sdk,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["status"] == 200
        assert get(f"{running.home}/_/wait?count=1&timeout=10&user=u-{sdk}")[0] == 200
        assert get(f"{running.home}/api/v1/visitor/u-{sdk}")[1]["metadata"]["segmentio"] == {
            "plan": "pro=x",
            "n": [1, 2],
        }
    assert send(running.home, "group", "acme", "u-go", "--trait", "name=Acme").returncode == 0
    assert send(running.home, "track", "u-go", "Signed Up", "--property", "a=b").returncode == 0
    assert send(running.home, "page", "u-go", "Home").returncode == 0
    assert (
        send(running.home, "batch", data="".join(json.dumps(call) + "\n" for call in CALLS)).returncode == 0
    )
    arrived(running.home)
    assert get(f"{running.home}/api/v1/account/acme")[1]["metadata"]["segmentio"] == {"name": "Acme"}


def test_send_says_what_is_wrong(run: Start) -> None:
    running = run("--no-proxy")
    for arguments, data, code, words in [
        (["identify", "u", "--trait", "x"], "", 2, "'x' is not KEY=VALUE"),
        (["identify", "u", "--trait-json", "x=y"], "", 2, "is not JSON"),
        (["batch"], '{"type":"identify","userId":"u"}\n{"no":"type"}', 3, "line 2: "),
        (["batch"], '{"type":"identify","userId":"u","traits":{"x":"' + "y" * 600_000 + '"}}', 1, ""),
    ]:
        done = send(running.home, *arguments, data=data)
        assert done.returncode == code, done.stderr
        assert words in done.stderr
    assert get(f"{running.home}/_/calls")[1]["calls"] == []
    nobody = send("http://127.0.0.1:9", "identify", "u")
    assert (nobody.returncode, "Start it with: segment-pendo run" in nobody.stderr) == (4, True)

"""A run at another address of this machine than loopback: who reaches what, and what is printed."""

import json
import os
import pty
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from addresses import other_address
from processes import RUN, Running, Server, Start, env_for, free_port, until

ADDRESS = other_address()
CALL = json.dumps({"userId": "phone", "traits": {"plan": "pro"}, "writeKey": "k"}).encode()


def outside(running: Running, url: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    """What a machine in the network gets through the proxy at that address."""
    port = running.doors["proxy"].rpartition(":")[2]
    proxy = urllib.request.ProxyHandler(dict.fromkeys(("http", "https"), f"http://{ADDRESS}:{port}"))
    return answered(urllib.request.build_opener(proxy), url, body, headers)


def answered(
    opener: urllib.request.OpenerDirector, url: str, body: bytes | None, headers: dict[str, str]
) -> tuple[int, str]:
    try:
        with opener.open(urllib.request.Request(url, body, headers), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except urllib.error.URLError as error:  # CONNECT was refused
        return 0, str(error.reason)


def direct(running: Running, path: str, body: bytes | None = None, **headers: str) -> tuple[int, str]:
    url = f"http://{ADDRESS}:{running.home.rpartition(':')[2]}{path}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return answered(opener, url, body, headers)


def test_a_phone_sends_calls_and_sets_itself_up_but_reaches_nothing_of_this_machine(
    run: Start, tmp_path: Path
) -> None:
    running = run("--lan")
    assert direct(running, "/v1/identify", CALL) == (200, '{"success": true}')
    assert outside(running, "http://api.segment.io/v1/identify", CALL)[0] == 200
    assert "mitmproxy" in outside(running, "http://mitm.it/")[1]
    certificate = Path(running.doors["ca"]).read_text()
    assert outside(running, "http://mitm.it/cert/pem")[1].strip() in certificate
    (mounted,) = re.findall(r"-v (\S+):/ca.pem:ro", running.err.read_text())
    assert Path(mounted).read_text().endswith(certificate)
    assert Path(mounted).read_text().count("BEGIN CERTIFICATE") > 10  # for other hosts of a container
    secret = Server(body=b"of this machine alone")
    secret.start()
    for name in ("127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"):
        status, text = outside(running, f"http://{name}:{secret.port}/")
        assert (status, "of this machine alone" in text) == (502, False), name
        assert "403" in outside(running, f"https://{name}:{secret.port}/")[1], name
    assert secret.seen == []
    token = (tmp_path / "run0" / "state" / "segment-pendo" / "token").read_text().strip()
    for path in ("/", "/_/calls", "/api/v1/visitor/phone"):
        assert direct(running, path)[0] == 401
        assert direct(running, path, Authorization=f"Bearer {token}")[0] == 200
    calls = json.loads(direct(running, "/_/calls", Authorization=f"Bearer {token}")[1])["calls"]
    assert [call["user"] for call in calls] == ["phone", "phone"]
    running.end()
    told = running.err.read_text()
    assert f"LAN    http://{ADDRESS}:" in told
    assert "http://mitm.it" in told
    assert token not in told + running.out.read_text(), "what is printed here is a file"


def test_without_lan_there_is_no_proxy_and_calls_need_a_choice(run: Start) -> None:
    running = run("--host", ADDRESS)
    assert direct(running, "/v1/identify", CALL)[0] == 403
    port = running.doors["proxy"].rpartition(":")[2]
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((ADDRESS, int(port)))
    assert "calls are refused there (--open-ingest)" in running.err.read_text()


def test_a_terminal_gets_the_address_with_the_token_and_its_picture(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    port = free_port()
    line = [*RUN[:-1], str(port), "--no-proxy", "--host", ADDRESS]
    with subprocess.Popen(line, env=env_for(tmp_path), stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        seen = b""

        def told() -> bool:
            nonlocal seen
            seen += os.read(ours, 65536)
            return b"\xe2\x96\x84" in seen and b"?token=" in seen  # a half block

        until(told)
        process.terminate()
    token = (tmp_path / "state" / "segment-pendo" / "token").read_text().strip()
    assert f"http://{ADDRESS}:{port}/?token={token}" in seen.decode("utf-8", "replace").replace("\r\n", "")


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--host", "127.0.0.1"], 2, "no address beyond loopback"),
        (["--host", "box.test"], 2, "give an IP address"),
        (["--host", "198.51.100.7"], 4, "198.51.100.7 is no address of this machine"),
        (["--open-ingest"], 2, "need --host ADDRESS or --lan"),
        (["--lan", "--to", "us"], 2, "give --open-ingest as well"),
    ],
)
def test_what_is_not_safe_or_not_there_is_told(
    tmp_path: Path, options: list[str], code: int, words: str
) -> None:
    line = [sys.executable, "-m", "segment_pendo", "run", "--port", "0", *options]
    done = subprocess.run(line, env=env_for(tmp_path), capture_output=True, text=True, timeout=60)
    assert (done.returncode, " ".join(done.stderr.split()).find(words) >= 0) == (code, True), done.stderr

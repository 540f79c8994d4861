"""Production's settings at every door of a run: from a file, and from what stands there as the real CDN."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from processes import RUN, Server, Start, env_for, get, only_loopback

HOST = "events.eu1.segmentapis.com/v1"
SETTINGS: Any = {
    "integrations": {"Webhooks": {}, "Segment.io": {"apiHost": HOST, "apiKey": "KEY1"}},
    "plan": {"track": {"Blocked": {"enabled": False}}},
    "metrics": {"host": HOST},
}
PATH = "/v1/projects/KEY1/settings"


def changed(host: str, protocol: str) -> Any:
    segment = {"apiHost": host, "apiKey": "KEY1", "protocol": protocol}
    return SETTINGS | {"integrations": {"Webhooks": {}, "Segment.io": segment}, "metrics": {"host": host}}


def curl(*arguments: str) -> Any:
    """The JSON that curl is answered."""
    line = ["curl", "-sSf", "--max-time", "20", *arguments]
    done = subprocess.run(line, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"}, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_door_serves_the_file(run: Start, tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(SETTINGS))
    running = run("--cdn-settings", str(file), "--tls-port", "0")
    home, tls, trusted = running.home, running.doors["tls"], ["--cacert", running.doors["ca"]]
    assert curl(home + PATH) == changed(f"{home.removeprefix('http://')}/v1", "http")
    assert curl(*trusted, tls + PATH) == changed(f"{tls.removeprefix('https://')}/v1", "https")
    through = [*trusted, "-x", running.doors["proxy"], f"https://cdn.segment.com{PATH}"]
    assert curl(*through) == changed("api.segment.io/v1", "https")
    assert running.end() == 0
    only_loopback(running.seen_file)
    assert f"Settings of browsers are those in {file}" in running.err.read_text()
    assert "KEY1" not in running.err.read_text() + running.out.read_text()


def test_the_real_cdn_is_asked_if_that_is_wanted(run: Start, server: Server, tmp_path: Path) -> None:
    server.use_tls("cdn.segment.com", tmp_path)
    server.body = json.dumps(SETTINGS).encode()
    authority = str(tmp_path / "mitmproxy-ca-cert.pem")
    running = run(
        "--cdn-settings", "fetch", MAP_HOST=f"cdn.segment.com:{server.port}", SSL_CERT_FILE=authority
    )
    through = ["--cacert", running.doors["ca"], "-x", running.doors["proxy"]]
    assert curl(*through, f"https://cdn.segment.com{PATH}") == changed("api.segment.io/v1", "https")
    assert [(seen.path, seen.headers["Host"]) for seen in server.seen] == [(PATH, "cdn.segment.com")]
    server.status = 500
    status, ours = get(running.home + PATH)
    assert (status, list(ours["integrations"])) == (200, ["Segment.io"])
    assert ours["integrations"]["Segment.io"]["apiKey"] == "KEY1"
    assert running.end() == 0
    said = running.err.read_text()
    assert "Settings of browsers are fetched from the real cdn.segment.com" in said
    assert "could not be fetched: cdn.segment.com answered 500." in said
    assert "KEY1" not in said


@pytest.mark.parametrize(
    ("options", "settings", "code", "words"),
    [
        (["--cdn-settings", "none.json"], "", 3, "none.json cannot be served: No such file"),
        (["--cdn-settings", "segment-pendo.toml"], "", 3, "cannot be served: it is not JSON"),
        (["--cdn-settings", "fetch", "--offline"], "", 2, "--offline forbids it"),
        (["--cdn-settings", "--offline"], "", 2, "a file name is missing"),
        ([], 'cdn_settings = "none.json"', 3, "none.json cannot be served: No such file"),
        ([], 'cdn_settings = "fetch"', 3, "fetch cannot be served: No such file"),
    ],
)
def test_what_cannot_be_served_ends_at_once(
    tmp_path: Path, options: list[str], settings: str, code: int, words: str
) -> None:
    (tmp_path / "segment-pendo.toml").write_text(settings)
    line, env = [*RUN, *options, "--", "true"], env_for(tmp_path)
    done = subprocess.run(line, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr

"""What `run -- CMD` says of calls that did not come, beside those that did."""

import subprocess
from pathlib import Path

from processes import RUN, Start, env_for, until

SYSTEM = "/etc/ssl/certs/ca-certificates.crt"
IDENTIFY = """https://api.segment.io/v1/identify -d '{"userId": "u-1"}'"""


def shell(directory: Path, line: str) -> str:
    """What `run` says of a shell command."""
    command = [*RUN, "--", "sh", "-c", line]
    done = subprocess.run(
        command, cwd=directory, env=env_for(directory), capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_a_client_that_trusts_only_its_own_cas_is_named_though_another_came(tmp_path: Path) -> None:
    said = shell(tmp_path, f"curl -s --cacert {SYSTEM} {IDENTIFY}; curl -s {IDENTIFY}")
    assert "1 call" in said
    assert " refused the proxy's certificate for Segment (1 time)" in said
    assert "\ncurl/" in said


def test_where_all_came_nothing_is_said(tmp_path: Path) -> None:
    said = shell(tmp_path, f"curl -s {IDENTIFY}; curl -s --http2 {IDENTIFY}")
    assert "2 calls" in said
    assert "to Segment" not in said.partition("2 calls")[2]


def test_hosts_of_the_apps_own_are_named_for_segment_host(tmp_path: Path) -> None:
    urls = ("https://segment.app.invalid", "http://app.invalid", "https://api.app.invalid")
    said = shell(tmp_path, "; ".join([*(f"curl -s -m 9 {url}/v1/batch -d {{}}" for url in urls), "true"]))
    assert "No Segment call was seen. What was seen:" in said
    assert "add --segment-host segment.app.invalid." in said
    assert "add --segment-host app.invalid." in said
    assert "--segment-host api.app.invalid" not in said


def test_settings_alone_and_a_process_left_behind(tmp_path: Path) -> None:
    said = shell(tmp_path, "curl -s https://cdn.segment.com/v1/projects/K/settings >/dev/null; sleep 60 &")
    assert "an SDK asked for its settings (1 time), and sent nothing" in said
    assert "the command ended before something that it had started" in said


def test_a_run_without_a_command_names_who_refused_the_certificate_at_once_and_at_its_end(run: Start) -> None:
    running = run()
    line = ["curl", "-s", "-A", "shop", "--proxy", running.doors["proxy"], "--cacert", SYSTEM]
    done = subprocess.run([*line, "https://api.segment.io"], check=False)
    assert done.returncode == 60  # curl's own code: it does not know the CA
    until(lambda: "shop refused our certificate for api.segment.io: " in running.err.read_text())
    assert running.end() == 0
    assert "shop refused the proxy's certificate for Segment (1 time)" in running.err.read_text()

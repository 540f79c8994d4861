"""Why calls may be missing: what was seen of them, and no more."""

from pathlib import Path
from typing import Any

import pytest

from segment_pendo.cli.run.hints import Ended, missing, no_calls
from segment_pendo.segment.hosts import INTERCEPTED, likeness
from segment_pendo.serve.launching.misses import Misses, note

WELL = Ended(0)


def said(misses: Misses, folder: Path, ended: Ended = WELL, **more: Any) -> str:
    return no_calls(misses, ended, folder, with_proxy=True, **more)


def test_where_nothing_was_seen_there_are_only_likely_causes(tmp_path: Path) -> None:
    assert missing(Misses()) == []
    assert said(Misses(), tmp_path).startswith("No Segment call was seen. Likely causes:\n  - its ")


def test_a_run_that_delivers_earlier_webhooks_need_not_bring_calls(tmp_path: Path) -> None:
    assert said(Misses(), tmp_path, resumed=True) == ""
    seen = said(Misses(), tmp_path, resumed=True, settings=1)
    assert "an SDK asked for its settings" in seen
    assert "before it sent a call" in said(Misses(), tmp_path, Ended(1), resumed=True)


def test_a_command_that_failed_says_why_itself(tmp_path: Path) -> None:
    failed = Ended(1, name="python\x1b")
    assert said(Misses(), tmp_path, failed) == "python\\x1b ended with exit code 1 before it sent a call."
    (tmp_path / ".env").write_text("HTTPS_PROXY=http://other\n")
    misses = Misses()
    note(misses.silent, "okhttp/4")
    lines = said(misses, tmp_path, failed, settings=1).splitlines()
    assert lines[0].endswith("before it sent a call. What was seen:")
    assert [line.split()[1] for line in lines[1:]] == ["an", "okhttp/4", ".env"]


def test_a_refused_certificate_names_who_refused_it(tmp_path: Path) -> None:
    misses = Misses()
    note(misses.distrusting, "curl/8.1\x1b")
    (line,) = missing(misses)
    assert line.startswith("curl/8.1")
    assert "\x1b" not in line
    assert "refused the proxy's certificate for Segment (1 time)" in line
    assert line in said(misses, tmp_path)
    assert "Likely causes" not in said(misses, tmp_path)


def test_without_a_command_the_file_and_the_address_are_named() -> None:
    misses = Misses()
    misses.refused("curl/8.1", "api.segment.io")
    (line,) = missing(misses, "/ca.pem", "http://127.0.0.1:1")
    assert line.endswith("Add the CA of /ca.pem there, or set the SDK's host to http://127.0.0.1:1.")


def test_tls_without_a_request_is_pinning_or_an_early_end() -> None:
    misses = Misses()
    note(misses.silent, "okhttp/4")
    note(misses.silent, "okhttp/4")
    (line,) = missing(misses)
    assert line.startswith("okhttp/4 closed 2 connections to Segment without a request")


def test_a_host_of_the_apps_own_is_named(tmp_path: Path) -> None:
    misses = Misses()
    for host in ("segment.example.com", "analytics.example.com", "example.com"):
        note(misses.tunnelled, host)
    note(misses.posted, "calls.example.com")
    named = [line.rpartition("--segment-host ")[2] for line in missing(misses)]
    assert named == ["calls.example.com.", "segment.example.com."]
    assert "--segment-host analytics.example.com" in said(misses, tmp_path)


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("segment.example.com", "likely"),
        ("my-segment-proxy.example.com", "likely"),
        ("events.us1.segmentapis.com", "likely"),
        ("api.segmentapis.com", "no"),
        ("eu1.api.segmentapis.com", "no"),
        ("app.segment.com", "no"),
        ("segmentation.example.com", "no"),
        ("analytics.example.com", "maybe"),
        ("analytics.google.com", "no"),
        ("analytics.com", "no"),
        ("api.example.com", "no"),
    ],
)
def test_which_hosts_look_like_segment(host: str, kind: str) -> None:
    assert host not in INTERCEPTED
    assert likeness(host) == kind


def test_settings_without_a_call_and_what_was_left_running_and_refused(tmp_path: Path) -> None:
    misses = Misses()
    text = said(misses, tmp_path, Ended(0, left_running=True), refused=True, settings=2)
    assert "requests came, but were refused" in text
    assert "an SDK asked for its settings (2 times), and sent nothing" in text
    assert "the command ended before something that it had started" in text
    assert missing(misses) == []


def test_files_of_the_folder_that_set_variables_of_ours(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1\nexport https_proxy=http://ann:hunter2@proxy\n#NO_PROXY=*\n")
    (tmp_path / "package.json").write_text('{"scripts": {"dev": "NODE_OPTIONS=--inspect next dev"}}')
    text = said(Misses(), tmp_path)
    assert ".env here sets HTTPS_PROXY, which" in text
    assert "NO_PROXY" not in text
    assert "hunter2" not in text
    assert "a script of package.json here sets NODE_OPTIONS" in text


ADDED = '{"scripts": {"x": "NODE_OPTIONS=\\"$NODE_OPTIONS -x\\""}}'


@pytest.mark.parametrize("text", ["", "[]", '{"scripts": 1}', ADDED, "{"])
def test_other_files_say_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "package.json").write_text(text)
    (tmp_path / ".env").write_bytes(b"\xff")
    assert "package.json" not in said(Misses(), tmp_path)


def test_without_the_proxy_only_the_app_itself_can_come(tmp_path: Path) -> None:
    text = no_calls(Misses(), WELL, tmp_path, with_proxy=False)
    assert "with --no-proxy the app itself must send to $SEGMENT_PENDO_URL" in text
    assert "HTTPS_PROXY" not in text

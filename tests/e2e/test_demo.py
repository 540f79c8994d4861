"""The README's first command."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from processes import HEEDING, get, until

DEMO = (sys.executable, "-m", "segment_pendo", "demo")


def test_demo_shows_the_visitor_and_the_account_and_what_gets_lost() -> None:
    done = subprocess.run([*DEMO, "--once"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "visitor userId1" in shown
    assert (
        'name "Peter Gibbons" email "peter@example.com" plan "premium" logins 5 accounts '
        "0e8c78ea9d97a7b8185e8632" in shown
    )
    assert 'name "Initech" industry "Technology" employees 329 plan "enterprise"' in shown
    _, _, lost = shown.partition("Now four calls")
    for words in (
        "userId1 200 1 of 2 traits x address lost ! firstName -> firstname",
        "(anonymous a-1) 200 Pendo makes nothing of it",
        '"Signed Up" userId1 skip not selected (--track)',
        "(no id) LOST Segment drops it",
        "$ segment-pendo why userId1 firstName No: firstName of userId1 is not in Pendo as firstName",
    ):
        assert words in lost
    assert "Traceback" not in done.stderr
    assert "The page:" not in done.stdout, "it is gone when the demo has ended"


def test_demo_opens_the_page_that_it_names(tmp_path: Path) -> None:
    browser, opened, out = tmp_path / "browser", tmp_path / "opened", tmp_path / "out"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.part && mv {opened}.part {opened}\n', "ascii")
    browser.chmod(0o755)
    environment = os.environ | {"BROWSER": f"{browser} %s", "XDG_STATE_HOME": str(tmp_path / "state")}
    with out.open("wb") as file:
        demo = subprocess.Popen(
            [*HEEDING, *DEMO, "--open"],
            stdout=file,
            stderr=file,
            env=environment,
        )
    try:
        until(opened.exists)
        url = opened.read_text("ascii").strip()
        assert f"The page: {url}\n" in out.read_text("utf-8")
        status, page = get(url)
        assert (status, "<html" in page.lower()) == (200, True)
        until(lambda: "Ctrl-C ends it." in out.read_text("utf-8"))
        listed = subprocess.run(  # what other verbs find
            [sys.executable, "-m", "segment_pendo", "status"],
            capture_output=True,
            text=True,
            env=environment,
            timeout=30,
        )
        assert url.rstrip("/") in listed.stdout
        assert "$ segment-pendo why userId1 firstName\n" in out.read_text("utf-8"), "it is the only one"
    finally:
        demo.send_signal(signal.SIGINT)
        assert demo.wait(20) == 0


def test_a_page_that_is_gone_at_once_is_not_opened() -> None:
    done = subprocess.run([*DEMO, "--once", "--open"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, "leave one of them out" in done.stderr) == (2, True)

"""`run --browser`: a real browser whose calls to Segment come here, over TLS that it trusts."""

import os
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from chromium import served
from processes import RUN, Start, get, until

PAGE = """<!doctype html><link rel=icon href=data:,><title>shop</title><script>
fetch("https://api.segment.io/v1/identify", {
  method: "POST", body: JSON.stringify({type: "identify", userId: "ann", traits: {plan: "pro"}}),
});
</script>"""


# Without a window. Chromium shows one page only then, and so not that of the run.
BROWSERS = {
    "chromium": '#!/bin/bash\nexec /usr/bin/chromium --headless --disable-gpu "${@:1:$#-1}"\n',
    "firefox": '#!/bin/sh\nexec /usr/bin/firefox-esr --headless "$@"\n',
}


@pytest.fixture(params=BROWSERS)
def browser(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    program = tmp_path / str(request.param)
    program.write_text(BROWSERS[request.param])
    program.chmod(0o755)
    return program


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "index.html").write_text(PAGE)
    return folder


def processes_with(word: str) -> list[str]:
    listed = subprocess.run(["ps", "-ewwo", "args"], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if word in line]


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL], ids=["terminated", "killed"])
def test_a_page_sends_through_the_proxy_and_the_browser_ends_with_the_run(
    run: Start, browser: Path, shop: Path, end: int
) -> None:
    # A short name: a socket's, which Chromium puts there, has at most 108 bytes.
    with served(shop) as port, TemporaryDirectory(prefix="sp-", ignore_cleanup_errors=True) as temporary:
        page = f"http://127.0.0.1:{port}/"
        running = run("--browser", page, "--browser-program", str(browser), TMPDIR=temporary)
        assert get(f"{running.home}/_/wait?user=ann&timeout=20")[0] == 200
        profile = f"{temporary}/segment-pendo-browser-"
        assert processes_with(profile)
        os.kill(running.process.pid, end)
        running.process.wait(20)
        until(lambda: not processes_with(profile))


def test_what_cannot_be_opened_is_said(run: Start) -> None:
    for words, said in (
        (["--browser", "localhost:3000"], "is not a web address"),
        (["--browser", "--no-proxy"], "--browser needs the proxy"),
        (["--browser", "--browser-program", "no-such"], "There is no browser 'no-such' here"),
        (["--browser-program", "firefox"], "--browser, which is missing"),
    ):
        done = subprocess.run([*RUN, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode in {2, 8}
        assert said in done.stderr

"""A browser of its own for a run: an empty profile, our proxy, our CA trusted there and nowhere else."""

import asyncio
import base64
import hashlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from segment_pendo.base.hosts import is_loopback
from segment_pendo.base.prose import short
from segment_pendo.serve.environment import without_secrets
from segment_pendo.serve.launching.firefox_profile import BrowserError, write_profile
from segment_pendo.serve.launching.launcher import exit_code
from segment_pendo.serve.launching.watchdog import watchdog

__all__ = ["Browser", "BrowserError", "Showing", "found", "opened"]

# In the order in which they are looked for: names on PATH, and where macOS and Windows put them.
_NAMES: Final = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "brave-browser"),
    *("microsoft-edge", "microsoft-edge-stable", "msedge", "firefox", "firefox-esr"),
)
_MAC: Final = {
    "google-chrome": "Google Chrome.app/Contents/MacOS/Google Chrome",
    "chromium": "Chromium.app/Contents/MacOS/Chromium",
    "microsoft-edge": "Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "firefox": "Firefox.app/Contents/MacOS/firefox",
}
_WINDOWS: Final = {
    "google-chrome": r"Google\Chrome\Application\chrome.exe",
    "microsoft-edge": r"Microsoft\Edge\Application\msedge.exe",
    "firefox": r"Mozilla Firefox\firefox.exe",
}
# Nothing of the browser's own that would reach its maker, nor questions at its first start.
_QUIET: Final = (
    *("--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--disable-default-apps", "--disable-quic", "--password-store=basic"),
)
_BETWEEN: Final = 0.2  # seconds between two looks whether the app listens
_APP_SECONDS: Final = 120.0  # that the app has until it listens
_LAST_WORDS: Final = 5.0  # seconds that the browser has to end
_AT_ONCE: Final = 5.0  # seconds: who looks at a page takes longer
_TAIL: Final = 4000  # bytes of its stderr that are kept
_LONGEST: Final = 300  # of the line that is told


@dataclass(frozen=True, slots=True)
class Browser:
    """A program, and whether it is a Firefox: all others take Chromium's options."""

    program: str
    is_firefox: bool


@dataclass(frozen=True, slots=True)
class Showing:
    """Which browser is to show which page, beside the page of the run; an empty URL is that page alone."""

    browser: Browser
    url: str


def found(wanted: str = "") -> Browser:
    """Return the browser of a name or path; without one, the first that is installed. Raises BrowserError."""
    names = (wanted,) if wanted else _NAMES
    for name in names:
        for candidate in (name, *_elsewhere(name)):
            program = shutil.which(candidate)
            if program is not None:
                return Browser(program, "firefox" in Path(program).name.casefold())
    msg = f"No browser was found here (looked for {', '.join(_NAMES)}); name one with its path."
    if wanted:
        msg = f"There is no browser {wanted!r} here; name a program on PATH, or its path."
    raise BrowserError(msg)


def _elsewhere(name: str) -> Iterator[str]:
    platform: str = sys.platform  # else mypy looks at one of them alone
    if platform == "darwin" and name in _MAC:
        yield f"/Applications/{_MAC[name]}"
        yield str(Path.home() / "Applications" / _MAC[name])
    if platform == "win32" and name in _WINDOWS:
        for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            yield str(Path(os.environ.get(folder, "")) / _WINDOWS[name])


@asynccontextmanager
async def opened(
    showing: Showing, home: str, proxy: str, authority: Path, say: Callable[[str], None]
) -> AsyncIterator[None]:
    """While entered, show a page, and the home port's, in a browser whose requests go through the proxy.

    A page of this machine is awaited: its app may be starting, too. `say` is called where it does not come,
    or the browser cannot be started. Raises BrowserError.
    """
    urls = [*([showing.url] if showing.url else []), home]
    with tempfile.TemporaryDirectory(prefix="segment-pendo-browser-", ignore_cleanup_errors=True) as folder:
        line = _line(showing.browser, urls, proxy, authority, Path(folder))
        task = asyncio.create_task(_shown(line, urls[0], say))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def _line(browser: Browser, urls: Sequence[str], proxy: str, authority: Path, profile: Path) -> list[str]:
    """Return the command of a browser; write what its profile needs. Raises BrowserError."""
    if browser.is_firefox:
        write_profile(profile, proxy, authority)
        return [browser.program, "--no-remote", "--profile", str(profile), *urls]
    # Chromium's sandbox refuses root.
    as_root = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [
        browser.program,
        f"--user-data-dir={profile}",
        f"--proxy-server={proxy}",
        # mitmproxy makes all certificates with the CA's own key, so this is the key of each of them.
        f"--ignore-certificate-errors-spki-list={_key_digest(authority)}",
        *_QUIET,
        *as_root,
        *urls,
    ]


def _key_digest(authority: Path) -> str:
    """Return the SHA-256 of a certificate's public key (SPKI), as Chromium's option takes it."""
    from cryptography import x509  # noqa: PLC0415 - comes with mitmproxy, without which there is no proxy
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415

    key = x509.load_pem_x509_certificate(authority.read_bytes()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


async def _shown(line: Sequence[str], url: str, say: Callable[[str], None]) -> None:
    """Start a browser once its first page is there; end it when this is cancelled."""
    try:
        async with asyncio.timeout(_APP_SECONDS):
            await _answers(url)
    except TimeoutError:
        say(f"Nobody listens at {url} yet; the browser shows it all the same.")
    async with watchdog() as watch:
        try:
            process = await asyncio.create_subprocess_exec(
                *line,
                env=without_secrets(os.environ),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=os.name == "posix",  # Ctrl-C is for us; we end it
            )
        except OSError as error:
            say(f"The browser {line[0]} could not be started: {error.strerror}.")
            return
        watch(-process.pid)
        await _until_end(process, line[0], say)


async def _until_end(process: asyncio.subprocess.Process, program: str, say: Callable[[str], None]) -> None:
    """Wait for the end of a browser, or end it when this is cancelled; say where it ended at once."""
    assert process.stderr is not None
    began, tail = asyncio.get_running_loop().time(), bytearray()
    reading = asyncio.create_task(_read(process.stderr, tail))
    try:
        code = exit_code(await process.wait())
        if asyncio.get_running_loop().time() - began < _AT_ONCE:
            await asyncio.wait([reading], timeout=_BETWEEN)  # what it has started may hold stderr open
            say(_told(program, code, tail))
    finally:
        await _ended(process)
        reading.cancel()


async def _read(stream: asyncio.StreamReader, tail: bytearray) -> None:
    """Read to the end; keep the last bytes."""
    while data := await stream.read(_TAIL):
        tail += data
        del tail[:-_TAIL]


def _told(program: str, code: int, tail: bytearray) -> str:
    """Say how a browser ended that nobody can have looked at."""
    lines = [words for text in tail.decode("utf-8", "replace").splitlines() if (words := text.strip())]
    said = f": {short(lines[-1], _LONGEST)}" if lines else "; it said nothing. Start it by hand to see why."
    return f"The browser {program} ended at once, with exit code {code}{said}"


async def _answers(url: str) -> None:
    """Wait until somebody listens at a URL of this machine; others are taken to be there."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not is_loopback(host):
        return
    port = parts.port or (443 if parts.scheme == "https" else 80)
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection(host, port)
            writer.close()
            return
        await asyncio.sleep(_BETWEEN)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a browser and its helpers: politely, then at once."""

    def send(number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(process.pid, number)
            else:
                process.terminate()

    send(signal.SIGTERM)
    try:
        async with asyncio.timeout(_LAST_WORDS):
            await process.wait()
    except TimeoutError:
        send(getattr(signal, "SIGKILL", signal.SIGTERM))
        await process.wait()

"""Ask each client that is installed for one TLS request to a listener of ours, on 127.0.0.1."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from segment_pendo.cli.doctor.verdicts import Asked, Check, client, node_fetch, python_hook
from segment_pendo.serve.launching import launcher
from segment_pendo.serve.launching.trust import trusted

__all__ = ["HOST", "Trust", "checks"]

# Stands for Segment's hosts where a client is asked whether it comes to us: no such name leaves this machine.
HOST: Final = "segment.localhost"

_SECONDS: Final = 6.0
# As curl ends: 60 where the certificate is not trusted. 61: what is asked for is not installed.
_NOT_TRUSTED: Final = 60
_ABSENT: Final = 61
_URLLIB: Final = """
import ssl, sys, urllib.error, urllib.request
try:
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sys.argv[1], timeout=6).read()
except urllib.error.URLError as error:
    print(error.reason, file=sys.stderr)
    sys.exit(60 if isinstance(error.reason, ssl.SSLError) else 1)
"""
_REQUESTS: Final = """
import sys
try:
    import requests
except ImportError:
    sys.exit(61)
try:
    requests.get(sys.argv[1], timeout=6)
except requests.exceptions.SSLError as error:
    print(error.args[0], file=sys.stderr)
    sys.exit(60)
"""
_NODE: Final = """
require("node:https").get(process.argv[1], (answer) => answer.resume()).on("error", (error) => {
  console.error(error.code || error.message);
  process.exit(/CERT|SIGNED|SIGNATURE/.test(error.code) ? 60 : 1);
});
"""
_FETCH: Final = """
fetch(process.argv[1]).then((answer) => process.exit(answer.status === 200 ? 0 : 1), (error) => {
  console.error((error.cause && error.cause.code) || error.message);
  process.exit(1);
});
"""
_HTTP_CLIENT: Final = """
import http.client, sys
connection = http.client.HTTPSConnection(sys.argv[1], timeout=6)
connection.request("GET", sys.argv[2])
sys.exit(0 if connection.getresponse().status == 200 else 1)
"""
_SETTINGS: Final = "/v1/projects/DOCTOR/settings"
_JAVA: Final = """
import java.net.*;
import javax.net.ssl.*;
public class Probe {
  public static void main(String[] given) throws Exception {
    try {
      ((HttpURLConnection) URI.create(given[0]).toURL().openConnection(Proxy.NO_PROXY)).getResponseCode();
    } catch (SSLException error) {
      System.err.println(error.getMessage());
      System.exit(60);
    }
  }
}
"""
_AUTHORITY: Final = '"$(segment-pendo ca path)"'
_KEYTOOL: Final = (
    f"keytool -importcert -noprompt -cacerts -storepass changeit -alias segment-pendo -file {_AUTHORITY}"
)


@dataclass(frozen=True, slots=True)
class Trust:
    """Where clients are sent: a URL over TLS, our ports, the CA's certificate, a directory for our files."""

    tls_url: str
    doors: launcher.Doors
    authority: Path
    directory: Path


@dataclass(frozen=True, slots=True)
class _Client:
    """A client: the command, to which a URL is added, and how it is told of a CA by hand."""

    name: str
    command: tuple[str, ...]
    by_hand: str


def _installed(directory: Path) -> Iterator[_Client]:
    """Yield the clients of this machine."""
    python = _python_here()
    yield _Client("Python's urllib", (python, "-c", _URLLIB), f"SSL_CERT_FILE={_AUTHORITY} CMD")
    yield _Client("Python's requests", (python, "-c", _REQUESTS), f"REQUESTS_CA_BUNDLE={_AUTHORITY} CMD")
    if node := shutil.which("node"):
        yield _Client("Node", (node, "-e", _NODE), f"NODE_EXTRA_CA_CERTS={_AUTHORITY} CMD")
    if curl := shutil.which("curl"):
        quiet = (curl, "-q", "-sS", "-o", os.devnull, "--noproxy", "*", "--max-time", f"{_SECONDS:g}")
        yield _Client("curl", quiet, f"CURL_CA_BUNDLE={_AUTHORITY} CMD")
    if java := shutil.which("java"):
        source = directory / "Probe.java"
        source.write_text(_JAVA, "ascii")
        quick = ("-XX:TieredStopAtLevel=1", "-Xshare:auto", str(source))
        yield _Client("Java", (java, *quick), _KEYTOOL)


async def checks(trust: Trust, environment: Mapping[str, str]) -> list[Check]:
    """Return a verdict for each client that is installed."""
    files = await asyncio.to_thread(trusted, environment, trust.authority, trust.directory / "trust")
    home = launcher.Doors(trust.doors.home)
    by_itself = _without_proxy(launcher.child_environment(environment, home, ()))
    by_run = _without_proxy(launcher.child_environment(environment, trust.doors, [HOST], files))
    reached = [_python(trust, by_run), _fetch(trust, environment, by_run)]
    found = [_asked(one, trust, by_run, by_itself) for one in _installed(trust.directory)]
    asked = await asyncio.gather(*found, *reached)
    return [check for check in asked if check is not None]


def _without_proxy(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with the CA and the hooks alone, so that it is they who are examined."""
    return {name: value for name, value in environment.items() if not name.lower().endswith("_proxy")}


async def _asked(
    one: _Client, trust: Trust, by_run: Mapping[str, str], by_itself: Mapping[str, str]
) -> Check | None:
    command = (*one.command, trust.tls_url)
    ended = await asyncio.gather(*(_ended(command, way, trust.directory) for way in (by_run, by_itself)))
    (code, first), (_, second) = ended
    if code == _ABSENT:
        return None
    return client(one.name, first, second, one.by_hand)


async def _fetch(trust: Trust, environment: Mapping[str, str], by_run: Mapping[str, str]) -> Check | None:
    """Judge Node's fetch: with our preload, a request for HOST comes to us."""
    node = shutil.which("node")
    if node is None:
        return None
    code, version, _ = await _run((node, "--version"), by_run, trust.directory)
    if code != 0:
        return None  # that it gives no answer is said where its trust is asked
    _, asked = await _ended((node, "-e", _FETCH, f"https://{HOST}{_SETTINGS}"), by_run, trust.directory)
    return node_fetch(version, asked, environment)


async def _python(trust: Trust, by_run: Mapping[str, str]) -> Check:
    """Judge Python's http.client: with our start-up hook, a request for HOST comes to us."""
    command = (_python_here(), "-c", _HTTP_CLIENT, HOST, _SETTINGS)
    _, asked = await _ended(command, by_run, trust.directory)
    return python_hook(asked)


def _python_here() -> str:
    return shutil.which("python3") or shutil.which("python") or sys.executable


async def _ended(
    command: tuple[str, ...], environment: Mapping[str, str], directory: Path
) -> tuple[int | None, Asked]:
    """Run a client; return its exit code, and what that says of its trust."""
    code, _, wrong = await _run(command, environment, directory)
    trusted = {0: True, _NOT_TRUSTED: False}.get(code) if code is not None else None
    lines = [line.strip() for line in wrong.splitlines() if line.strip()]
    why = lines[-1] if lines else f"it ended with {code}" if code is not None else ""
    return code, Asked(trusted, "" if trusted else why)


async def _run(
    command: tuple[str, ...], environment: Mapping[str, str], directory: Path
) -> tuple[int | None, str, str]:
    """Run a program in a directory of ours; return its exit code, None if it had none in time, and texts."""
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,  # what it starts in its turn is killed with it
        )
    except OSError as error:
        return None, "", os.strerror(error.errno) if error.errno else type(error).__name__
    try:
        async with asyncio.timeout(_SECONDS):
            out, wrong = await process.communicate()
    except TimeoutError:
        return None, "", f"no answer within {_SECONDS:g} s"
    finally:
        if process.returncode is None:
            _kill(process)
            await process.wait()
    return process.returncode, out.decode("utf-8", "replace").strip(), wrong.decode("utf-8", "replace")


def _kill(process: asyncio.subprocess.Process) -> None:
    """Kill a program with all that it has started."""
    with suppress(ProcessLookupError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()

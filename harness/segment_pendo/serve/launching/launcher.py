"""Start an app so that its Segment SDK reaches us: the child's environment, and its exit code."""

import asyncio
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Final
from urllib.parse import unquote, urlsplit

from segment_pendo.base.errors import NOT_STARTED, SegmentPendoError
from segment_pendo.serve.environment import without_secrets
from segment_pendo.serve.launching.trust import Trusted
from segment_pendo.serve.sources import proxy_url

__all__ = [
    "BUN_PRELOAD",
    "PRELOAD",
    "START_UP",
    "CommandError",
    "Doors",
    "Upstream",
    "UpstreamError",
    "child_environment",
    "covering",
    "exit_code",
    "program",
    "quoted",
    "start",
    "upstream",
]

# The variables that real clients read: Ruby reads only http_proxy, curl only its lower case for http.
_PROXY: Final = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
# What re-points the connections of clients that ignore the proxy, in Node, Bun and Python.
PRELOAD: Final = Path(__file__).parent / "node" / "preload.cjs"
BUN_PRELOAD: Final = PRELOAD.with_name("bun_preload.cjs")
START_UP: Final = Path(__file__).parent / "python"
_DIRECT: Final = ("127.0.0.1", "localhost", "::1")


class CommandError(SegmentPendoError):
    """The child could not be started; the text says why."""

    exit_code = NOT_STARTED


class UpstreamError(SegmentPendoError):
    """The proxy in the environment cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """The proxy that the environment named before: `url` without credentials, `auth` as user:password."""

    url: str
    auth: str = field(default="", repr=False)


def upstream(base: Mapping[str, str]) -> Upstream | None:
    """Return the proxy through which this machine reaches the internet, or None.

    Raises UpstreamError if we cannot use it.
    """
    given = next((base[name] for name in ("HTTPS_PROXY", "https_proxy") if base.get(name)), "")
    if not given:
        return None
    try:
        parts = urlsplit(given if "://" in given else f"http://{given}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    else:
        if parts.scheme not in {"http", "https"}:
            host = None
    if not host:
        msg = "HTTPS_PROXY is set, but not to the URL of an http or https proxy; correct it or unset it."
        raise UpstreamError(msg)
    address = f"[{host}]" if ":" in host else host
    auth = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else ""
    return Upstream(f"{parts.scheme}://{address}:{port or (443 if parts.scheme == 'https' else 80)}", auth)


@dataclass(frozen=True, slots=True)
class Doors:
    """Where a child's calls go: the URLs of the home port and the proxy, the tunnel as host:port.

    `source`: the name of the app, by which its calls are told from those of others.
    """

    home: str
    proxy: str | None = None
    tunnel: str | None = None
    source: str = ""


def child_environment(
    base: Mapping[str, str], doors: Doors, hosts: Iterable[str], trust: Trusted | None = None
) -> dict[str, str]:
    """Return the environment of a child: our addresses, proxy and CA variables, and none of our secrets.

    NO_PROXY keeps its entries except those that cover `hosts`; what is ours is added to NODE_OPTIONS,
    BUN_OPTIONS, PYTHONPATH and JAVA_TOOL_OPTIONS.
    """
    env = without_secrets(base)
    names = sorted(hosts)
    env["SEGMENT_PENDO_URL"] = doors.home
    env["SEGMENT_PENDO_HOSTS"] = ",".join(names)
    if doors.source:
        env["SEGMENT_PENDO_SOURCE"] = doors.source
    if doors.proxy is None:
        return env
    env |= dict.fromkeys(_PROXY, proxy_url(doors.proxy, doors.source))
    direct = _no_proxy(base.get("NO_PROXY") or base.get("no_proxy") or "", names)
    env |= {"NO_PROXY": ",".join(direct), "no_proxy": ",".join(direct)}
    trust = trust or Trusted()
    # In quotes where there is need: a Mac's state directory has a space in its name.
    java = map(quote, [*_java_proxy(doors.proxy, direct), *trust.java])
    env["JAVA_TOOL_OPTIONS"] = _added(base, "JAVA_TOOL_OPTIONS", *java)
    # Bun knows no quotes there; its fetch takes the proxy anyway.
    if not any(map(str.isspace, str(BUN_PRELOAD))):
        env["BUN_OPTIONS"] = _added(base, "BUN_OPTIONS", f"--preload={BUN_PRELOAD}")
    if doors.tunnel is not None:
        env["SEGMENT_PENDO_TUNNEL"] = doors.tunnel
        env["NODE_OPTIONS"] = _added(base, "NODE_OPTIONS", f"--require {quoted(str(PRELOAD))}")
        before = [entry for entry in base.get("PYTHONPATH", "").split(os.pathsep) if entry != str(START_UP)]
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(START_UP), *before]))
    return env | dict(trust.variables)


def _added(base: Mapping[str, str], name: str, *options: str) -> str:
    """Return a variable with options added that it has not yet, as in the shell of `segment-pendo env`."""
    before = base.get(name, "")
    return " ".join(
        filter(None, [before, *(option for option in options if f" {option} " not in f" {before} ")])
    )


def _java_proxy(proxy: str, direct: Sequence[str]) -> list[str]:
    """Return the JVM's options for a proxy, and for the entries of NO_PROXY."""
    parts = urlsplit(proxy)
    hosts = "|".join(dict.fromkeys(name for entry in direct for name in _java_names(entry)))
    ways = [f"-D{scheme}.proxy{what}" for scheme in ("http", "https") for what in ("Host", "Port")]
    values = [str(parts.hostname), str(parts.port)] * 2
    set_to = [f"{way}={value}" for way, value in zip(ways, values, strict=True)]
    return [*set_to, f"-Dhttp.nonProxyHosts={hosts}"]


def _java_names(entry: str) -> list[str]:
    """Return the patterns of nonProxyHosts for an entry of NO_PROXY."""
    if entry.count(":") > 1:
        return [f"[{entry}]"]
    name = entry.removeprefix("*").removeprefix(".").partition(":")[0]
    return [name] if name.replace(".", "").isdigit() else [name, f"*.{name}"]


def quoted(path: str) -> str:
    """Return a path as NODE_OPTIONS takes it: in double quotes, with quotes and backslashes escaped."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _no_proxy(present: str, hosts: Sequence[str]) -> list[str]:
    kept = [entry.strip() for entry in present.split(",") if entry.strip()]
    kept = [entry for entry in kept if not covering(entry, hosts)]
    return [*kept, *(name for name in _DIRECT if name not in kept)]


def covering(entry: str, hosts: Sequence[str]) -> str:
    """Return the first of the hosts that a NO_PROXY entry covers, or an empty text."""
    return next((host for host in hosts if _covers(entry, host)), "")


def _covers(entry: str, host: str) -> bool:
    """Whether a NO_PROXY entry covers a host: `*`, the name itself, or a domain that it ends in."""
    domain = entry.lower().removeprefix("*").removeprefix(".").partition(":")[0]
    return entry == "*" or host == domain or (domain != "" and host.endswith("." + domain))


def program(name: str, environment: Mapping[str, str]) -> str:
    """Return the file that a command's name stands for. Raises CommandError."""
    # which() finds npm.cmd on Windows, where a bare name would not start.
    path = shutil.which(name, path=environment.get("PATH", os.defpath))
    if path is not None:
        return path
    if os.path.dirname(name) and Path(name).exists():  # noqa: PTH120 - "./x" and "x" differ, Path loses that
        msg = f"{name} is not executable; run chmod +x on it, or put the program that runs it first."
    elif os.path.dirname(name):  # noqa: PTH120
        msg = f"{name}: there is no such file; check the path."
    else:
        msg = f"{name}: there is no such command in PATH; check its name, or give its path."
    raise CommandError(msg)


async def start(
    command: Sequence[str], environment: Mapping[str, str], *, alone: bool = False, piped: bool = False
) -> asyncio.subprocess.Process:
    """Start the child with our stdin, stdout and stderr; `alone`: in a process group of its own.

    `piped`: without stdin, and with pipes for stdout and stderr.

    Raises CommandError.
    """
    path = program(command[0], environment)
    group = 0 if alone and os.name == "posix" else None
    out = asyncio.subprocess.PIPE if piped else None
    try:
        return await asyncio.create_subprocess_exec(
            path,
            *command[1:],
            env=dict(environment),
            process_group=group,
            stdin=asyncio.subprocess.DEVNULL if piped else None,
            stdout=out,
            stderr=out,
        )
    except OSError as error:
        msg = f"{command[0]} could not be started: {error.strerror}."
        raise CommandError(msg) from None


def exit_code(returned: int) -> int:
    """Return the exit code as a shell reports it: 128 + n after signal n."""
    return 128 - returned if returned < 0 else returned

"""Start an app so that its Segment SDK reaches us: the child's environment, CA bundles and exit code."""

import asyncio
import os
import shutil
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from segment_pendo.base.errors import NOT_STARTED, SegmentPendoError
from segment_pendo.serve.environment import SECRETS

__all__ = [
    "BUNDLES",
    "EXTRAS",
    "CommandError",
    "Upstream",
    "UpstreamError",
    "bundle",
    "bundles",
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
BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
EXTRAS: Final = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")  # on top of what the client trusts by itself
# Sends Node's requests for Segment's hosts to us: its fetch ignores proxies in versions that are still used.
PRELOAD: Final = Path(__file__).parent / "node" / "preload.cjs"
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


def child_environment(
    base: Mapping[str, str],
    *,
    home: str,
    hosts: Iterable[str],
    proxy: str | None = None,
    variables: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the environment of a child: our address, proxy and CA variables, and none of our secrets.

    `variables` (CA bundles) are set last. NO_PROXY keeps its entries except those that cover `hosts`; ours
    are added to NODE_OPTIONS and BUN_OPTIONS.
    """
    env = {name: value for name, value in base.items() if name not in SECRETS}
    names = sorted(hosts)
    env["SEGMENT_PENDO_URL"] = home
    env["SEGMENT_PENDO_HOSTS"] = ",".join(names)
    if proxy is None:
        return env
    env["NODE_OPTIONS"] = " ".join(
        filter(None, [base.get("NODE_OPTIONS"), f"--require {quoted(str(PRELOAD))}"])
    )
    if not any(map(str.isspace, str(PRELOAD))):  # Bun knows no quotes there; its fetch takes the proxy anyway
        env["BUN_OPTIONS"] = " ".join(filter(None, [base.get("BUN_OPTIONS"), f"--preload={PRELOAD}"]))
    env |= dict.fromkeys(_PROXY, proxy)
    direct = _no_proxy(base.get("NO_PROXY") or base.get("no_proxy") or "", names)
    env |= {"NO_PROXY": direct, "no_proxy": direct}
    return env | dict(variables or {})


def quoted(path: str) -> str:
    """Return a path as NODE_OPTIONS takes it: in double quotes, with quotes and backslashes escaped."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _no_proxy(present: str, hosts: Sequence[str]) -> str:
    kept = [entry.strip() for entry in present.split(",") if entry.strip()]
    kept = [entry for entry in kept if not covering(entry, hosts)]
    return ",".join([*kept, *(name for name in _DIRECT if name not in kept)])


def covering(entry: str, hosts: Sequence[str]) -> str:
    """Return the first of the hosts that a NO_PROXY entry covers, or an empty text."""
    return next((host for host in hosts if _covers(entry, host)), "")


def _covers(entry: str, host: str) -> bool:
    """Whether a NO_PROXY entry covers a host: `*`, the name itself, or a domain that it ends in."""
    domain = entry.lower().removeprefix("*").removeprefix(".").partition(":")[0]
    return entry == "*" or host == domain or (domain != "" and host.endswith("." + domain))


def bundle(present: str | None, ours: Path, to: Path, *, extra: bool = False) -> Path:
    """Write a CA file with our certificate and those that were trusted before; return its path.

    `present`: the file that the variable named before, else the system's bundle (unless `extra`).
    """
    parts = []
    source = Path(present) if present else None if extra else _system_bundle()
    if source is not None and source.is_file():
        parts.append(source.read_bytes().rstrip() + b"\n")
    parts.append(ours.read_bytes())
    to.write_bytes(b"".join(parts))
    return to


def _system_bundle() -> Path | None:
    paths = ssl.get_default_verify_paths()
    candidates = [
        paths.cafile,
        paths.openssl_cafile,
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/ssl/cert.pem",
    ]
    bundle_file = next((Path(name) for name in candidates if name and Path(name).is_file()), None)
    if bundle_file is None:
        try:
            import certifi  # noqa: PLC0415 - comes with mitmproxy, needed only where the system has no bundle
        except ImportError:
            return None
        bundle_file = Path(certifi.where())
    return bundle_file


def bundles(base: Mapping[str, str], ours: Path, directory: Path) -> dict[str, str]:
    """Write the CA files of a child into a directory; return the variables that name them."""
    directory.mkdir(parents=True, exist_ok=True)
    files = {name: str(bundle(base.get(name), ours, directory / f"{name.lower()}.pem")) for name in BUNDLES}
    for name in EXTRAS:
        files[name] = str(bundle(base.get(name), ours, directory / f"{name.lower()}.pem", extra=True))
    # PHP reads none of these variables, but more ini files: an empty entry keeps its own folder.
    trusted = files["SSL_CERT_FILE"]
    (directory / "segment-pendo.ini").write_text(
        f'curl.cainfo="{trusted}"\nopenssl.cafile="{trusted}"\n', "utf-8"
    )
    return files | {"PHP_INI_SCAN_DIR": f"{base.get('PHP_INI_SCAN_DIR', '')}{os.pathsep}{directory}"}


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
    command: Sequence[str], environment: Mapping[str, str], *, alone: bool = False
) -> asyncio.subprocess.Process:
    """Start the child with our stdin, stdout and stderr; `alone`: in a process group of its own.

    Raises CommandError.
    """
    path = program(command[0], environment)
    group = 0 if alone and os.name == "posix" else None
    try:
        return await asyncio.create_subprocess_exec(
            path, *command[1:], env=dict(environment), process_group=group
        )
    except OSError as error:
        msg = f"{command[0]} could not be started: {error.strerror}."
        raise CommandError(msg) from None


def exit_code(returned: int) -> int:
    """Return the exit code as a shell reports it: 128 + n after signal n."""
    return 128 - returned if returned < 0 else returned

"""Starting an app so that its Segment SDK meets us: the child's environment, its CA bundles, its end."""

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
    "CommandError",
    "Upstream",
    "UpstreamError",
    "bundle",
    "bundles",
    "child_environment",
    "exit_code",
    "program",
    "quoted",
    "start",
    "upstream",
]

# As real clients were seen to read them: Ruby reads only http_proxy, curl only its lower case for http.
_PROXY: Final = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy")
BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
EXTRAS: Final = ("NODE_EXTRA_CA_CERTS", "DENO_CERT")  # on top of what the client trusts by itself
# Re-points Node's requests for Segment's hosts: its fetch ignores proxies in versions that are still in use.
PRELOAD: Final = Path(__file__).parent / "node" / "preload.cjs"
_DIRECT: Final = ("127.0.0.1", "localhost", "::1")


class CommandError(SegmentPendoError):
    """The child could not be started; the text says why."""

    exit_code = NOT_STARTED


class UpstreamError(SegmentPendoError):
    """The proxy that the environment names cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A proxy that stood in the environment before us: `url` without credentials, `auth` as user:password."""

    url: str
    auth: str = field(default="", repr=False)


def upstream(base: Mapping[str, str]) -> Upstream | None:
    """The proxy through which this machine reaches the world.

    Raises UpstreamError where it is none that we can use.
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
        msg = "HTTPS_PROXY is set, but to no http or https proxy; unset it or set it right."
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
    """The environment of a child: where we are, proxy and CA variables, and none of our secrets.

    `variables` are set on top (CA bundles). NO_PROXY keeps its entries but for `hosts`; NODE_OPTIONS and
    BUN_OPTIONS are added to.
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
    """A path as NODE_OPTIONS takes it: in double quotes, quotes and backslashes escaped."""
    return '"' + path.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _no_proxy(present: str, hosts: Sequence[str]) -> str:
    kept = [entry.strip() for entry in present.split(",") if entry.strip()]
    kept = [entry for entry in kept if not any(_covers(entry, host) for host in hosts)]
    return ",".join([*kept, *(name for name in _DIRECT if name not in kept)])


def _covers(entry: str, host: str) -> bool:
    """Whether a NO_PROXY entry takes a host: `*`, the name itself, or a domain it ends in."""
    domain = entry.lower().removeprefix("*").removeprefix(".").partition(":")[0]
    return entry == "*" or host == domain or (domain != "" and host.endswith("." + domain))


def bundle(present: str | None, ours: Path, to: Path, *, extra: bool = False) -> Path:
    """Write a CA file: what the variable named before (else the system's, unless `extra`), and our
    certificate.
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
    found = next((Path(name) for name in candidates if name and Path(name).is_file()), None)
    if found is None:
        try:
            import certifi  # noqa: PLC0415 - comes with mitmproxy, needed only where the system has no bundle
        except ImportError:
            return None
        found = Path(certifi.where())
    return found


def bundles(base: Mapping[str, str], ours: Path, directory: Path) -> dict[str, str]:
    """The CA variables of a child and the files behind them, written into a directory."""
    directory.mkdir(parents=True, exist_ok=True)
    made = {name: str(bundle(base.get(name), ours, directory / f"{name.lower()}.pem")) for name in BUNDLES}
    for name in EXTRAS:
        made[name] = str(bundle(base.get(name), ours, directory / f"{name.lower()}.pem", extra=True))
    # PHP reads no variable, but takes further ini files: an empty entry keeps its own folder.
    trusted = made["SSL_CERT_FILE"]
    (directory / "segment-pendo.ini").write_text(
        f'curl.cainfo="{trusted}"\nopenssl.cafile="{trusted}"\n', "utf-8"
    )
    return made | {"PHP_INI_SCAN_DIR": f"{base.get('PHP_INI_SCAN_DIR', '')}{os.pathsep}{directory}"}


def program(name: str, environment: Mapping[str, str]) -> str:
    """The file behind a command's name. Raises CommandError."""
    # which() finds npm.cmd on Windows, where a bare name would not start.
    found = shutil.which(name, path=environment.get("PATH", os.defpath))
    if found is not None:
        return found
    if os.path.dirname(name) and Path(name).exists():  # noqa: PTH120 - "./x" and "x" differ, Path loses that
        msg = f"{name} is not executable; make it so (chmod +x), or name the program that runs it before it."
    elif os.path.dirname(name):  # noqa: PTH120
        msg = f"{name}: there is no such file."
    else:
        msg = f"{name}: there is no such command in PATH."
    raise CommandError(msg)


async def start(command: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """Start the child with our stdin, stdout and stderr. Raises CommandError."""
    found = program(command[0], environment)
    try:
        return await asyncio.create_subprocess_exec(found, *command[1:], env=dict(environment))
    except OSError as error:
        msg = f"{command[0]} could not be started: {error.strerror}."
        raise CommandError(msg) from None


def exit_code(returned: int) -> int:
    """A child's end as a shell tells it: 128 + n on signal n."""
    return 128 - returned if returned < 0 else returned

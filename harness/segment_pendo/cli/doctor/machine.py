"""Look at this machine: who holds a port, permissions, times of files. Judges and leaves nothing."""

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from segment_pendo.base.hosts import HOME_PORT, HOME_URL, PROXY_PORT, is_loopback
from segment_pendo.base.js_json import read
from segment_pendo.cli.doctor.verdicts import Check, Held, Mode, authority_files, state_directory
from segment_pendo.serve.client import Client
from segment_pendo.serve.launching.trust import BUNDLES, EXTRAS
from segment_pendo.serve.listener import ListenerError, Port

__all__ = ["authority_check", "certificate", "held", "instance", "missing_files", "newest", "state_check"]

_FOLDERS: Final = ("ca", "trust", "runs")  # in the state directory
_HEALTH: Final = 2.0  # seconds
_LISTENS: Final = "0A"  # /proc/net/tcp has the state so


async def held(opened: Client) -> dict[int, Held]:
    """Return who holds the home port and the proxy's port that `run` takes by default."""
    home = await _home_held(opened)
    return {HOME_PORT: home, PROXY_PORT: _proxy_held(home)}


def _is_free(number: int) -> bool:
    try:
        Port(number).close()
    except ListenerError:
        return False
    return True


async def _home_held(opened: Client) -> Held:
    if _is_free(HOME_PORT):
        return Held(is_free=True)
    is_ours = (await _asked(opened, HOME_URL)).is_ours
    return Held(is_ours=is_ours, who=_named(_holder(HOME_PORT)))


async def instance(opened: Client, url: str) -> Held | None:
    """Return who answers at the URL of an instance; None for another machine, which is not asked."""
    return await _asked(opened, url.rstrip("/")) if _is_here(url) else None


def _is_here(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return is_loopback(parts.hostname or "") or not parts.hostname
    except ValueError:  # no URL at all: asked, and so found out
        return True


async def _asked(opened: Client, url: str) -> Held:
    answer = await opened.ask("GET", f"{url}/_/health", seconds=_HEALTH)
    said = None
    with suppress(ValueError, RecursionError):
        said = read(answer.body).value
    is_ours = answer.status == 200 and isinstance(said, dict) and said.keys() >= {"outbox", "deliveries"}
    return Held(is_free=answer.status is None, is_ours=is_ours)


def _proxy_held(home: Held) -> Held:
    if _is_free(PROXY_PORT):
        return Held(is_free=True)
    holder = _holder(PROXY_PORT)
    # The proxy has no address of ours to ask; it belongs to the process that has the home port.
    is_ours = home.is_ours and (holder is None or holder == _holder(HOME_PORT))
    return Held(is_ours=is_ours, who=_named(holder))


def _named(process: int | None) -> str:
    if process is None:
        return ""
    with suppress(OSError):
        return f"{Path(f'/proc/{process}/comm').read_text('utf-8', 'replace').strip()} (pid {process})"
    return f"process {process}"


def _holder(number: int) -> int | None:
    """Return the process that listens on a port, None where the system does not say (only Linux does)."""
    wanted = {f"socket:[{inode}]" for inode in _sockets(number)}
    for process in Path("/proc").glob("[0-9]*") if wanted else ():
        with suppress(OSError):  # it has ended, or is another user's
            for descriptor in (process / "fd").iterdir():
                with suppress(OSError):
                    if str(descriptor.readlink()) in wanted:
                        return int(process.name)
    return None


def _sockets(number: int) -> Iterator[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with suppress(OSError):
            for line in Path(table).read_text("ascii").splitlines()[1:]:
                words = line.split()
                if words[3] == _LISTENS and int(words[1].rpartition(":")[2], 16) == number:
                    yield words[9]


def _mode(path: Path) -> Mode:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except OSError:
        return None


def state_check(path: Path) -> Check:
    """Judge the state directory, and the folders of it that a run makes, as they are; each is tried."""
    mine = (_state_check(folder) for folder in (path, *(path / name for name in _FOLDERS)))
    first = next(mine)
    if first.state != "ok" or not path.exists():
        return first
    return next((check for check in mine if check.state != "ok"), first)


def _state_check(path: Path) -> Check:
    there = next((folder for folder in (path, *path.parents) if os.path.lexists(folder)), path)
    is_ours = os.name != "posix" or not path.exists() or path.stat().st_uid == os.getuid()
    mode = None if os.name != "posix" else _mode(path)
    return state_directory(
        str(path), mode, is_link=path.is_symlink(), is_ours=is_ours, refused=_refused(there)
    )


def _refused(folder: Path) -> str:
    """Return why nothing can be made in a folder, '' where that can be; what is made to see it is removed."""
    try:
        Path(tempfile.mkdtemp(prefix="segment-pendo-", dir=folder)).rmdir()
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def certificate(directory: Path) -> Path:
    """Return where the CA's certificate is in a directory."""
    return directory / "mitmproxy-ca-cert.pem"


def authority_check(directory: Path) -> Check:
    """Judge the files of the CA as they are."""
    path, key = certificate(directory), directory / "mitmproxy-ca.pem"
    key_mode = _mode(key)
    if key_mode is not None and os.name != "posix":
        key_mode = 0o600
    return authority_files(str(path), _mode(path), key=str(key), key_mode=key_mode)


def newest(*files: Path) -> datetime:
    """Return when the newest of those files that are there was written."""
    times = [0.0]
    for file in files:
        with suppress(OSError):
            times.append(file.stat().st_mtime)
    return datetime.fromtimestamp(max(times), UTC)


def missing_files(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that name a file of certificates which cannot be read."""
    names = [name for name in (*BUNDLES, *EXTRAS) if environment.get(name)]
    # requests takes a directory, too
    return [name for name in names if not os.access(environment[name], os.R_OK)]

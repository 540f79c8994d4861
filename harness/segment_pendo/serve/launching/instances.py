"""The runs that listen on this machine now: a file for each in the state directory, gone when the run ends.

A number of a process is given again; so a file names the start of its process, too, and a run that was killed
is not mistaken for the process that has its number now.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from segment_pendo.serve.environment import StateError, runs_directory

if TYPE_CHECKING:
    import psutil

__all__ = ["LOG", "Instance", "now", "process_of", "registered", "running", "started"]

LOG: Final = "SEGMENT_PENDO_LOG"  # where a detached run is told which file its lines go to
_TOLERANCE: Final = 2.0  # seconds by which a system may tell a start otherwise after its clock was set


class Instance(msgspec.Struct, frozen=True):
    """A run: its addresses, the file of its CA, Segment's hosts, its process and when that began, its log."""

    home: str
    pid: int
    started: float
    proxy: str | None = None
    tls: str | None = None
    tunnel: str | None = None
    ca: str | None = None
    hosts: list[str] = []
    log: str | None = None
    directory: str = ""
    command: list[str] = []


def started(pid: int) -> float | None:
    """Return when a process began, in seconds since 1970, or None where there is none of this number."""
    import psutil  # noqa: PLC0415 - slow, and a test's harness does not ask

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.Error:
        return None


def now(pid: int) -> Instance | None:
    """Return the run that a process is, or None where it is none (yet)."""
    return next((instance for instance in running() if instance.pid == pid), None)


@contextmanager
def registered(instance: Instance) -> Iterator[None]:
    """Have a run found by others on this machine as long as this lasts.

    Where the state directory cannot be used, nobody finds it, and that is all.
    """
    try:
        file = runs_directory() / f"{instance.pid}.json"
        part = file.with_suffix(".part")
        part.touch(0o600)
        part.write_bytes(msgspec.json.encode(instance))
        part.replace(file)
    except (OSError, StateError):
        yield
        return
    try:
        yield
    finally:
        with suppress(OSError):
            file.unlink()


def running() -> list[Instance]:
    """Return the runs of this user, the oldest first; remove the files of those that were killed.

    Raises StateError.
    """
    found: list[Instance] = []
    for file in runs_directory().glob("*.json"):
        instance = _read(file)
        if instance is not None and process_of(instance) is not None:
            found.append(instance)
        elif instance is not None:
            with suppress(OSError):
                file.unlink()
    return sorted(found, key=lambda instance: instance.started)


def process_of(instance: Instance) -> "psutil.Process | None":
    """Return the process of a run, or None where it has ended, also if another one has its number now."""
    began = started(instance.pid)
    if began is None or abs(began - instance.started) > _TOLERANCE:
        return None
    import psutil  # noqa: PLC0415 - as above

    try:
        return psutil.Process(instance.pid)
    except psutil.Error:
        return None


def _read(file: Path) -> Instance | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=Instance)
    except (OSError, ValueError):  # it has just ended, or is of another version
        return None

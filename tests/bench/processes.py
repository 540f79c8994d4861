"""Servers under measurement: each a process of its own on one core, and what CPU it has used."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

__all__ = ["MITMDUMP", "apart", "cpu_seconds", "environment", "free_port", "listening", "server", "waited"]

MITMDUMP: Final = str(Path(sys.executable).with_name("mitmdump"))
_PATIENCE: Final = 60.0


def apart() -> list[str]:
    """Keep this process to all cores but the first; return what starts others on the first one.

    Where that is not possible, nothing is done: CPU time is measured all the same.
    """
    if not hasattr(os, "sched_getaffinity") or shutil.which("taskset") is None:
        return []
    first, *others = sorted(os.sched_getaffinity(0))
    if others:
        os.sched_setaffinity(0, others)
    return ["taskset", "-c", str(first)]


def environment(directory: Path, **more: str) -> Mapping[str, str]:
    """Return the environment of a server: its own state, no proxy, nothing of whoever runs this."""
    # Without compiled files (PYTHONDONTWRITEBYTECODE) every start would be several times as long.
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.lower().endswith("_proxy") and not name.startswith(("SEGMENT_PENDO", "PYTHON"))
    }
    return kept | {"XDG_STATE_HOME": str(directory / "state")} | more


@contextmanager
def server(line: Sequence[str], env: Mapping[str, str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until it is left; it listens when it is given. Raises AssertionError where it ends."""
    with TemporaryFile() as said:
        process = subprocess.Popen(
            line, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
        )
        try:
            waited(lambda: process.poll() is not None or listening(port))
            said.seek(0)
            assert process.poll() is None, f"{line} ended: {said.read().decode()}"
            yield process
        finally:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
            process.wait()


def waited(what: Callable[[], bool], pause: float = 0.005) -> None:
    """Wait until something is true, and look every `pause` seconds. Raises AssertionError after a minute."""
    end = time.monotonic() + _PATIENCE
    while not what():
        assert time.monotonic() < end, "it takes too long"
        time.sleep(pause)


def listening(port: int) -> bool:
    """Return whether a port of 127.0.0.1 accepts connections."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def free_port() -> int:
    """Return a port on which nobody listened a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_seconds(pid: int) -> float | None:
    """Return the CPU time that a process has used, all threads; None where the system does not say."""
    if sys.platform != "linux":
        return None
    # The number that clock_getcpuclockid(3) gives for a process; /proc counts in steps of 10 ms.
    return time.clock_gettime((~pid << 3) | 2)

"""`run --detach`: the same run in a process of its own, which goes on when the terminal is closed."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Final

import click

from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.serve.environment import runs_directory
from segment_pendo.serve.launching.instances import LOG, Instance, now

__all__ = ["detach", "without_detach"]

_FLAG: Final = "--detach"
_PATIENCE: Final = 60.0
_BETWEEN: Final = 0.05
_LAST_LINES: Final = 20
_KEPT_LOGS: Final = 20


def without_detach(arguments: Sequence[str]) -> list[str]:
    """Return the arguments of `run` without the flag; what stands behind `--` is the command's."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return [*(argument for argument in arguments[:end] if argument != _FLAG), *arguments[end:]]


def detach(arguments: Sequence[str]) -> None:
    """Start the run, and return once it listens. Raises Failure, with its last lines, if it ends before."""
    log = _new_log()
    with log.open("ab") as out:
        process = _started([sys.executable, "-m", "segment_pendo", *without_detach(arguments)], log, out)
    instance = _awaited(process, log)
    click.echo(f"segment-pendo listens in the background (process {instance.pid}).")
    click.echo(f"page   {instance.home}")
    click.echo(f"SDK    host: {instance.home}")
    if instance.proxy:
        click.echo("App    segment-pendo attach -- CMD   (gets proxy and CA by itself)")
    click.echo(f"log    {log}   (segment-pendo logs)")
    click.echo("End    segment-pendo stop")


def _new_log() -> Path:
    """Make the file for the lines of the run, for its owner alone; forget the oldest ones."""
    folder = runs_directory()
    old = sorted(folder.glob("*.log"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in old[_KEPT_LOGS - 1 :]:
        file.unlink(missing_ok=True)
    log = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    log.touch(0o600)
    return log


def _started(command: list[str], log: Path, out: IO[bytes]) -> subprocess.Popen[bytes]:
    # What the terminal gives stays behind: its input, its signals, its end.
    own: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        own = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS}
    environment = {**os.environ, LOG: str(log), "SEGMENT_PENDO_RUN_DETACH": "0"}
    return subprocess.Popen(  # noqa: S603 - ourselves
        command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment, **own
    )


def _awaited(process: subprocess.Popen[bytes], log: Path) -> Instance:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        instance = now(process.pid)
        if instance is not None:
            return instance
        if process.poll() is not None:
            break
        time.sleep(_BETWEEN)
    lines = log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
    if process.returncode is None:
        process.terminate()
        lines.append(f"It did not listen within {_PATIENCE:g} s.")
    raise Failure("\n".join(lines).removeprefix("Error: "), process.returncode or CANNOT_START)

"""The command that `run` starts: its environment, the signals that are passed on to it, its end."""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from segment_pendo.cli.signals import Signals
from segment_pendo.serve import launcher
from segment_pendo.serve.delivery import DRAIN
from segment_pendo.serve.session import Session

__all__ = ["run_child"]


async def run_child(session: Session, cmd: tuple[str, ...], signals: Signals) -> int:
    """Run a command so that its Segment calls come to the session; return its exit code.

    Raises CommandError.
    """
    directory = Path(tempfile.mkdtemp(prefix="segment-pendo-"))
    try:
        variables = launcher.bundles(os.environ, session.authority, directory) if session.authority else {}
        environment = launcher.child_environment(
            os.environ,
            home=session.home.url,
            hosts=session.plan.segment_hosts,
            proxy=session.proxy.url if session.proxy else None,
            variables=variables,
        )
        process = await launcher.start(cmd, environment)
        return await _until_end(process, signals)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _in_foreground() -> bool:
    """Whether a terminal sends Ctrl-C to us, and so to the child too."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except (OSError, AttributeError):  # no terminal, or Windows
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


async def _until_end(process: asyncio.subprocess.Process, signals: Signals) -> int:
    """Wait for the end of the child, and return its exit code.

    A signal to us is passed on; 5 s later, or at a second signal, the child is killed.
    """
    ended = asyncio.create_task(process.wait())
    came = asyncio.create_task(signals.next())
    await asyncio.wait({ended, came}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        # At a terminal, Ctrl-C reaches the child by itself; twice would mean "at once" to many programs.
        if not (came.result() == signal.SIGINT and _in_foreground()):
            with contextlib.suppress(ProcessLookupError):
                # Windows can only end a process.
                process.terminate() if sys.platform == "win32" else process.send_signal(came.result())
        again = asyncio.create_task(signals.next())
        await asyncio.wait({ended, again}, timeout=DRAIN, return_when=asyncio.FIRST_COMPLETED)
        again.cancel()
        if not ended.done():
            with contextlib.suppress(ProcessLookupError):
                process.kill()
    came.cancel()
    return launcher.exit_code(await ended)

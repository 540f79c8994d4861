"""A command that `run` or `attach` starts: its environment, the signals that are passed on to it, its end."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from segment_pendo.base.prose import printable
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.cli.run.captured import captured
from segment_pendo.cli.run.hints import Ended
from segment_pendo.cli.run.notes import say
from segment_pendo.cli.signals import Signals
from segment_pendo.serve.environment import trust_directory
from segment_pendo.serve.launching import launcher, strict
from segment_pendo.serve.launching.instances import LOG, Instance, started
from segment_pendo.serve.launching.trust import trusted
from segment_pendo.serve.launching.tunnel import Tunnel
from segment_pendo.serve.launching.watchdog import watchdog
from segment_pendo.serve.session import Session

__all__ = [
    "LAST_WORDS",
    "Child",
    "carried_out",
    "environment_for",
    "environment_of",
    "instance_of",
    "run_child",
]

_KILL: Final = getattr(signal, "SIGKILL", signal.SIGTERM)
_TRIES: Final = 20
_BETWEEN: Final = 0.05
LAST_WORDS: Final = 5.0  # seconds that a command has after a signal
_SILENCE: Final = 1.0  # of them, until it is said


async def run_child(
    session: Session, cmd: tuple[str, ...], signals: Signals, leave: Callable[[], None]
) -> Ended:
    """Run a command so that its Segment calls come to the session; return how it ended.

    What it started ends with it, and it ends with us, even if we are killed. `leave` is called before a
    second signal ends us at once. Raises CommandError, and CaptureError where its connections cannot be
    captured.
    """
    environment = await asyncio.to_thread(environment_of, instance_of(session, cmd))
    if session.plan.capture:
        async with captured(session) as capture:
            line = capture.command([launcher.program(cmd[0], environment), *cmd[1:]])
            ended = await carried_out(line, environment, signals, leave, capture.follow)
    else:
        line = await _strict(session, cmd) if session.plan.strict else cmd
        ended = await carried_out(line, environment, signals, leave)
    return replace(ended, name=Path(cmd[0]).name)


async def carried_out(
    cmd: Sequence[str],
    environment: Mapping[str, str],
    signals: Signals,
    leave: Callable[[], None],
    begun: Callable[[int], None] | None = None,
) -> Ended:
    """Run a command with an environment to its end, as `run_child` does. Raises CommandError.

    `begun` is called with the number of its process.
    """
    # At a terminal the child stays in our group: in one of its own it could not read the keyboard.
    alone = os.name == "posix" and not _in_foreground()
    async with watchdog() as watch:
        child = Child(await launcher.start(cmd, environment, alone=alone), alone=alone)
        watch(child.target)
        if begun is not None:
            begun(child.process.pid)

        def leave_all() -> None:
            child.send(_KILL)
            leave()

        try:
            code = await _until_end(child, Path(cmd[0]).name, signals, leave_all)
        except BaseException:
            await child.end_others()
            raise
        return Ended(code, await child.end_others(), Path(cmd[0]).name)


async def _strict(session: Session, cmd: tuple[str, ...]) -> tuple[str, ...]:
    """Return a command for which Segment's hosts are this machine. Raises Failure where that cannot be."""
    hosts = session.plan.segment_hosts
    file = strict.hosts_file(hosts, trust_directory())
    why = await asyncio.to_thread(strict.reason, file, hosts[0])
    if why:
        message = (
            f"--strict cannot be kept here: {why}. Leave it out, or run this where Segment's hosts cannot be "
            "reached at all."
        )
        raise Failure(message, CANNOT_START)
    if session.tunnel is not None:
        await session.tunnel.start_at(strict.ADDRESS)
    return tuple(strict.commanded(file, hosts[0], cmd))


def instance_of(session: Session, cmd: Sequence[str] = ()) -> Instance:
    """Return what others on this machine need to know of a session that listens."""
    return Instance(
        home=session.home.url,
        pid=os.getpid(),
        started=started(os.getpid()) or 0.0,
        proxy=session.proxy.url if session.proxy else None,
        tls=session.home.tls_url,
        tunnel=session.tunnel.address if session.tunnel else None,
        ca=str(session.authority) if session.proxy and session.authority else None,
        hosts=session.plan.segment_hosts,
        log=os.environ.get(LOG),
        directory=str(Path.cwd()),
        command=[*cmd],
    )


@asynccontextmanager
async def environment_for(instance: Instance, source: str) -> AsyncIterator[dict[str, str]]:
    """Yield the environment of an app with a name, which has a tunnel of its own as long as this lasts."""
    if not source or instance.proxy is None:
        yield await asyncio.to_thread(environment_of, instance, source)
        return
    tunnel = Tunnel(instance.proxy, instance.home, instance.hosts, source)
    await tunnel.start()
    try:
        own = msgspec.structs.replace(instance, tunnel=tunnel.address)
        yield await asyncio.to_thread(environment_of, own, source)
    finally:
        await tunnel.stop()


def environment_of(instance: Instance, source: str = "") -> dict[str, str]:
    """Return the environment of a command whose calls come to a run; write the files that it names.

    `source`: the name of the app, by which its calls are told from those of others.
    """
    doors = launcher.Doors(instance.home, instance.proxy, instance.tunnel, source)
    trust = None if instance.ca is None else trusted(os.environ, Path(instance.ca), trust_directory())
    return launcher.child_environment(os.environ, doors, instance.hosts, trust)


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


class Child:
    """The command, and what it started: they share a process group unless a terminal needs it in ours."""

    def __init__(self, process: asyncio.subprocess.Process, *, alone: bool) -> None:
        self.process = process
        self._group = process.pid if alone else None

    @property
    def target(self) -> int:
        """Return whom a signal is for, as kill(2) takes it."""
        return self.process.pid if self._group is None else -self._group

    def send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self._group is not None:
                os.killpg(self._group, number)
            elif sys.platform == "win32":  # it can only end a process
                self.process.terminate()
            else:
                self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once."""
        self.send(_KILL)

    async def end_others(self) -> bool:
        """End what the command has left running, politely, then at once; return whether there was any."""
        if self._group is None or not self._has_others():
            return False
        self.send(signal.SIGTERM)
        for _ in range(_TRIES):
            if not self._has_others():
                return True
            await asyncio.sleep(_BETWEEN)
        self.send(_KILL)
        return True

    def _has_others(self) -> bool:
        assert self._group is not None
        try:
            os.killpg(self._group, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


async def _until_end(child: Child, name: str, signals: Signals, leave: Callable[[], None]) -> int:
    """Wait for the end of the child, which is called `name`, and return its exit code.

    A signal to us is passed on; 5 s later the child is killed. A second signal ends us at once.
    """
    ended = asyncio.create_task(child.process.wait())
    came = asyncio.create_task(signals.next())
    await asyncio.wait({ended, came}, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        # At a terminal, Ctrl-C reaches the child by itself; twice would mean "at once" to many programs.
        if not (came.result() == signal.SIGINT and _in_foreground()):
            child.send(came.result())
        signals.end_at_once(leave)
        await asyncio.wait({ended}, timeout=_SILENCE)
        if not ended.done():
            say(f"Waiting {LAST_WORDS:.0f} s for {printable(name)} to end; the same again ends all at once.")
            await asyncio.wait({ended}, timeout=LAST_WORDS - _SILENCE)
        if not ended.done():
            say(f"{printable(name)} did not end, and was killed.")
            child.send(_KILL)
    came.cancel()
    return launcher.exit_code(await ended)

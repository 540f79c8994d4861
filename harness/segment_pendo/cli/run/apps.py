"""Several commands of one run: each line of their output begins with the name of its app."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import BinaryIO, Final

from segment_pendo.cli.options.apps import App
from segment_pendo.cli.run.child import LAST_WORDS, Child, environment_for
from segment_pendo.cli.run.hints import Ended
from segment_pendo.cli.run.notes import say
from segment_pendo.cli.signals import Signals
from segment_pendo.cli.terminal.sources import coloured
from segment_pendo.serve.launching import launcher
from segment_pendo.serve.launching.instances import Instance
from segment_pendo.serve.launching.watchdog import watchdog

__all__ = ["run_apps"]

_CHUNK: Final = 65536
_LONGEST: Final = 1_000_000  # of a line: what is longer goes out in pieces


async def run_apps(
    apps: Sequence[App], instance: Instance, signals: Signals, leave: Callable[[], None]
) -> Ended:
    """Run commands at the same time until all have ended, or one failed; return how the first ended that did.

    What they started ends with them, and they end with us, even if we are killed. A signal to us is passed
    on; `leave` is called before a second one ends us at once. Raises CommandError.
    """
    outputs = _Outputs([app.name for app in apps])
    readers: list[asyncio.Task[None]] = []
    children: list[Child] = []
    async with AsyncExitStack() as stack:
        try:
            for app in apps:
                environment = await stack.enter_async_context(environment_for(instance, app.name))
                watch = await stack.enter_async_context(watchdog())
                process = await launcher.start(app.command, environment, alone=True, piped=True)
                children.append(Child(process, alone=True))
                watch(children[-1].target)
                readers += outputs.read(app.name, process)
            code, name = await _until_end(dict(zip(apps, children, strict=True)), signals, leave)
        finally:
            others = [await child.end_others() for child in children]
    await asyncio.wait(readers, timeout=LAST_WORDS)
    return Ended(code, any(others) and not code, name)


async def _until_end(
    apps: Mapping[App, Child], signals: Signals, leave: Callable[[], None]
) -> tuple[int, str]:
    """Wait until all have ended, one has failed, or a signal came; end the rest.

    Returns the exit code and the name of the app that failed first, which is said.
    """
    ends = {asyncio.create_task(child.process.wait()): app.name for app, child in apps.items()}
    children = [*apps.values()]
    came = asyncio.create_task(signals.next())
    pending, code, name = {*ends, came}, 0, "the command"
    while ends.keys() & pending and not code and not came.done():
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for end in done & ends.keys():
            code = code or launcher.exit_code(end.result())
            if code:
                name = ends[end]
    if code and not came.done():
        others = " The others are ended." if ends.keys() & pending else ""
        say(f"{name} ended with exit code {code}.{others}")
    number = came.result() if came.done() else signal.SIGTERM
    if came.done():
        signals.end_at_once(partial(_leave, children, leave))
    came.cancel()
    for child in children:
        child.send(number)
    await asyncio.wait(ends, timeout=LAST_WORDS)
    _kill([child for child in children if child.process.returncode is None])
    codes = [launcher.exit_code(await end) for end in ends]
    return code or max(codes), name


def _leave(children: Sequence[Child], leave: Callable[[], None]) -> None:
    _kill(children)
    leave()


def _kill(children: Sequence[Child]) -> None:
    for child in children:
        child.kill()


class _Outputs:
    """Writes what apps print to our own stdout and stderr, whole lines, each after the name of its app."""

    def __init__(self, names: Sequence[str]) -> None:
        self._width = max(map(len, names))

    def read(self, name: str, process: asyncio.subprocess.Process) -> list[asyncio.Task[None]]:
        """Begin to read what a process prints."""
        assert process.stdout is not None
        assert process.stderr is not None
        return [
            asyncio.create_task(self._pass_on(name, process.stdout, sys.stdout.buffer)),
            asyncio.create_task(self._pass_on(name, process.stderr, sys.stderr.buffer)),
        ]

    async def _pass_on(self, name: str, reader: asyncio.StreamReader, out: BinaryIO) -> None:
        head, begun = self._head(name, out), b""
        while chunk := await reader.read(_CHUNK):
            *lines, begun = (begun + chunk).split(b"\n")
            if len(begun) > _LONGEST:
                lines, begun = [*lines, begun], b""
            await asyncio.to_thread(_write, out, head, lines)  # who reads slowly holds up only the app
        if begun:
            await asyncio.to_thread(_write, out, head, [begun])

    def _head(self, name: str, out: BinaryIO) -> bytes:
        text = f"{name:<{self._width}} | "
        has_colour = out.isatty() and not os.environ.get("NO_COLOR")
        return (coloured(name, text) if has_colour else text).encode()


def _write(out: BinaryIO, head: bytes, lines: Sequence[bytes]) -> None:
    with suppress(OSError, ValueError):  # whoever read it has gone
        out.write(b"".join(head + line.rstrip(b"\r") + b"\n" for line in lines))
        out.flush()

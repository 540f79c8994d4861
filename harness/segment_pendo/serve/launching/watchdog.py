"""A watchdog: ends the command of a run that is killed, and so can no longer end it itself."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

__all__ = ["watchdog"]

# The first line says whom to end. A second one means that the run has ended the command itself; the end of
# the pipe alone, that it was killed. As the run does it: politely, and 5 s later at once.
_END: Final = 'kill -s TERM -- "$target" && sleep 5 && kill -s KILL -- "$target"'
_SCRIPT: Final = f"read -r target && {{ read -r line || {{ {_END}; }}; }}"


@asynccontextmanager
async def watchdog() -> AsyncIterator[Callable[[int], None]]:
    """Yield what is told a process (or a group, by its negative number) that is to end if we are killed.

    It is there before the command is, so that the command is alone for no longer than it takes to name it. A
    shell waits beside us, as nobody can catch SIGKILL; PR_SET_PDEATHSIG is only Linux's, and does not reach
    what the command has started. Where there is no shell, as on Windows, nothing is done.
    """
    dog = await _started() if os.name == "posix" else None
    has_target = False

    def watch(target: int) -> None:
        nonlocal has_target
        has_target = True
        if dog is not None:
            _tell(dog, f"{target}\n")

    try:
        yield watch
    finally:
        if dog is not None:
            if has_target:
                _tell(dog, "done\n")
            await _sent_home(dog)


async def _started() -> asyncio.subprocess.Process | None:
    command = ("/bin/sh", "-c", _SCRIPT, "segment-pendo-watchdog")
    with suppress(OSError):  # no shell
        # In a session of its own: neither Ctrl-C nor the end of the terminal is meant for it.
        return await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
    return None


def _tell(dog: asyncio.subprocess.Process, line: str) -> None:
    assert dog.stdin is not None
    dog.stdin.write(line.encode())  # a few bytes, which go into the pipe at once


async def _sent_home(dog: asyncio.subprocess.Process) -> None:
    assert dog.stdin is not None
    with suppress(OSError):  # somebody has ended it
        await dog.stdin.drain()
    dog.stdin.close()
    await dog.wait()

"""A watchdog: ends the command of a run that is killed, and so can no longer end it itself."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

__all__ = ["watched"]

# A line means that the run has ended the command itself; the end of the pipe alone, that it was killed.
# As the run does it: politely, and 5 s later at once.
_SCRIPT: Final = 'read -r line || { kill -s TERM -- "$1" && sleep 5 && kill -s KILL -- "$1"; }'


@asynccontextmanager
async def watched(target: int) -> AsyncIterator[None]:
    """While entered, see to it that a process (or a group, by its negative number) ends if we are killed.

    A shell waits for that beside us, as nobody can catch SIGKILL; PR_SET_PDEATHSIG is only Linux's, and does
    not reach what the command has started. Where there is no shell, as on Windows, nothing is done.
    """
    dog = await _started(target) if os.name == "posix" else None
    try:
        yield
    finally:
        if dog is not None:
            await _sent_home(dog)


async def _started(target: int) -> asyncio.subprocess.Process | None:
    command = ("/bin/sh", "-c", _SCRIPT, "segment-pendo-watchdog", str(target))
    with suppress(OSError):  # no shell
        # In a session of its own: neither Ctrl-C nor the end of the terminal is meant for it.
        return await asyncio.create_subprocess_exec(
            *command, stdin=PIPE, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
    return None


async def _sent_home(dog: asyncio.subprocess.Process) -> None:
    assert dog.stdin is not None
    with suppress(OSError):  # somebody has ended it
        dog.stdin.write(b"done\n")
        await dog.stdin.drain()
    dog.stdin.close()
    await dog.wait()

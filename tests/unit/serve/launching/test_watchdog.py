"""The watchdog of a run's command; tests/e2e/test_run.py kills a whole run."""

import asyncio
import os
import signal
import sys

import pytest

from segment_pendo.serve.launching.watchdog import watchdog

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")
RUN = """
import asyncio, os, sys
from segment_pendo.serve.launching.watchdog import watchdog
async def main():
    async with watchdog() as watch:
        watch(int(sys.argv[1]))
        if sys.argv[2] == "killed":
            os.kill(os.getpid(), 9)
asyncio.run(main())
"""


async def _command(code: str = "pass") -> asyncio.subprocess.Process:
    line = f"import signal, sys; {code}; print('up', flush=True); sys.stdin.read()"
    command = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        line,
        process_group=0,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert command.stdout is not None
    assert await command.stdout.readline() == b"up\n"
    return command


async def _run(target: int, how: str) -> int:
    run = await asyncio.create_subprocess_exec(sys.executable, "-c", RUN, str(target), how)
    return await run.wait()


@posix
@pytest.mark.parametrize("sign", [1, -1])
def test_who_is_killed_takes_the_command_along(sign: int) -> None:
    async def main() -> None:
        command = await _command()
        assert await _run(sign * command.pid, "killed") == -signal.SIGKILL
        assert await asyncio.wait_for(command.wait(), 20) == -signal.SIGTERM

    asyncio.run(main())


@posix
def test_who_does_not_heed_is_killed_later() -> None:
    async def main() -> None:
        command = await _command("signal.signal(signal.SIGTERM, signal.SIG_IGN)")
        assert await _run(-command.pid, "killed") == -signal.SIGKILL
        assert await asyncio.wait_for(command.wait(), 20) == -signal.SIGKILL

    asyncio.run(main())


@posix
def test_whoever_ends_well_leaves_the_command_alone() -> None:
    async def main() -> None:
        command = await _command()
        assert await _run(-command.pid, "ends") == 0
        assert command.stdin is not None
        command.stdin.close()
        assert await asyncio.wait_for(command.wait(), 20) == 0, "it has had no signal"

    asyncio.run(main())


@posix
def test_without_a_command_nothing_is_ended() -> None:
    async def main() -> None:
        async with watchdog():
            pass  # the command could not be started

    asyncio.run(main())


@posix
def test_a_watchdog_that_somebody_ended_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        async with watchdog() as watch:
            watch(2**22 + 1)  # nobody has so high a number

    monkeypatch.setattr("segment_pendo.serve.launching.watchdog._SCRIPT", "exit 0")
    asyncio.run(main())

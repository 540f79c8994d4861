"""Wait for the signals that end us: Ctrl-C, SIGTERM, and where they exist SIGHUP and SIGQUIT."""

import asyncio
import os
import signal
from collections.abc import Callable

__all__ = ["Signals"]


class Signals:
    """The signals that end a run, to wait for in the order in which they come.

    A terminal that is closed sends SIGHUP, Ctrl-\\ sends SIGQUIT. Who started us with one of these ignored,
    as nohup does, wants it ignored.
    """

    def __init__(self) -> None:
        self._came: asyncio.Queue[signal.Signals] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self.interrupted = False
        self._last: asyncio.Task[None] | None = None
        for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"):
            number = getattr(signal, name, None)  # Windows has other ones
            if number is None or (
                name in {"SIGHUP", "SIGQUIT"} and signal.getsignal(number) == signal.SIG_IGN
            ):
                continue
            try:
                self._loop.add_signal_handler(number, self._came.put_nowait, number)
            except NotImplementedError:  # Windows has no such handlers
                signal.signal(
                    number,
                    lambda came, _: self._loop.call_soon_threadsafe(
                        self._came.put_nowait, signal.Signals(came)
                    ),
                )

    async def next(self) -> signal.Signals:
        """Wait for the next signal, and return it."""
        came = await self._came.get()
        self.interrupted = self.interrupted or came == signal.SIGINT
        return came

    def interrupt(self) -> None:
        """Do as if Ctrl-C had been pressed."""
        self._came.put_nowait(signal.SIGINT)

    def end_at_once(self, leave: Callable[[], None]) -> None:
        """From now on, end the process at the next signal, after calling `leave`; nothing is waited for.

        What was said first holds.
        """
        if self._last is not None:
            return

        async def last() -> None:
            came = await self._came.get()
            leave()
            os._exit(128 + came)

        self._last = asyncio.create_task(last())

"""Wait for Ctrl-C and SIGTERM."""

import asyncio
import signal

__all__ = ["Signals"]


class Signals:
    """The signals Ctrl-C and SIGTERM, to wait for in the order in which they come."""

    def __init__(self) -> None:
        self._came: asyncio.Queue[signal.Signals] = asyncio.Queue()
        self.interrupted = False
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._came.put_nowait, number)
            except NotImplementedError:  # Windows has no such handlers
                signal.signal(
                    number,
                    lambda came, _: loop.call_soon_threadsafe(self._came.put_nowait, signal.Signals(came)),
                )

    async def next(self) -> signal.Signals:
        """Wait for the next signal, and return it."""
        came = await self._came.get()
        self.interrupted = self.interrupted or came == signal.SIGINT
        return came

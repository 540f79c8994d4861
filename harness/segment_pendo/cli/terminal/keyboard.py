"""Keys while a run is on: each is read at once, without Enter, and the terminal is left as it was.

Only where standard input is a terminal of which we are the foreground: whoever else has it is left alone.
"""

import asyncio
import atexit
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final, Self

__all__ = ["Keyboard"]

_LOOK_AGAIN: Final = 1.0  # seconds, whether we are in the foreground (again)


class Keyboard:
    """Calls what belongs to a key, while entered.

    Ctrl-C and the like go on to work as signals. While we are stopped (Ctrl-Z), or in the background, the
    terminal is as it was before.
    """

    def __init__(self, keys: Mapping[str, Callable[[], object]]) -> None:
        self._keys = keys
        self._was: list[Any] | None = None  # how the terminal was, while it is ours
        self._look: asyncio.TimerHandle | None = None

    @staticmethod
    def is_there() -> bool:
        """Whether keys can be read here; Windows' console has no such mode."""
        return os.name == "posix" and sys.stdin is not None and sys.stdin.isatty() and _is_foreground()

    def __enter__(self) -> Self:
        if os.name == "posix" and sys.stdin is not None and sys.stdin.isatty():
            self._loop = asyncio.get_running_loop()
            atexit.register(self.restore)
            self._loop.add_signal_handler(signal.SIGTSTP, self._stop)
            self._look_again()
        return self

    def __exit__(self, *_: object) -> None:
        if self._look is not None:
            self._look.cancel()
            self._loop.remove_signal_handler(signal.SIGTSTP)
            self.restore()
            atexit.unregister(self.restore)

    def restore(self) -> None:
        """Leave the terminal as it was."""
        import termios  # noqa: PLC0415 - Windows has none

        if self._was is not None:
            self._loop.remove_reader(sys.stdin.fileno())
            with suppress(termios.error, OSError):  # it may have gone
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, self._was)
            self._was = None

    def _take(self) -> None:
        import termios  # noqa: PLC0415 - Windows has none

        descriptor = sys.stdin.fileno()
        with suppress(termios.error, OSError):
            was = termios.tcgetattr(descriptor)
            ours = [*was[:6], [*was[6]]]
            ours[3] &= ~(termios.ICANON | termios.ECHO)
            self._loop.add_reader(descriptor, self._read)
            self._was = was
            termios.tcsetattr(descriptor, termios.TCSANOW, ours)

    def _look_again(self) -> None:
        """Take the terminal where it is ours, and let it go where it is no longer."""
        if not _is_foreground():
            self._let_go()
        elif self._was is None:
            self._take()
        self._look = self._loop.call_later(_LOOK_AGAIN, self._look_again)

    def _let_go(self) -> None:
        """Read no more. Whoever is in the foreground now has set the terminal already; it must not be set."""
        if self._was is not None:
            self._loop.remove_reader(sys.stdin.fileno())
            self._was = None

    def _read(self) -> None:
        if not _is_foreground():
            self._let_go()
            return
        try:
            typed = os.read(sys.stdin.fileno(), 1024)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            typed = b""
        if not typed:  # the terminal has gone
            self._loop.remove_reader(sys.stdin.fileno())
            return
        for key in typed.decode("ascii", "replace"):
            if key.lower() in self._keys:
                self._keys[key.lower()]()

    def _stop(self) -> None:
        """Stop as Ctrl-Z asks for, with the terminal as it was; go on when we are continued."""
        self.restore()
        self._loop.remove_signal_handler(signal.SIGTSTP)
        os.kill(os.getpid(), signal.SIGTSTP)  # it returns when we are continued
        self._loop.add_signal_handler(signal.SIGTSTP, self._stop)
        if _is_foreground():
            self._take()


def _is_foreground() -> bool:
    with suppress(OSError):
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
    return False

"""Print lines without waiting for whoever reads them: a pipe may be slow, a terminal may stand still."""

import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Final, TextIO

__all__ = ["Printer"]

_MOST: Final = 32_000_000  # characters that wait for a slow reader
_PATIENCE: Final = 5.0  # seconds that the end waits for a reader that takes nothing
_AT_A_TIME: Final = 1000  # lines
# Seconds after which more is written: woken for each line, the thread would take the program's time for it.
_PAUSE: Final = 0.02


class Printer:
    """Writes to `out` in a thread of its own.

    Lines for which there is no room any more are left out; `missed` returns the line that stands in their
    place. Once the reader `is_gone`, nothing is written.
    """

    def __init__(self, out: TextIO, missed: Callable[[int], str]) -> None:
        self._write = _writer(out)
        self._missed_line = missed
        self._lines: deque[str] = deque()
        self._size = 0
        self._missed = 0
        self._written = 0
        self._is_writing = False
        self.is_gone = False
        self._change = threading.Condition()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None

    def print(self, line: str) -> None:
        """Have a line printed after those before it."""
        with self._change:
            if self.is_gone:
                return
            if self._size > _MOST:
                self._missed += 1
                return
            self._tell_missed()
            self._put(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="printer", daemon=True)
                self._thread.start()

    def drain(self) -> int:
        """Wait until all is written, or nothing was for 5 s; return how many lines are not."""
        self._hurry.set()
        with self._change:
            self._tell_missed()
            while self._lines or self._is_writing:
                before = self._written
                if not self._change.wait(_PATIENCE) and self._written == before:
                    break
            self._hurry.clear()
            return len(self._lines)

    def _put(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line)
        self._change.notify_all()

    def _tell_missed(self) -> None:
        if self._missed:
            count, self._missed = self._missed, 0
            self._put(self._missed_line(count))

    def _work(self) -> None:
        while not self.is_gone:
            with self._change:
                self._is_writing = False
                self._change.notify_all()
                while not self._lines:
                    self._change.wait()
                count = min(len(self._lines), _AT_A_TIME)
                block = [self._lines.popleft() for _ in range(count)]
                self._size -= sum(map(len, block))
                self._is_writing = True
            try:
                self._write("".join(f"{line}\n" for line in block))
            except (OSError, ValueError):  # whoever read it has gone; calls and deliveries go on
                self.is_gone = True
            with self._change:
                self._written += count
            self._hurry.wait(_PAUSE)
        with self._change:
            self._lines.clear()
            self._is_writing = False
            self._change.notify_all()


def _writer(out: TextIO) -> Callable[[str], object]:
    """Return what writes a text to a stream at once."""
    try:
        descriptor = out.fileno()
    except (OSError, ValueError):  # a text in memory
        return out.write
    if os.name != "posix":  # Windows' console takes no bytes

        def write_text(text: str) -> None:
            out.write(text)
            out.flush()

        return write_text
    encoding = out.encoding

    def write(text: str) -> None:
        # The stream itself has a lock, at which the end of the process would wait for a reader.
        left = memoryview(text.encode(encoding, "backslashreplace"))
        while left:
            try:
                left = left[os.write(descriptor, left) :]
            except BlockingIOError:  # a child that shares the pipe, as Node, may have it so
                select.select([], [descriptor], [])

    return write

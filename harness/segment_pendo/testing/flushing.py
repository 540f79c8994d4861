"""Flushing: SDKs send the calls that they still hold, before a test checks whether more calls come.

Clients of segment-analytics-python are found and flushed automatically: their consumers are threads, and each
knows its host and its queue. For a client of another SDK, the test hands in a function that flushes it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

__all__ = ["Flushes", "clients_elsewhere"]

_CONSUMER: Final = "segment.analytics.consumer"


class Flushes:
    """Flush the clients of SDKs.

    Each flush runs in a thread of its own, as it may wait for ever, for example for a thread that has died.
    """

    def __init__(self) -> None:
        self._given: list[Callable[[], object]] = []
        self._waiting: list[object] = []  # a queue that was not empty in time is not waited for again

    def add(self, flush: Callable[[], object]) -> None:
        """Add a function that flushes a client. Raises TypeError if it cannot be called."""
        if not callable(flush):
            msg = f"flush_with() takes functions, such as client.flush without brackets, not {flush!r}"
            raise TypeError(msg)
        self._given.append(flush)

    def begin(self) -> None:
        """Begin to flush the clients that were handed in, without waiting for the end.

        Those of segment-analytics-python send by themselves, so who waits for a call need not flush them.
        """
        for flush in self._given:
            threading.Thread(target=_quiet(flush), daemon=True, name="segment-pendo flush").start()

    def run(self, hosts: Sequence[str], seconds: float) -> str:
        """Flush all clients that send to one of these hosts; return what went wrong, or ''.

        These are the clients of segment-analytics-python and those that were handed in. A Python client may
        wait for good reasons, such as an answer 429: after `seconds` this goes on without an error.
        """
        for queue in _python_queues(hosts):
            if queue not in self._waiting and _run(queue.join, seconds):
                self._waiting.append(queue)
        for flush in self._given:
            wrong = _run(flush, seconds)
            if wrong:
                return f"{getattr(flush, '__qualname__', flush)} {wrong}"
        return ""


def clients_elsewhere(hosts: Sequence[str]) -> list[str]:
    """Return the hosts of those clients of segment-analytics-python in this process that send elsewhere."""
    return sorted({str(client.host) for client in _consumers() if not _sends_to(client, hosts)})


def _consumers() -> Iterator[Any]:
    return (thread for thread in threading.enumerate() if type(thread).__module__ == _CONSUMER)


def _sends_to(consumer: Any, hosts: Sequence[str]) -> bool:
    return str(consumer.host).startswith(tuple(hosts))


def _python_queues(hosts: Sequence[str]) -> Iterator[Any]:
    for consumer in _consumers():
        if _sends_to(consumer, hosts) and consumer.queue.unfinished_tasks:
            yield consumer.queue


def _quiet(flush: Callable[[], object]) -> Callable[[], None]:
    def work() -> None:
        # What goes wrong is reported where the end of a flush is waited for.
        with suppress(Exception):
            flush()

    return work


def _run(flush: Callable[[], object], seconds: float) -> str:
    raised: list[str] = []

    def work() -> None:
        try:
            flush()
        except BaseException as error:  # noqa: BLE001 - it is reported where the test waits
            raised.append(f"raised {type(error).__name__}: {error}")

    thread = threading.Thread(target=work, daemon=True, name="segment-pendo flush")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return f"did not end within {seconds:g} s"
    return raised[0] if raised else ""

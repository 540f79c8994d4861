"""Flushing: what an SDK still holds is sent before a test looks whether anything more comes.

segment-analytics-python is flushed without being asked: its consumers are threads, and each knows its host
and its queue. A client of another SDK is flushed by what the test hands in.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

__all__ = ["Flushes", "clients_elsewhere"]

_CONSUMER: Final = "segment.analytics.consumer"


class Flushes:
    """What to call.

    Each runs in a thread of its own, as one may wait for ever: on a client whose thread has died, for
    example.
    """

    def __init__(self) -> None:
        self._given: list[Callable[[], object]] = []
        self._waiting: list[object] = []  # what did not end once is not waited for again

    def add(self, flush: Callable[[], object]) -> None:
        """Raises TypeError for what cannot be called."""
        if not callable(flush):
            msg = f"flush_with() takes functions, such as client.flush without brackets, not {flush!r}"
            raise TypeError(msg)
        self._given.append(flush)

    def run(self, hosts: Sequence[str], seconds: float) -> str:
        """Flush what was handed in, and clients of segment-analytics-python that send to one of these hosts;
        what went wrong, or ''.

        Such a client may wait for good reasons, as when it was answered 429; then this goes on after
        `seconds`.
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


def _run(flush: Callable[[], object], seconds: float) -> str:
    raised: list[str] = []

    def work() -> None:
        try:
            flush()
        except BaseException as error:  # noqa: BLE001 - it is told where the test waits
            raised.append(f"raised {type(error).__name__}: {error}")

    thread = threading.Thread(target=work, daemon=True, name="segment-pendo flush")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return f"did not end within {seconds:g} s"
    return raised[0] if raised else ""

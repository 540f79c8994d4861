"""The order of events, wherever and whenever they are read."""

from typing import NamedTuple

__all__ = ["Order"]


class Order(NamedTuple):
    """The place of an event among all: when Segment received it, then where it stands.

    `at` is in epoch milliseconds. `more` counts what stands in one line: members of an array, and the
    webhooks of further mappings.
    """

    at: int
    part: str
    line: int
    more: int = 0

    @property
    def place(self) -> str:
        """Return where the event stands, in words."""
        return f"{self.part}:{self.line}" if self.part else f"line {self.line}"

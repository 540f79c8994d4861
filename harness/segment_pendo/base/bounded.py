"""A mapping that cannot grow without end."""

from collections import OrderedDict
from collections.abc import Hashable, Iterator
from typing import Literal

__all__ = ["Bounded"]


class Bounded[K: Hashable, V]:
    """A mapping that holds at most `limit` entries and forgets the oldest; `cut` counts the forgotten ones.

    `renewed_by` says what makes an entry the youngest again: "nothing" (first come, first gone), "setting"
    it, or "use" (setting it, or asking for it with `first`).
    """

    def __init__(self, limit: int, renewed_by: Literal["nothing", "setting", "use"] = "nothing") -> None:
        self._limit = limit
        self._by_set = renewed_by != "nothing"
        self._by_use = renewed_by == "use"
        self._held: OrderedDict[K, V] = OrderedDict()
        self.cut = 0

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[K]:
        return iter(self._held)

    def __contains__(self, key: K) -> bool:
        return key in self._held

    def get(self, key: K) -> V | None:
        """Return what is held under a key, or None. This does not make the entry younger."""
        return self._held.get(key)

    def __setitem__(self, key: K, value: V) -> None:
        self._held[key] = value
        if self._by_set:
            self._held.move_to_end(key)
        if len(self._held) > self._limit:
            self.forget_oldest()

    def first(self, key: K, value: V) -> V:
        """Return what is held under a key; where nothing is, keep the value from now on and return it."""
        try:
            held = self._held[key]
        except KeyError:
            self[key] = value
            return value
        if self._by_use:
            self._held.move_to_end(key)
        return held

    def is_new(self: "Bounded[K, bool]", key: K) -> bool:
        """Whether a key was not held until now; remember it from now on."""
        new = key not in self._held
        self.first(key, True)
        return new

    def pop(self, key: K) -> V | None:
        """Take an entry out and return it, or None where there is none."""
        return self._held.pop(key, None)

    def forget_oldest(self) -> V:
        """Take the oldest entry out and return it. Raises KeyError where nothing is held."""
        _, value = self._held.popitem(last=False)
        self.cut += 1
        return value

    def clear(self) -> None:
        """Empty the mapping and set `cut` to 0."""
        self._held.clear()
        self.cut = 0

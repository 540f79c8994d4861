"""Mappings that cannot grow without end."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Final, Literal

__all__ = ["Bounded", "Made"]


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
        held = self._held
        if self._by_set and key in held:
            held.move_to_end(key)
        held[key] = value
        if len(held) > self._limit:
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

    def first_made(self, key: K, make: Callable[[], V]) -> V:
        """Do the same as `first`, with a value that is only made where nothing is held."""
        try:
            held = self._held[key]
        except KeyError:
            self[key] = value = make()
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


_LARGEST: Final = 2_000  # characters of a key that is held
_EACH: Final = 30  # what each text of a key of several counts besides


class Made[K: str | tuple[str, ...], V](dict[K, V]):
    """What a function makes of each key, made once: `made[key]` makes what is not held.

    It holds at most `limit` entries, then it begins anew, and none whose key is very long, so that no app
    fills the memory. The function must give the same for the same key, whenever it is asked.

    It is a dict, as nothing else is asked as fast: 40 ns, a call of any method costs 60 more.
    """

    def __init__(self, make: Callable[[K], V], limit: int = 4_096) -> None:
        super().__init__()
        self._make = make
        self._limit = limit

    def __missing__(self, key: K) -> V:
        value = self._make(key)
        size = len(key) if isinstance(key, str) else sum(map(len, key)) + _EACH * len(key)
        if size <= _LARGEST:
            if len(self) >= self._limit:
                self.clear()
            self[key] = value
        return value

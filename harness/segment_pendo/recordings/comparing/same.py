"""Which calls of two recordings mean the same: found while both are read, in a few bytes for each call."""

from array import array
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, Protocol

from segment_pendo.base.js_json import keep
from segment_pendo.recordings.comparing.meaning import DeviceIds, Known, Meaning, device_ids
from segment_pendo.words import Json

__all__ = ["Names", "Same"]

type Names = dict[tuple[str, str], set[str]]  # the types of the values of each (type of call, trait)

_ALONE: Final = -1
_KINDS: Final = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    dict: "object",
    type(None): "null",
}


type _Marked = tuple[bytes, tuple[str, ...]]  # what a call means, and which device sent it


class _Call(Protocol):
    """A call of a recording; `place`: how many come before it."""

    @property
    def place(self) -> int: ...
    @property
    def type(self) -> str: ...
    @property
    def call(self) -> Json: ...


class _Recording:
    """What is kept of one recording: the calls that have met none of the other yet, and its traits."""

    def __init__(self) -> None:
        self.names: Names = defaultdict(set)
        self.waiting: dict[bytes, deque[int]] = {}
        self.of_devices: list[tuple[int, bytes, tuple[str, ...]]] = []

    def marked(self, call: _Call, meaning: Meaning) -> _Marked:
        """Return what a call means, and remember its traits."""
        shaped = meaning.shaped(call.call)
        values = shaped if isinstance(shaped, dict) else {}
        traits = values.get("traits") if call.type in {"identify", "group"} else values.get("properties")
        for name, value in (traits if isinstance(traits, dict) else {}).items():
            kind = _KINDS.get(type(value), "number")  # js_json's own number is a number too
            self.names[call.type, name].add(kind)
        return blake2b(keep([call.type, shaped]), digest_size=16).digest(), device_ids(call.call)

    def take(self, mark: bytes) -> int | None:
        """Take the first call that waits with this mark, or None."""
        places = self.waiting.get(mark)
        if places is None:
            return None
        place = places.popleft()
        if not places:
            del self.waiting[mark]
        return place


class Same:
    """Pairs the calls of two recordings that mean the same: `meet` takes both at once, place by place.

    Of each call at most 9 bytes stay, but of those whose pair is far away, and of those from a device that
    has another id in the other recording. `ids`: which device is which; `count`: how many pairs.
    """

    def __init__(self, meaning: Meaning) -> None:
        self._meaning = meaning
        self.ids = DeviceIds()
        self.count = 0
        self.old, self.new = _Recording(), _Recording()
        self._is_taken = bytearray()  # of each old call: whether a new one means the same
        self._old_of = array("q")  # of each new call: the place of the old one
        self._alike = True  # until now, each call is the same as that at its place

    def meet(self, was: _Call | None, now: _Call | None) -> None:
        """Take the calls at the next place of both; None where a recording has ended."""
        before = None if was is None else self.old.marked(was, self._meaning)
        after = None if now is None else self.new.marked(now, self._meaning)
        self._is_taken.extend(bytes(was is not None))
        self._old_of.extend([_ALONE] * (now is not None))
        self._alike = self._alike and before == after
        if was is not None and before is not None:
            if self._alike:
                self.ids.bind(before[1], before[1])
                self._pair(was.place, was.place)
                return
            self._wait(was.place, before, self.old, self.new)
        if now is not None and after is not None:
            self._wait(now.place, after, self.new, self.old)

    def _wait(self, place: int, marked: _Marked, ours: _Recording, theirs: _Recording) -> None:
        """Pair a call with the first one that waits for it, or let it wait."""
        mark, device = marked
        if any(device):
            ours.of_devices.append((place, mark, device))
            return
        other = theirs.take(mark)
        if other is None:
            ours.waiting.setdefault(mark, deque()).append(place)
        else:
            self._pair(*((place, other) if ours is self.old else (other, place)))

    def _pair(self, was: int, now: int) -> None:
        self._is_taken[was] = 1
        self._old_of[now] = was
        self.count += 1

    def end(self) -> None:
        """Pair the calls of devices that have other ids in the other recording."""
        known = Known(self.ids, self.old.of_devices)
        for now, mark, device in self.new.of_devices:
            was = known.take(mark, device)
            if was is not None:
                self._pair(was, now)

    def only_old(self) -> Iterator[int]:
        """Yield the places of the old calls that mean the same as no new one."""
        return (place for place, is_taken in enumerate(self._is_taken) if not is_taken)

    def only_new(self) -> Iterator[int]:
        """Yield the places of the new calls that mean the same as no old one."""
        return (place for place, old in enumerate(self._old_of) if old == _ALONE)

    def moved(self) -> list[tuple[int, int]]:
        """Return the fewest pairs that must move to bring the old order into the new one."""
        # The longest run of pairs in order stays; the others moved.
        ends, lasts, previous = array("q"), array("q"), array("q")
        for new, old in enumerate(self._old_of):
            at = bisect_left(ends, old) if old != _ALONE else 0
            previous.append(lasts[at - 1] if at else _ALONE)
            if old == _ALONE:
                continue
            if at == len(ends):
                ends.append(old)
                lasts.append(new)
            else:
                ends[at], lasts[at] = old, new
        stays = bytearray(len(self._old_of))
        new = lasts[-1] if lasts else _ALONE
        while new != _ALONE:
            stays[new] = 1
            new = previous[new]
        return [(old, new) for new, old in enumerate(self._old_of) if old != _ALONE and not stays[new]]

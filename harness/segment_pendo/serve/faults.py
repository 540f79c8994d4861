"""Faults: which requests of SDKs, and which webhooks at the loopback Pendo, are to go wrong, and how.

A fault has one plain form, whichever door it comes through: the JSON object of `Fault.of`, of which
`Fault.read` takes a short text as well. `Faults.next` only decides, without any I/O; serve/failing carries a
fault out. What chance decides is drawn from one seed, so that a run can be repeated.
"""

import secrets
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Annotated, Any, Final, Literal, Self

import msgspec
from msgspec import Meta, Struct

from segment_pendo.base import js_json
from segment_pendo.base.errors import USAGE, SegmentPendoError
from segment_pendo.base.prose import short, tell_nobody
from segment_pendo.base.suggestion import unknown
from segment_pendo.segment import ingest
from segment_pendo.segment.members import WORD_OF
from segment_pendo.words import Batch, Call, Json, JsonObject, SdkRequest

__all__ = ["Fault", "FaultError", "Faults", "Matches", "Side"]

type Side = Literal["segment", "pendo"]
type Matches = Callable[[Call], bool]

_MOST: Final = 1000  # that wait at a time
_MOST_OVER: Final = 100  # that are over, and still listed
_WIDEST: Final = 300
_PREFIX: Final = "match."
# What a match may name, and the member of the call that it means.
_MEMBERS: Final = {
    "type": "type",
    **{word: name for name, word in WORD_OF.items()},
    "message_id": "messageId",
}
_TRACK_API: Final = {
    "visitorId": "userId",
    "accountId": "groupId",
}  # Pendo's names for what Segment's calls have
_KINDS: Final = {
    "on": "segment or pendo",
    "status": "a status from 200 to 599, or none: then the answer is the usual one",
    "retry_after": "whole seconds, or none",
    "delay": "a number of seconds, from 0 to less than 3600",
    "outage": "a number of seconds, from 0 to less than 86400",
    "times": "a whole number from 1, or none: for ever",
    "probability": "a number above 0, up to 1",
    "match": "an object with some of " + ", ".join(_MEMBERS),
}
_TAKEN: Final[dict[Side, tuple[str, str]]] = {
    "segment": ("its calls were taken", "its calls were not taken"),
    "pendo": ("Pendo took it", "Pendo did not take it"),
}
_WORDS: Final[dict[str, Json]] = {"true": True, "false": False, "none": None, "null": None}


class FaultError(SegmentPendoError, ValueError):
    """There is no such fault; the text says which key is wrong, and what belongs there."""

    exit_code = USAGE


class Fault(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What goes wrong, for which requests, and how often. Make it by `of` or `read`, which check it.

    `on`: requests of SDKs to Segment, or webhooks and track events to Pendo. Each waits `delay` seconds, then
    gets the answer `status` with the header Retry-After of `retry_after` seconds; None: its usual answer.
    Instead, `hang` never answers, and `reset` resets the connection; `cut` breaks the answer off within its
    body. `outage`: from the first one on, every request for so many seconds. `times`: how often, None: for
    ever. `probability`: of each request. `keep`: what came is taken all the same. `match`: only requests with
    a call that has these members.
    """

    on: Side = "segment"
    status: Annotated[int, Meta(ge=200, le=599)] | None = 503
    retry_after: Annotated[int, Meta(ge=0, le=10**9)] | None = None
    delay: Annotated[float, Meta(ge=0, lt=3600)] = 0
    hang: bool = False
    reset: bool = False
    cut: bool = False
    outage: Annotated[float, Meta(ge=0, lt=86400)] = 0
    times: Annotated[int, Meta(ge=1, le=10**9)] | None = 1
    probability: Annotated[float, Meta(gt=0, le=1)] = 1
    keep: bool = False
    match: dict[str, Any] | None = None

    @classmethod
    def of(cls, plain: Any) -> Self:
        """Return the fault that a JSON object describes. Raises FaultError.

        Without `times` it happens once, or for ever if it has a `probability` or an `outage`.
        """
        if not isinstance(plain, Mapping):
            msg = 'a fault is an object such as {"on": "pendo", "status": 503}'
            raise FaultError(msg)
        _check_names(plain, cls.__struct_fields__, "a fault has no key")
        members = {name: _number(value) for name, value in plain.items()}
        usual = _usual_times(members.get("outage"), members.get("probability", 1))
        members = {"times": usual, **members}
        try:
            fault = msgspec.convert(members, cls)
        except (msgspec.ValidationError, ValueError) as error:
            name = next((name for name in cls.__struct_fields__ if f"`$.{name}" in str(error)), "on")
            msg = f"{name} must be {_KINDS.get(name, 'true or false')}"
            raise FaultError(msg) from None
        _check_names(fault.match or {}, _MEMBERS, "match has no key")
        wrong = _contradiction(fault)
        if wrong:
            raise FaultError(wrong)
        return fault

    @classmethod
    def read(cls, text: str, on: Side = "segment") -> Self:
        """Return the fault of a text such as `on=pendo,status=503,times=3` or its JSON. Raises FaultError.

        `match.user=u1` names a member of a match; a key alone means true. `on`: where it is, if the text does
        not say.
        """
        if text.lstrip().startswith("{"):
            value = _json(text)
            return cls.of({"on": on, **value} if isinstance(value, dict) else value)
        plain: dict[str, Json] = {}
        match: dict[str, Json] = {}
        for pair in text.split(","):
            name, equals, value = (part.strip() for part in pair.partition("="))
            if name in plain or name.removeprefix(_PREFIX) in match:
                msg = f"{short(name, _WIDEST)} is given twice"
                raise FaultError(msg)
            if name.startswith(_PREFIX) and equals:
                match[name.removeprefix(_PREFIX)] = value
            else:
                plain[name] = _value(value) if equals else True
        return cls.of({"on": on, **plain, **({"match": match} if match else {})})

    def plain(self) -> JsonObject:
        """Return the JSON object that describes it, with every key."""
        return {name: getattr(self, name) for name in self.__struct_fields__}

    @property
    def is_taken(self) -> bool:
        """Whether what came is taken all the same: because of `keep`, or since it gets its usual answer."""
        return self.keep or (self.status is None and not (self.hang or self.reset))

    @property
    def only_delays(self) -> bool:
        """Whether nothing else goes wrong than that the usual answer comes late."""
        return self.status is None and not (self.hang or self.reset or self.cut)

    @property
    def answer(self) -> str:
        """Return in words what a request gets, such as "answered 503"."""
        if self.hang or self.reset:
            return "not answered" if self.hang else "reset"
        said = f"answered {'as usual' if self.status is None else self.status}"
        return f"{said}, its body cut" if self.cut else said

    def __str__(self) -> str:
        """Return the shortest text from which `read` makes it again."""
        usual = {**_DEFAULT.plain(), "times": _usual_times(self.outage, self.probability)}
        shown = {"on"} if self.hang or self.reset else {"on", "status"}
        plain = {name: value for name, value in self.plain().items() if name in shown or value != usual[name]}
        pairs = {name: _text(value) for name, value in plain.items() if name != "match"}
        pairs |= {_PREFIX + name: value for name, value in (self.match or {}).items()}
        simple = all(isinstance(value, str) and "," not in value == value.strip() for value in pairs.values())
        if simple and self.match != {}:
            return ",".join(f"{name}={value}" for name, value in pairs.items())
        return js_json.ascii_only(js_json.keep(plain).decode())


def _usual_times(outage: Any, probability: Any) -> int | None:
    """Return how often a fault happens that does not say so."""
    return None if outage or probability != 1 else 1


_DEFAULT: Final = Fault()


def _check_names(given: Mapping[str, Any], names: Sequence[str] | Mapping[str, str], kind: str) -> None:
    wrong = unknown(given, names, kind)
    if wrong:
        raise FaultError(short(wrong, _WIDEST))


def _number(value: Any) -> Any:
    """Return a number as a plain int or float, so that an HTTPStatus is one too, and 2.0 is whole."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return int(value) if isinstance(value, int) or value.is_integer() else float(value)


def _contradiction(fault: Fault) -> str:
    """Return why the keys of a fault do not go together, or ''."""
    ways = [name for name in ("hang", "reset", "cut") if getattr(fault, name)]
    if len(ways) > 1:
        return f"{' and '.join(ways)} exclude each other; give one of them"
    if fault.outage and fault.times is not None:
        return "outage and times exclude each other: an outage happens once, to every request that it meets"
    if fault.retry_after is not None and (fault.status is None or fault.hang or fault.reset):
        return "retry_after is a header of an answer with a status; give a status, and neither hang nor reset"
    if fault.cut and fault.status in {204, 304}:
        return f"cut breaks off the body of an answer, and {fault.status} has none"
    return ""


def _json(text: str) -> Json:
    try:
        return js_json.read(text.encode("utf-8", "replace")).value
    except (ValueError, RecursionError):
        msg = "a fault that begins with { is a JSON object, and this text is not JSON"
        raise FaultError(msg) from None


def _value(text: str) -> Json:
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def _text(value: Json) -> str:
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"{value!r}" if isinstance(value, float) else str(value)


# --- which calls ---


def _holds(expected: Json, actual: Json) -> bool:
    """Whether a value has what is expected: objects may have more, all else is equal as JSON."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(
            key in actual and _holds(value, actual[key]) for key, value in expected.items()
        )
    if isinstance(expected, list):
        return (
            isinstance(actual, list) and len(expected) == len(actual) and all(map(_holds, expected, actual))
        )
    return isinstance(expected, bool) == isinstance(actual, bool) and expected == actual


def _matches(match: Mapping[str, Json], call: Call) -> bool:
    members = {**call.data, "type": call.type} if isinstance(call.data, dict) else {"type": call.type}
    return all(
        _MEMBERS[word] in members and _holds(value, members[_MEMBERS[word]]) for word, value in match.items()
    )


def _calls(facts: SdkRequest | bytes) -> Sequence[Call]:
    """Return the calls of an SDK's request, or the events in the body of a webhook or track event."""
    if isinstance(facts, SdkRequest):
        batch = ingest.read(facts)
        return batch.calls if isinstance(batch, Batch) else ()
    try:
        body = js_json.read(facts, depth=js_json.MAX_DEPTH + 1).value
    except (ValueError, RecursionError):
        return ()
    return [_event(index, event) for index, event in enumerate(body if isinstance(body, list) else [body])]


def _event(index: int, event: Json) -> Call:
    if not isinstance(event, dict):
        return Call(index, None, event)
    kind = event.get("type")
    event = {_TRACK_API.get(name, name): value for name, value in event.items()} | event
    return Call(index, kind if isinstance(kind, str) else None, event)


# --- deciding ---


@dataclass(slots=True)
class _Standing:
    """A fault that waits for requests; `left`: how often it may still happen; `until`: when its outage ends.

    `came`: how many requests it could have happened to; `met`: to how many it did.
    """

    number: int
    fault: Fault
    name: str
    matches: Matches | None
    chance: Random
    left: int | None
    until: float | None = None
    came: int = 0
    met: int = 0

    def is_over(self, now: float) -> bool:
        return self.left == 0 or (self.until is not None and now >= self.until)

    def happens(self, calls: Callable[[], Sequence[Call]], now: float) -> bool:
        """Whether it happens to the next request, at this time; an outage then begins."""
        fault = self.fault
        if self.until is None:
            if self.matches is not None and not any(map(self.matches, calls())):
                return False
            self.came += 1
            if fault.probability < 1 and self.chance.random() >= fault.probability:
                return False
            if fault.outage:
                self.until = now + fault.outage
        self.met += 1
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """Holds faults and decides which request meets which; the first one that can happen does.

    `note` gets a sentence about each that happens; `asked` says in it who wanted that. `seed`: of all
    chances, by default another one each time. `clock` gives seconds; only outages go by it. `released` counts
    how often the requests that hang were let go; `happened`, how many requests met a fault, at each side.
    """

    def __init__(
        self,
        note: Callable[[str], None] = tell_nobody,
        *,
        seed: int | str | None = None,
        clock: Callable[[], float] = time.monotonic,
        asked: str = "as a fault asked",
    ) -> None:
        self.note = note
        self.asked = asked
        self.seed = secrets.randbelow(10**6) if seed is None else seed
        self.released = 0
        self.happened: Counter[Side] = Counter()
        self._clock = clock
        self._count = 0
        self._standing: list[_Standing] = []
        self._over = deque[_Standing](maxlen=_MOST_OVER)

    def add(self, *faults: Fault, matches: Matches | None = None, name: str = "") -> None:
        """Let faults wait behind the others: all of them, or none.

        `matches` says of a call what a `match` cannot say; `name` is what `unused` calls them. Raises
        FaultError where too many wait.
        """
        if len(self._standing) + len(faults) > _MOST:
            msg = f"more than {_MOST:,} faults cannot wait at a time; clear them first"
            raise FaultError(msg)
        for fault in faults:
            own = partial(_matches, fault.match) if fault.match is not None else None
            # Each has its own chance, so that requests which do not concern it change nothing for it.
            chance = Random(f"{self.seed}/{self._count}")  # noqa: S311 - no secret: it must be repeatable
            self._standing.append(
                _Standing(self._count, fault, name or str(fault), matches or own, chance, fault.times)
            )
            self._count += 1

    def clear(self) -> None:
        """Forget all faults, and begin again with the seed; let go what hangs."""
        self._standing.clear()
        self._over.clear()
        self._count = 0
        self.release()

    def release(self) -> None:
        """Let go the requests that hang: whoever lets them hang looks at `released`."""
        self.released += 1

    def concern(self, on: Side) -> bool:
        """Whether any fault waits for requests of this side."""
        return any(standing.fault.on == on for standing in self._standing)

    def next(self, on: Side, facts: SdkRequest | bytes) -> Fault | None:
        """Return the fault that happens to the next request, or None.

        `facts`: the request of an SDK, or the body of a webhook.
        """
        read: list[Sequence[Call]] = []

        def calls() -> Sequence[Call]:  # read once, and only if a fault asks for it
            if not read:
                read.append(_calls(facts))
            return read[0]

        now = self._clock()
        self._sort_out(now)
        for standing in self._standing:
            if standing.fault.on == on and standing.happens(calls, now):
                self.happened[on] += 1
                self._sort_out(now)
                return standing.fault
        return None

    def _sort_out(self, now: float) -> None:
        over = [standing for standing in self._standing if standing.is_over(now)]
        if over:
            self._over.extend(over)
            self._standing = [standing for standing in self._standing if not standing.is_over(now)]

    def tell(self, fault: Fault, what: str) -> None:
        """Note that a fault happens to a request; `what` names it, such as "POST /v1/batch"."""
        taken, not_taken = _TAKEN[fault.on]
        self.note(f"{what} {fault.answer}, {self.asked}; {taken if fault.is_taken else not_taken}")

    def tell_delay(self, fault: Fault, what: str) -> None:
        """Note that a fault lets a request wait."""
        self.note(f"{what} held back for {fault.delay:g} s, {self.asked}")

    def rows(self) -> list[Json]:
        """Return each fault in its plain form, how often it was `met`, and whether it is `over`."""
        self._sort_out(self._clock())
        both = sorted([*self._over, *self._standing], key=lambda standing: standing.number)
        waiting = {standing.number for standing in self._standing}
        return [
            {**standing.fault.plain(), "met": standing.met, "over": standing.number not in waiting}
            for standing in both
        ]

    def unused(self) -> list[str]:
        """Return the names of the faults for which no request has come yet."""
        return [standing.name for standing in self._standing if not standing.came]

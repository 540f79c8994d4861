"""A fault: what goes wrong with which requests. It has one plain form, whichever door it comes through.

`Fault.of` makes it of a JSON object, `Fault.read` of a short text or of JSON as text.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self, get_args

import msgspec
from msgspec import Meta, Struct

from segment_pendo.base import js_json
from segment_pendo.base.errors import USAGE, SegmentPendoError
from segment_pendo.base.prose import short
from segment_pendo.base.suggestion import nearest, unknown
from segment_pendo.segment.members import WORD_OF
from segment_pendo.words import Call, Json, JsonObject

__all__ = ["MATCHED", "Fault", "FaultError", "Side"]

type Side = Literal["segment", "token", "pendo"]

# What a match may name, and the member of the call that it means.
MATCHED: Final = {
    "type": "type",
    **{word: name for name, word in WORD_OF.items()},
    "message_id": "messageId",
}
_WIDEST: Final = 300
_PREFIX: Final = "match."
_KINDS: Final = {
    "on": "segment, token or pendo",
    "status": "a status from 200 to 599, or none: then the answer is the usual one",
    "retry_after": "whole seconds, or none",
    "delay": "a number of seconds, from 0 to less than 3600",
    "outage": "a number of seconds, from 0 to less than 86400",
    "times": "a whole number from 1, or none: for ever",
    "probability": "a number above 0, up to 1",
    "match": "an object with some of " + ", ".join(MATCHED),
}
_WORDS: Final[dict[str, Json]] = {"true": True, "false": False, "none": None, "null": None}


class FaultError(SegmentPendoError, ValueError):
    """There is no such fault; the text says which key is wrong, and what belongs there."""

    exit_code = USAGE


class Fault(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What goes wrong, for which requests, and how often. Make it by `of` or `read`, which check it.

    `on`: requests of SDKs to Segment, theirs for an OAuth token, or webhooks and track events to Pendo. Each
    waits `delay` seconds, then gets the answer `status` with the header Retry-After of `retry_after` seconds;
    None: its usual answer.
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
            near = nearest(str(plain.get("on")), get_args(Side.__value__)) if name == "on" else None
            hint = f"; did you mean {near}?" if near else ""
            msg = f"{name} must be {_KINDS.get(name, 'true or false')}{hint}"
            raise FaultError(msg) from None
        _check_names(fault.match or {}, MATCHED, "match has no key")
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

    def is_for(self, call: Call) -> bool:
        """Whether a call has the members that `match` asks for."""
        data = call.data if isinstance(call.data, dict) else {}
        members = {**data, "type": call.type}  # which the path may have given
        return all(
            MATCHED[word] in members and _holds(value, members[MATCHED[word]])
            for word, value in (self.match or {}).items()
        )

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
    if fault.on == "token" and fault.match is not None:
        return "match looks at calls, and a request for a token has none; leave match out"
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

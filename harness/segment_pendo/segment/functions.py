"""Segment's insert functions: which handler takes a call, and what its answer or its error means.

A function is the team's own JavaScript, run after the destination's filters for calls that a trigger selects
as they came (D-56), and before the mapping. It has a handler for each type of call (D-50); what the handler
returns replaces the event. This module knows the rules and the words; serve/functions runs the code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from segment_pendo.base import js_json
from segment_pendo.base.finding_code import Code
from segment_pendo.base.prose import many, short
from segment_pendo.words import Json, JsonObject

__all__ = [
    "CODES",
    "HANDLERS",
    "LARGEST",
    "NETWORK_OFF",
    "SECONDS",
    "Blocked",
    "Function",
    "Returned",
    "Thrown",
    "ended",
    "handler",
    "kept",
    "log_of",
    "missing",
    "nothing",
    "remembered",
    "said",
    "thrown",
    "timed_out",
    "too_large",
    "unreadable",
]

SECONDS: Final = 5.0  # D-53
LARGEST: Final = 1_000_000  # bytes of a returned event; an event has at most 32 KB when it comes
NETWORK_OFF: Final = "the network is off for functions here, unless it is allowed"
HANDLERS: Final = {
    "identify": "onIdentify",
    "track": "onTrack",
    "group": "onGroup",
    "page": "onPage",
    "screen": "onScreen",
    "alias": "onAlias",
    "delete": "onDelete",
}
# What Segment's runtime gives besides (D-55): packages, which are not part of this program.
_ONLY_AT_SEGMENT: Final = frozenset(
    {
        "_", "AWS", "OAuth", "akeylessLabs", "aws4", "azure", "clickHouseClient", "cryptojslib",
        "fetchretrylib", "google", "hubspotlib", "jsforce", "jsftp", "jsonwebtoken",
        "libphonenumberjslib", "mailchimplib", "moment", "nodemailjet", "oneSignal", "pg",
        "sendgrid", "sentrylib", "skyflowlib", "snowflakesdk", "stripe", "twilio", "uuidv5",
        "winstonlib", "xml", "xml2js", "zlib",
    }
)  # fmt: skip
_UNDEFINED: Final = re.compile(r"(\w+) is not defined")
_MOST_SAID: Final = 300  # characters of an error's message
_WIDEST: Final = 500  # characters of a line of the log
_SOURCE: Final = "Segment's documentation of insert functions"

CODES: Final[dict[str, Code]] = {
    "FUNCTION_EVENT_NOT_SUPPORTED": Code(
        "info",
        "The insert function threw EventNotSupported: Segment does not send the call and does not try again.",
        "Have the handler return the event, if Pendo is to get calls of this kind.",
        _SOURCE,
    ),
    "FUNCTION_INVALID_PAYLOAD": Code(
        "error",
        "The insert function threw InvalidEventPayload: Segment rejects the call and does not try again.",
        "Send what the function asks for, or change what it asks for.",
        _SOURCE,
    ),
    "FUNCTION_VALIDATION": Code(
        "error",
        "The insert function threw ValidationError: Segment rejects the call and does not try again.",
        "Send what the function asks for, or change what it asks for.",
        _SOURCE,
    ),
    "FUNCTION_RETRY": Code(
        "error",
        "The insert function threw RetryError. Segment runs it again for up to four hours; here it runs "
        "once.",
        "Look at what the function waits for: often a service that it cannot reach from here.",
        _SOURCE,
    ),
    "FUNCTION_FAILED": Code(
        "error",
        "The insert function failed with an error that is none of Segment's: the call is not sent and not "
        "tried again.",
        "Correct the function; the reason says what failed and on which line.",
        _SOURCE,
    ),
    "FUNCTION_TIMEOUT": Code(
        "error",
        "The insert function did not answer within five seconds, which is Segment's limit. Segment runs it "
        "again for up to four hours; here it runs once.",
        "Look for a loop without an end, a promise that nothing settles, or a service that does not answer.",
        "Segment's documentation of function usage limits",
    ),
    "FUNCTION_NO_HANDLER": Code(
        "error",
        "The insert function has no handler for this type of call, so Segment sends none of them.",
        "Add the handler, and have it return the event.",
        _SOURCE,
    ),
    "FUNCTION_DROPPED": Code(
        "info",
        "The insert function dropped the call: it threw DropEvent, or its handler returned no event.",
        "Have the handler return the event: changing it is not enough.",
        _SOURCE,
    ),
}

type Kind = Literal[
    "EventNotSupported", "InvalidEventPayload", "ValidationError", "RetryError", "DropEvent", ""
]
# D-51, D-52: which of Segment's errors stands for what.
_BY_KIND: Final[dict[str, str]] = {
    "EventNotSupported": "FUNCTION_EVENT_NOT_SUPPORTED",
    "InvalidEventPayload": "FUNCTION_INVALID_PAYLOAD",
    "ValidationError": "FUNCTION_VALIDATION",
    "RetryError": "FUNCTION_RETRY",
    "DropEvent": "FUNCTION_DROPPED",
}


@dataclass(frozen=True, slots=True)
class Returned:
    """What a handler returned: the event that goes on, and what it logged."""

    data: JsonObject
    logs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why a call does not go on: one of CODES, a sentence, and what the function logged."""

    code: str
    reason: str
    logs: tuple[str, ...] = ()


class Function(Protocol):
    """Gives a call, which is the `index`-th of its request, to the insert function."""

    def __call__(self, data: JsonObject, index: int) -> Returned | Blocked: ...


def kept(outcome: Returned | Blocked, data: JsonObject) -> JsonObject | None:
    """Return what a store or a recording keeps of an outcome; None where the event came back unchanged.

    A function is code: it is not run again where a kept call is mapped again.
    """
    if isinstance(outcome, Blocked):
        return {"code": outcome.code, "reason": outcome.reason}
    return None if js_json.write(outcome.data) == js_json.write(data) else {"data": outcome.data}


def remembered(of_index: Mapping[int, JsonObject | None]) -> Function:
    """Return a function that answers what was kept for each call."""

    def answer(data: JsonObject, index: int) -> Returned | Blocked:
        outcome = of_index.get(index) or {}
        event, code, reason = outcome.get("data"), outcome.get("code"), outcome.get("reason")
        if isinstance(code, str) and isinstance(reason, str):
            return Blocked(code, reason)
        return Returned(event if isinstance(event, dict) else data)

    return answer


@dataclass(frozen=True, slots=True)
class Thrown:
    """An error of a function: which of Segment's errors it is ('' for any other), and what it says."""

    kind: str
    name: str
    message: str
    line: str = ""


def handler(data: JsonObject) -> str:
    """Return the name of the handler that takes a call, or '' where no type has one (D-50)."""
    kind = data.get("type")
    return HANDLERS.get(kind, "") if isinstance(kind, str) else ""


def missing(data: JsonObject, handlers: tuple[str, ...]) -> Blocked:
    """Say that a function with these handlers has none for a call (D-50, D-54)."""
    name, kind = handler(data), data.get("type")
    if not name:
        shown = f'"{short(kind, 40)}"' if isinstance(kind, str) else "none"
        return Blocked(
            "FUNCTION_NO_HANDLER", f"The type of this call is {shown}, for which no handler exists."
        )
    reason = f"The function has no {name}, so Segment sends no {kind} calls."
    if "onBatch" in handlers:
        reason += (
            f" It has onBatch, which Segment calls only where many calls come; {name} is needed as well."
        )
    return Blocked("FUNCTION_NO_HANDLER", reason)


def thrown(name: str, error: Thrown, logs: tuple[str, ...] = ()) -> Blocked:
    """Say what it means that a handler threw an error (D-51, D-52)."""
    code = _BY_KIND.get(error.kind, "FUNCTION_FAILED")
    return Blocked(code, f"{name} threw {said(error)}", logs)


def said(error: Thrown) -> str:
    """Return an error of a function as the end of a sentence, with its line."""
    name = short(error.kind or error.name, 60)
    message = short(error.message, _MOST_SAID)
    text = ": ".join(filter(None, [name, message])) or "an error without a message"
    place = f" (line {error.line})" if error.line else ""
    found = _UNDEFINED.fullmatch(error.message)
    hint = ""
    if found and found[1] in _ONLY_AT_SEGMENT:
        hint = f" Segment's runtime has {found[1]}; it is not part of this program."
    elif found and found[1] in {"require", "module", "exports"}:
        hint = " Segment's functions cannot import or export."
    return f"{text}{place}{'' if text.endswith(('.', '!', '?', '…')) and not place else '.'}{hint}"


def nothing(name: str, returned: str, logs: tuple[str, ...] = ()) -> Blocked:
    """Say that a handler returned something else than an event (D-51)."""
    what = f"returned {returned}, where an event belongs"
    if returned in {"undefined", "null"}:
        what = f"returned nothing ({returned}); changing the event is not enough, it must be returned"
    return Blocked("FUNCTION_DROPPED", f"{name} {what}, so the call is dropped.", logs)


def timed_out(name: str, seconds: float) -> Blocked:
    """Say that a handler took too long (D-53)."""
    limit = many(int(seconds), "second") if seconds == int(seconds) else f"{seconds:g} seconds"
    return Blocked("FUNCTION_TIMEOUT", f"{name} did not answer within {limit}, so it was ended.")


def too_large(name: str, logs: tuple[str, ...] = ()) -> Blocked:
    """Say that a handler returned an event that is too large for us."""
    return Blocked("FUNCTION_FAILED", f"{name} returned an event of more than {LARGEST // 1000:,} KB.", logs)


def unreadable(name: str, why: str, logs: tuple[str, ...] = ()) -> Blocked:
    """Say that what a handler returned cannot be read here."""
    return Blocked(
        "FUNCTION_FAILED", f"{name} returned an event that cannot be read: {short(why, 100)}.", logs
    )


def ended(name: str, code: int, megabytes: int) -> Blocked:
    """Say that Node ended while a handler ran."""
    return Blocked(
        "FUNCTION_FAILED",
        f"Node ended ({code}) while {name} ran; most often because it needs more than {megabytes} MB of "
        "memory.",
    )


def log_of(lines: Json) -> tuple[str, ...]:
    """Return what a function logged, made printable and cut."""
    if not isinstance(lines, list):
        return ()
    return tuple(short(line, _WIDEST) for line in lines if isinstance(line, str))

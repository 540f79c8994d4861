"""Faults that a test asks for with `fail`: a door to serve/faults, in the words of Python."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import UNSET

from segment_pendo.serve.fault import Fault, FaultError
from segment_pendo.serve.faults import Matches
from segment_pendo.testing.expectation import Expectation
from segment_pendo.words import Attempt, Call, Judged, Webhook

__all__ = ["asked_fault", "asked_match", "attempt_of", "name_of"]

type Match = Expectation | Mapping[str, Any] | None

_NUMBERS = ("status", "times", "delay", "retry_after")
_NAMED = ("cut", "on", "probability", "outage")


def asked_fault(arguments: Mapping[str, Any]) -> Fault:
    """Return the fault that the arguments of `fail` describe; a match by an expectation is left out.

    Raises ValueError.
    """
    plain = {name: value for name, value in arguments.items() if value is not UNSET}
    plain["reset"] = plain.pop("drop")
    if plain["match"] is None or isinstance(plain["match"], Expectation):
        del plain["match"]
    try:
        return Fault.of(plain)
    except FaultError as error:
        msg = str(error).replace("reset", "drop")
        if msg.startswith(_NUMBERS):
            msg += (
                ": fail() takes a status from 200 to 599 (or None), at least 1 time, a delay in seconds, and "
                "whole seconds for retry_after, all of them numbers"
            )
        raise ValueError(msg) from None


def asked_match(match: Match) -> Matches | None:
    """Return what says of a call whether it is as expected, or None where no expectation is given.

    Raises ValueError for an expectation about what becomes of a call, which a fault cannot know.
    """
    if not isinstance(match, Expectation):
        return None
    if match.outcome or match.code or match.finding:
        msg = f"a fault happens before the call is judged, so {match} cannot name outcome, code or finding"
        raise ValueError(msg)

    def matches(call: Call) -> bool:
        return match.matches(Judged(call, Webhook(b"", ()), (), None))

    return matches


def name_of(fault: Fault, match: Match) -> str:
    """Return the call of `fail` in short, such as `.fail(503)`."""
    first = next((f"{word}=True" for name, word in _INSTEAD if getattr(fault, name)), str(fault.status))
    plain, usual = fault.plain(), Fault().plain()
    others = [f"{name}={plain[name]!r}" for name in _NAMED if plain[name] != usual[name]]
    return f".fail({', '.join([first, *others, *([f'match={match}'] if match is not None else [])])})"


_INSTEAD = (("reset", "drop"), ("hang", "hang"))


def attempt_of(fault: Fault, at: datetime, usual: int | None, patience: float) -> Attempt:
    """Return the only attempt at a webhook to which a fault happens; nothing is sent again in a test.

    `usual`: the status of the Pendo on loopback if it took the webhook. `patience`: how many seconds
    Segment's destination waits for an answer.
    """
    if fault.hang or fault.delay >= patience:
        return Attempt(1, at, None, f"no answer within {patience:g} s", "dead")
    if fault.reset or fault.cut:
        return Attempt(
            1, at, None, "the connection was reset" if fault.reset else "the answer was cut", "dead"
        )
    status = usual if fault.status is None else fault.status
    if status is not None and 200 <= status < 300:
        return Attempt(1, at, status, "", "delivered")
    return Attempt(1, at, status, f"the Pendo on loopback answered {status}", "dead")

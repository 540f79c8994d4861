"""The result of a probe as a file that can be shared: no key, no host, no name but those that the probe made.

result.schema.json, made by `schema`, describes it.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct

from segment_pendo.base import js_json, times
from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.switch import table
from segment_pendo.base.unfit import unfit
from segment_pendo.pendo.probe.inference import Evidence, Reading
from segment_pendo.pendo.probe.looks import TRACK
from segment_pendo.pendo.probe.plan import MARK, Probe
from segment_pendo.pendo.switches import DEFAULT
from segment_pendo.words import Json

__all__ = [
    "Looked",
    "Read",
    "Result",
    "ResultError",
    "Sent",
    "read",
    "result_of",
    "schema",
    "text",
    "with_readings",
]

_LONGEST: Final = 500  # characters of a value that came back
_MARK: Final = re.compile(f"{MARK}[0-9a-f]{{12}}")


class ResultError(SegmentPendoError):
    """The result of a probe cannot be read; the text says why."""


class Sent(Struct, kw_only=True):
    """One request, and how it was answered."""

    events: Annotated[list[int], Meta(description="the numbers of its events, from 1")]
    what: str
    method: str
    status: Annotated[int | None, Meta(description="null: no answer came")]
    body: Annotated[Any, Meta(description="what was sent; a long padding is cut")]


class Looked(Struct, kw_only=True):
    """One thing that was looked at."""

    at: str
    events: Annotated[list[int], Meta(description="the events that it is about")]
    saw: Annotated[Any, Meta(description="what came back of it; (absent): no such record")]
    fits: Annotated[list[str], Meta(description="the values of the switch with which this is expected")]


class Read(Struct, kw_only=True):
    """What was found out about one switch."""

    found: Annotated[str | None, Meta(description="null: not decided; why says the reason")]
    possible: Annotated[list[str], Meta(description="the values that are left; none where no one fits")]
    default: Annotated[str | None, Meta(description="what is assumed where nothing is said")]
    why: str
    evidence: list[Looked]


class Result(Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A probe: what was sent, what came back, what follows. Without switches it was sent, but not read."""

    format: Literal["segment-pendo-probe"] = "segment-pendo-probe"
    version: Literal[1] = 1
    made_by: str
    at: Annotated[str, Meta(description="when it was sent")]
    to: Annotated[str, Meta(description="a region of Pendo, loopback, or another host")]
    probe: Annotated[str, Meta(pattern=f"^{_MARK.pattern}$", description="what its ids begin with")]
    sent: list[Sent]
    switches: dict[str, Read] = {}
    track: Annotated[Read | None, Meta(description="whether Pendo takes track calls here: on or off")] = None
    assume: Annotated[list[str], Meta(description="what was found and is not the default")] = []

    @property
    def of(self) -> Probe:
        """Return the probe whose result it is."""
        at = times.parse(self.at)
        assert at is not None, "`read` has looked"
        return Probe(self.probe, at)

    @property
    def taken(self) -> dict[int, bool | None]:
        """Return whether each event was taken; None where no answer came, or one that is not for good."""
        return {event: _is_taken(sent.status) for sent in self.sent for event in sent.events}


def result_of(probe: Probe, statuses: Mapping[int, int | None], to: str, made_by: str) -> Result:
    """Return the result of a probe that was sent and not read back; `statuses` by the first event."""
    sent = [
        Sent(
            events=[*post.numbers],
            what=post.what,
            method=post.method,
            status=statuses.get(post.numbers[0]),
            body=post.shown,
        )
        for post in probe.posts
    ]
    return Result(made_by=made_by, at=times.text(probe.at), to=to, probe=probe.mark, sent=sent)


def with_readings(result: Result, readings: Sequence[Reading], secrets: Collection[str]) -> Result:
    """Return a result with what was read back; a value that has one of the secrets in it is left out."""
    defaults = {switch.name: next(iter(switch.values)) for switch in table(DEFAULT)}
    read = {
        reading.name: Read(
            found=reading.found,
            possible=[*reading.possible],
            default=defaults.get(reading.name),
            why=reading.why,
            evidence=[_looked(evidence, secrets) for evidence in reading.evidence],
        )
        for reading in readings
    }
    track = read.pop(TRACK)
    assume = [f"{name}={is_.found}" for name, is_ in read.items() if is_.found not in {None, is_.default}]
    return msgspec.structs.replace(result, switches=read, track=track, assume=assume)


def _is_taken(status: int | None) -> bool | None:
    if status is None or status in {408, 423, 429} or status >= 500:
        return None
    return 200 <= status < 300


def _looked(evidence: Evidence, secrets: Collection[str]) -> Looked:
    saw = _shared(evidence.saw, secrets)
    return Looked(at=evidence.says, events=[*evidence.events], saw=saw, fits=[*evidence.fits])


def _shared(value: Json, secrets: Collection[str]) -> Json:
    written = js_json.write(value).decode()
    if any(secret in written for secret in secrets):
        return "(left out: there is a key in it)"
    return value if len(written) <= _LONGEST else f"(left out: {len(written)} characters)"


def text(result: Result) -> str:
    """Return the text of the file."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2).decode() + "\n"


def read(written: bytes) -> Result:
    """Return the result in a file. Raises ResultError."""
    try:
        result = msgspec.json.decode(written, type=Result)
    except msgspec.ValidationError as error:
        message = f"this is not the result of a probe: {unfit(error, Result)}"
        raise ResultError(message) from None
    except (ValueError, RecursionError):
        message = "this is not the result of a probe: it is not JSON"
        raise ResultError(message) from None
    if times.parse(result.at) is None or not _MARK.fullmatch(result.probe):
        message = "this is not the result of a probe: its time or its mark is not one of ours"
        raise ResultError(message)
    return result


def schema() -> Json:
    """Return the JSON Schema of the file."""
    (ref,), definitions = msgspec.json.schema_components((Result,), ref_template="#/$defs/{name}")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The result of a probe of a Pendo by segment-pendo",
        **ref,
        "$defs": definitions,
    }

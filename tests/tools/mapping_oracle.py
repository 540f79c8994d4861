"""Segment's Webhook action (npm, tests/oracles) as something to ask about mappings, and our view of
the same.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from node_process import NodeProcess

from segment_pendo.base import js_json
from segment_pendo.segment.mapping_kit import request
from segment_pendo.segment.mapping_kit.mapping import Mapped, MappingError, compiled, filled

KEPT = Path(__file__).parents[2] / "fixtures" / "oracles" / "mapping-kit.jsonl"
PROGRAM = "mapping_kit.cjs"
SECRET = "s3cret"
NOTHING = "nothing is sent"
UNKNOWN = "not worked out"
# Node's HTTP adds it by itself; ours is added where the request is sent.
_OF_THE_CONNECTION = {"content-length"}


class Case(NamedTuple):
    """What to ask: the JSON texts of an event and of a mapping."""

    event: str
    mapping: str


class Sent(NamedTuple):
    """A request: `body` is None where there is none."""

    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None


type Verdict = Sent | str  # NOTHING or UNKNOWN
type Rule = Callable[[Case], Verdict]


def read(text: str) -> Any:
    """The value of a JSON text, as our readers have it."""
    return js_json.read(text.encode()).value


def ours(case: Case) -> Verdict:
    """What our code makes of a case."""
    event = js_json.read(case.event.encode())
    assert isinstance(event.value, dict)
    try:
        mapping = compiled(read(case.mapping))
    except MappingError as error:
        return UNKNOWN if "Liquid" in error.message or "worked out" in error.message else NOTHING
    mapped = mapping.mapped(event.value, ordinary=event.ordinary)
    if not isinstance(mapped, Mapped):
        return UNKNOWN if mapped.code == "MAPPING_NOT_KNOWN" else NOTHING
    body = None if mapped.data is None else js_json.write(mapped.data, ordinary=mapped.ordinary)
    signature = "" if body is None else hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    headers = request.wire_headers(mapped.headers, signature, body=body is not None)
    return Sent(mapped.method, headers, body)


def theirs(answer: dict[str, Any]) -> Verdict:
    """What Segment's code made of a case."""
    if "error" in answer:
        assert "request" not in answer["said"], answer  # the network was never asked
        return NOTHING
    headers = tuple((name.lower(), value) for name, value in answer["headers"])
    body = None if answer["body"] is None else answer["body"].encode("latin-1")
    return Sent(answer["method"], tuple(pair for pair in headers if pair[0] not in _OF_THE_CONNECTION), body)


def kept() -> list[tuple[Case, Verdict]]:
    """The verdicts of fixtures/oracles, made by tests/tools/make_oracles.py."""
    rows = (json.loads(line) for line in KEPT.read_text("ascii").splitlines())
    return [(Case(row["event"], row["mapping"]), theirs(row["answer"])) for row in rows]


def differing(rule: Rule) -> list[Case]:
    """The kept cases of which a rule makes something else."""
    return [case for case, verdict in kept() if rule(case) not in {verdict, UNKNOWN}]


class MappingOracle(NodeProcess):
    """Segment's code; a context manager."""

    def __init__(self) -> None:
        super().__init__(PROGRAM)

    def ask(self, cases: Sequence[Case]) -> list[dict[str, Any]]:
        """What Segment's code did with each case."""
        questions = [
            {
                "event": case.event,
                "mapping": js_json.keep(filled(read(case.mapping))).decode(),
                "secret": SECRET,
            }
            for case in cases
        ]
        return self.answers(questions)

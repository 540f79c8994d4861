"""Segment's published code (npm, tests/oracles) as something to ask."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from node_process import NodeProcess

from segment_pendo.base import js_json
from segment_pendo.segment import webhooks
from segment_pendo.words import Call, Message, Webhook

KEPT = Path(__file__).parents[2] / "fixtures" / "oracles" / "segment-webhook.jsonl"
KEPT_CLASSIC = KEPT.with_name("segment-facade.jsonl")
PROGRAM = "segment.cjs"


class Case(NamedTuple):
    """What to ask: `kind` is event, batch (Webhooks (Actions)) or facade (classic); `texts` are JSON texts of
    events.
    """

    kind: str
    texts: Sequence[str]
    secret: str = ""


class Verdict(NamedTuple):
    """What Segment's code POSTed for a case."""

    case: Case
    body: bytes
    signature: str | None


type Rule = Callable[[Case], tuple[bytes, str | None]]


def kept() -> list[Verdict]:
    """The verdicts of fixtures/oracles, made by tests/tools/make_oracles.py."""
    rows = (json.loads(line) for line in KEPT.read_text("ascii").splitlines())
    return [
        Verdict(Case(row["kind"], row["events"], row["secret"]), row["body"].encode(), row["signature"])
        for row in rows
    ]


def differing(rule: Rule) -> list[Verdict]:
    """The kept verdicts that a rule does not give."""
    return [verdict for verdict in kept() if rule(verdict.case) != (verdict.body, verdict.signature)]


def ours(case: Case) -> tuple[bytes, str | None]:
    """What our code POSTs for a case."""
    webhook = _webhook(case)
    return webhook.body, dict(webhook.headers).get("X-Signature")


def heard(answer: dict[str, Any]) -> tuple[bytes, str | None]:
    """Body and signature that Segment's code sent."""
    assert "error" not in answer, answer
    headers = dict(zip(answer["headers"][::2], answer["headers"][1::2], strict=True))
    return answer["body"].encode(), headers.get("x-signature")


def wire_headers(answer: dict[str, Any]) -> list[tuple[str, str]]:
    """The headers that Segment's code sent, in order, in lower case."""
    names, values = answer["headers"][::2], answer["headers"][1::2]
    pairs = [(name.lower(), value) for name, value in zip(names, values, strict=True)]
    # The connection's own depend on the client, not on the webhook.
    return [pair for pair in pairs if pair[0] not in {"host", "connection", "content-length"}]


def _webhook(case: Case) -> Webhook:
    alone = case.secret if case.kind == "event" else ""
    made: list[Webhook] = []
    for text in case.texts:
        parsed = js_json.read(text.encode())
        assert isinstance(parsed.value, dict)
        message = Message(Call(0, None, parsed.value), parsed.value)
        made.append(webhooks.webhook(message, ordinary=parsed.ordinary, secret=alone)[0])
    return made[0] if case.kind == "event" else webhooks.batched(made, case.secret)


class SegmentOracle(NodeProcess):
    """Segment's code; a context manager."""

    def __init__(self) -> None:
        super().__init__(PROGRAM)

    def ask(self, cases: Sequence[Case]) -> list[dict[str, Any]]:
        """What Segment's code did with each case."""
        return self.answers([case._asdict() for case in cases])

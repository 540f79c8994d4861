"""Our webhooks beside Segment's own code (npm @segment/action-destinations): the same body bytes and the same X-Signature.

5,000 events as a rule; `COUNT=100000 uv run pytest tests/oracles/test_segment.py` compares as many as you like.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from segment_oracle import Case, SegmentOracle
from strategies import event_texts

from segment_pendo import js_json
from segment_pendo.segment import webhooks
from segment_pendo.words import Call, Message, Webhook

COUNT = int(os.environ.get("COUNT", "5000"))
AT_ONCE = 20
SECRETS = st.sampled_from(["", "s3cret", "é😀", " "])
compared: list[int] = []


@pytest.fixture(scope="module")
def oracle() -> Iterator[SegmentOracle]:
    with SegmentOracle() as segment:
        yield segment


def ours(text: str, secret: str) -> Webhook:
    parsed = js_json.read(text.encode())
    assert isinstance(parsed.value, dict)
    message = Message(Call(0, str(parsed.value["type"]), parsed.value), parsed.value)
    webhook, _ = webhooks.webhook(message, ordinary=parsed.ordinary, secret=secret)
    return webhook


def heard(answer: dict[str, Any]) -> tuple[bytes, str | None]:
    """Body and signature that Segment's code sent."""
    assert "error" not in answer, answer
    headers = dict(zip(answer["headers"][::2], answer["headers"][1::2], strict=True))
    return answer["body"].encode(), headers.get("x-signature")


def said(webhook: Webhook) -> tuple[bytes, str | None]:
    return webhook.body, dict(webhook.headers).get("X-Signature")


@settings(max_examples=COUNT // AT_ONCE, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(st.lists(event_texts(), min_size=AT_ONCE, max_size=AT_ONCE), SECRETS)
def _compare(oracle: SegmentOracle, texts: list[str], secret: str) -> None:
    answers = oracle.ask([Case("event", [text], secret) for text in texts])
    for text, answer in zip(texts, answers, strict=True):
        assert said(ours(text, secret)) == heard(answer), text
    compared.append(len(texts))


def test_the_same_request_as_segments_code(oracle: SegmentOracle) -> None:
    _compare(oracle)
    assert sum(compared) >= COUNT

"""Our webhooks beside Segment's own code (npm @segment/action-destinations): the same body bytes and the same
X-Signature.

5,000 events as a rule; `COUNT=100000 uv run pytest tests/oracles/test_segment.py` compares as many as you
like.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st
from rule_probes import ACTIONS, CORE, FACADE
from segment_oracle import Case, SegmentOracle, heard, ours, wire_headers
from strategies import date_texts, event_texts, integrations

from segment_pendo.base import js_json
from segment_pendo.segment import facade, webhooks
from segment_pendo.segment.switches import Switches
from segment_pendo.words import Call, Message

COUNT = int(os.environ.get("COUNT", "5000"))
AT_ONCE = 20
SECRETS = st.sampled_from(["", "s3cret", "é😀", " "])
compared: list[int] = []


@pytest.fixture(scope="module")
def oracle() -> Iterator[SegmentOracle]:
    with SegmentOracle() as segment:
        yield segment


@settings(
    max_examples=COUNT // AT_ONCE,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(st.lists(event_texts(), min_size=AT_ONCE, max_size=AT_ONCE), SECRETS)
def _compare(oracle: SegmentOracle, texts: list[str], secret: str) -> None:
    cases = [Case("event", [text], secret) for text in texts]
    for case, answer in zip(cases, oracle.ask(cases), strict=True):
        assert ours(case) == heard(answer), case
    compared.append(len(texts))


@pytest.mark.rules("W-6", "W-20", "W-28", of=ACTIONS)
def test_the_same_request_as_segments_code(oracle: SegmentOracle) -> None:
    _compare(oracle)
    assert sum(compared) >= COUNT


@pytest.mark.rules("W-21", "W-22", of=ACTIONS)
def test_a_batch_as_segments_code_sends_it(oracle: SegmentOracle) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(event_texts(), min_size=1, max_size=5), SECRETS)
    def compare(texts: list[str], secret: str) -> None:
        case = Case("batch", texts, secret)
        (answer,) = oracle.ask([case])
        assert ours(case) == heard(answer)

    compare()


@pytest.mark.rules("W-23", of=CORE)
def test_the_wire_headers_of_segments_code(oracle: SegmentOracle) -> None:
    (answer,) = oracle.ask([Case("event", ['{"type": "identify", "userId": "u"}'], "s3cret")])
    call = Call(0, "identify", {"type": "identify", "userId": "u"})
    webhook, _ = webhooks.webhook(
        Message(call, {"type": "identify", "userId": "u"}), ordinary=True, secret="s3cret"
    )
    mine = [(name.lower(), value) for name, value in webhook.headers]
    assert wire_headers(answer) == mine


@pytest.mark.rules("N-3", "N-4", of=FACADE)
def test_the_classic_destination_is_on_and_off_as_in_segments_facade(oracle: SegmentOracle) -> None:
    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.fixed_dictionaries(
            {}, optional={"integrations": integrations, "context": integrations, "options": integrations}
        )
    )
    def compare(parts: dict[str, Any]) -> None:
        event = {"type": "identify", "userId": "u", "timestamp": "2024-05-09T10:00:00.000Z", **parts}
        (answer,) = oracle.ask([Case("facade", [js_json.keep(event).decode()])])
        assert facade.enabled(event, "Webhooks") == answer["enabled"], event

    compare()


@pytest.mark.rules("W-7", of=FACADE)
def test_dates_as_segments_facade_rewrites_them(oracle: SegmentOracle) -> None:
    @settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(date_texts | event_texts(), min_size=1, max_size=6), date_texts)
    def compare(texts: list[str], key: str) -> None:
        event: Any = {
            "timestamp": "2024-05-09T10:00:00.000Z",
            "traits": [*texts, {key: texts}],
            "inside": [js_json.read(text.encode()).value for text in texts if text.startswith("{")],
        }
        text = js_json.keep(event).decode()
        (answer,) = oracle.ask([Case("facade", [text])])
        assume("body" in answer)  # its clone fails on some keys named __proto__
        message = Message(Call(0, "identify", event), event)
        mine, _ = webhooks.webhook(
            message, webhooks.CLASSIC, Switches(classic_dates="rewritten"), ordinary=False
        )
        assert mine.body.decode() == answer["body"], text

    compare()

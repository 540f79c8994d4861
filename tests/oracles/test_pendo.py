"""Our rules of ids and metadata beside Pendo's own browser agent (npm @pendo/agent 2.291.4, in jsdom).

1,000 cases as a rule; `COUNT=20000 uv run pytest tests/oracles/test_pendo.py` compares as many as you like.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pendo_oracle import PendoAgent, case_texts, ours, tidied
from rule_probes import PENDO, PENDOS

COUNT = int(os.environ.get("COUNT", "1000"))
AT_ONCE = 20
compared: list[int] = []


@pytest.fixture(scope="module")
def agent() -> Iterator[PendoAgent]:
    with PendoAgent() as running:
        yield running


@settings(
    max_examples=COUNT // AT_ONCE,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
@given(st.lists(case_texts(), min_size=AT_ONCE, max_size=AT_ONCE))
def _compare(agent: PendoAgent, texts: list[str]) -> None:
    for text, verdict in zip(texts, agent.ask(texts), strict=True):
        assert ours(text) == tidied(verdict), text
    compared.append(len(texts))


@pytest.mark.rules(*PENDOS, of=PENDO)
def test_the_same_ids_conflicts_and_ignored_fields_as_pendos_agent(agent: PendoAgent) -> None:
    _compare(agent)
    assert sum(compared) >= COUNT

"""Our destination filters beside Segment's own engine (npm @segment/tsub 2.0.1): the same outcome, the same
bytes.

2,000 events and filters as a rule; `COUNT=50000 uv run pytest tests/oracles/test_filters.py` compares as many
as you like. The words of a condition are compared with those of npm @segment/fql-ts, and the trees with those
that tsub's own tests have for their conditions.
"""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from filters_oracle import Case, FilterOracle, cases, our_tokens, ours, row, scraps
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from package_folders import folder
from rule_probes import LEXER, TSUB

from segment_pendo.segment.filters.condition import condition_of

COUNT = int(os.environ.get("COUNT", "2000"))
AT_ONCE = 20
THEIR_TESTS = folder("oracles") / "node_modules/@segment/tsub/src/__tests__/matchers.test.ts"
outcomes: Counter[str] = Counter()
OFTEN = settings(
    max_examples=COUNT // AT_ONCE,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)


@pytest.fixture(scope="module")
def oracle() -> Iterator[FilterOracle]:
    with FilterOracle() as segment:
        yield segment


@OFTEN
@given(st.lists(cases, min_size=AT_ONCE, max_size=AT_ONCE))
def _compare(oracle: FilterOracle, some: list[Case]) -> None:
    for case, verdict in zip(some, oracle.ask(some), strict=True):
        assert ours(case) == verdict, row(case, verdict)
        outcomes[verdict[0]] += 1


@pytest.mark.rules("D-31", "D-33", "D-35", "D-36", of=TSUB)
def test_the_same_outcome_as_segments_engine(oracle: FilterOracle) -> None:
    _compare(oracle)
    assert outcomes.total() >= COUNT
    assert min(outcomes[kind] for kind in ("body", "dropped", "error")) >= COUNT // 50


@pytest.mark.rules("D-37", of=LEXER)
def test_the_same_words_as_segments_lexer(oracle: FilterOracle) -> None:
    @OFTEN
    @given(st.lists(scraps, min_size=AT_ONCE, max_size=AT_ONCE))
    def compare(texts: list[str]) -> None:
        for text, theirs in zip(texts, oracle.lexed(texts), strict=True):
            assert our_tokens(text) == theirs, text

    compare()


@pytest.mark.rules("D-37", of=TSUB)
def test_the_trees_of_tsubs_own_tests() -> None:
    source = THEIR_TESTS.read_text("utf-8")
    pairs = re.findall(r"// FQL: (.+)\n\s*matcher\.ir = [`'](.+)[`']", source)
    pairs = [(fql, ir) for fql, ir in pairs if not fql.startswith(("<", "stringValue", '"'))]
    assert len(pairs) > 30
    for fql, ir in pairs:
        assert condition_of(fql).tree == json.loads(ir), fql

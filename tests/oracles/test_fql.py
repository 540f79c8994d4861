"""Our trigger language beside Segment's own (npm @segment/destination-subscriptions): the same outcome, true,
false or error.

5,000 pairs of a trigger and an event as a rule; `COUNT=100000 uv run pytest tests/oracles/test_fql.py` compares as
many as you like, `SEED=7` takes others.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from fql_grammar import cases
from fql_oracle import Case, FqlOracle, ours

COUNT = int(os.environ.get("COUNT", "5000"))
SEED = int(os.environ.get("SEED", "0"))
AT_ONCE = 500


@pytest.fixture(scope="module")
def oracle() -> Iterator[FqlOracle]:
    with FqlOracle() as segment:
        yield segment


def test_the_same_outcome_as_segments_code(oracle: FqlOracle) -> None:
    seen: Counter[str] = Counter()
    for number in range(-(-COUNT // AT_ONCE)):
        asked = list(cases(SEED * 1_000_003 + number, AT_ONCE))
        for case, outcome in zip(asked, oracle.ask(asked), strict=True):
            assert ours(case) == outcome, case
            seen[outcome] += 1
    # Neither all true nor all false would prove much.
    assert seen["true"] >= COUNT * 0.25, seen
    assert seen["false"] >= COUNT * 0.25, seen
    assert seen["error"] >= COUNT * 0.05, seen

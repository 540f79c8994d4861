"""Our mapping kit beside Segment's own code (npm @segment/actions-core, the Webhook action).

5,000 pairs of an event and a mapping as a rule; `COUNT=100000 uv run pytest
tests/oracles/test_mapping_kit.py` compares as many as you like, and `SEED=2` others.
"""

import os
from collections.abc import Iterator

import pytest
from liquid_grammar import LiquidGrammar
from mapping_grammar import Grammar
from mapping_oracle import UNKNOWN, MappingOracle, ours, theirs
from rule_probes import CORE

COUNT = int(os.environ.get("COUNT", "5000"))
SEED = int(os.environ.get("SEED", "1"))
AT_ONCE = 50


@pytest.fixture(scope="module")
def oracle() -> Iterator[MappingOracle]:
    with MappingOracle() as segment:
        yield segment


def compared(oracle: MappingOracle, grammar: Grammar) -> tuple[int, int]:
    """How many pairs are sent by both, and how many ours refuses to work out; all others must agree."""
    sent = unknown = 0
    for _ in range(COUNT // AT_ONCE):
        cases = [grammar.case() for _ in range(AT_ONCE)]
        for case, answer in zip(cases, oracle.ask(cases), strict=True):
            mine = ours(case)
            if mine == UNKNOWN:
                unknown += 1
                continue
            assert mine == theirs(answer), (case, answer)
            sent += not isinstance(mine, str)
    return sent, unknown


@pytest.mark.rules("D-20", "D-21", "D-22", "D-23", "D-24", "D-25", "D-26", "D-27", of=CORE)
def test_the_same_request_as_segments_code(oracle: MappingOracle) -> None:
    sent, unknown = compared(oracle, Grammar(SEED))
    assert sent > COUNT // 4  # the grammar makes mappings that work
    assert unknown < COUNT // 1000


@pytest.mark.rules("D-28", of=CORE)
def test_liquid_as_segments_code_writes_it(oracle: MappingOracle) -> None:
    # What ours does not work out is refused: the grammar mistypes much.
    sent, unknown = compared(oracle, LiquidGrammar(SEED))
    assert sent > COUNT // 2
    assert unknown < COUNT // 3

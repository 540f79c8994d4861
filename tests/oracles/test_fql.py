"""Our trigger language beside Segment's own (npm @segment/destination-subscriptions): the same outcome, true,
false or error.

5,000 pairs of a trigger and an event as a rule; `COUNT=100000 uv run pytest tests/oracles/test_fql.py`
compares as many as you like, `SEED=7` takes others.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from fql_grammar import LIMITS, cases, hostile
from fql_oracle import Case, FqlOracle, ours
from rule_probes import TRIGGERS

from segment_pendo.base.javascript.members import _METHODS, _STATICS

pytestmark = pytest.mark.rules("D-10", "D-11", "D-12", "D-13", of=TRIGGERS)
COUNT = int(os.environ.get("COUNT", "5000"))
SEED = int(os.environ.get("SEED", "0"))
AT_ONCE = 500
SLOW = 5_000  # of longer ones, Segment's own code takes minutes
OBJECTS = ("object", "list", "text", "number", "yes")
OF_BUILT_INS = (
    "object.constructor.constructor", "object.constructor.constructor.prototype", "object.toString",
    "object.__proto__", "list.__proto__.__proto__", "object.__proto__.__proto__", "number.toFixed.__proto__",
)  # fmt: skip
PATHS = [f"{name}{of}" for name in OBJECTS for of in ("", ".constructor", ".constructor.prototype")]
OTHERS = (
    "MAX_VALUE", "MIN_VALUE", "NaN", "NEGATIVE_INFINITY", "POSITIVE_INFINITY", "MAX_SAFE_INTEGER",
    "MIN_SAFE_INTEGER", "EPSILON", "length", "name", "prototype", "constructor", "__proto__", "caller",
    "arguments", "callee", "0", "00", "-1", "fromAsync", "groupBy",
)  # fmt: skip
TESTS = (
    "= null", "> 0", "= 0", "= 1", "= 2", ".name = null", ".length = 1", ".prototype = null",
    '.constructor.name = "Function"',
)  # fmt: skip


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


def test_the_same_outcome_of_hostile_triggers(oracle: FqlOracle) -> None:
    events = ['{"type": "track", "event": "a", "properties": {"n": 0.3333333333333333}}', "{}"]
    for trigger in [*LIMITS, *hostile(SLOW)]:
        asked = [Case(trigger, event) for event in events]
        for case, outcome in zip(asked, oracle.ask(asked), strict=True):
            assert ours(case) == outcome, (trigger[:40], case.event)


def test_the_same_members_as_javascript_inherits(oracle: FqlOracle) -> None:
    """Each function that a value of an event inherits, with its name, its length and what it inherits."""
    event = '{"traits": {"object": {"a": 1}, "list": [1], "text": "t", "number": 5, "yes": true}}'
    members = sorted(
        {name for table in (_METHODS, _STATICS) for of in table.values() for name in of} | set(OTHERS)
    )
    asked = [
        Case(f"traits.{path}.{member} {test}", event)
        for member in members
        for path in (*PATHS, *OF_BUILT_INS)
        for test in (*TESTS, f'.name = "{member}"', f'= "{member}"')
    ]
    for case, outcome in zip(asked, oracle.ask(asked), strict=True):
        assert ours(case) == outcome, case

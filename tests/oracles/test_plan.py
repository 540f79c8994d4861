"""Our judge of JSON Schema beside npm ajv 8 (draft-07, with ajv-formats): the same verdicts.

10,000 values as a rule; `COUNT=20000 uv run pytest tests/oracles/test_plan.py` compares as many as you like,
`SEED=7` others.
"""

import json
import os
from collections.abc import Iterator

import pytest
from plan_oracle import Ajv, Case, Grammar, ours, value_of
from plan_samples import WRONG_PATTERNS
from rule_probes import AJV

from segment_pendo.segment.plan.judge import Judge, Unusable

pytestmark = pytest.mark.rules("D-107", of=AJV)
COUNT = int(os.environ.get("COUNT", "10000"))
SEED = int(os.environ.get("SEED", "1"))
AT_ONCE = 100
VALUES = 4


@pytest.fixture(scope="module")
def ajv() -> Iterator[Ajv]:
    with Ajv() as oracle:
        yield oracle


def batches(count: int) -> Iterator[list[Case]]:
    grammar = Grammar(SEED)
    for _ in range(count // VALUES // AT_ONCE):
        yield list(grammar.cases(AT_ONCE, VALUES))


def test_the_same_verdicts_as_ajv(ajv: Ajv) -> None:
    compared = refused = 0
    for cases in batches(COUNT):
        for case, verdicts in zip(cases, ajv.ask(cases), strict=True):
            for text, verdict in zip(case.values, verdicts, strict=True):
                mine = ours(value_of(case.schema), value_of(text))
                refused += mine is None  # schemas that multiply the work, which ajv would do
                if verdict != "crash" and mine is not None:
                    assert mine == verdict, (case.schema, text)
                    compared += 1
    assert compared > COUNT * 0.98
    assert refused < COUNT * 0.01


def test_what_is_wrong_is_where_ajv_sees_it(ajv: Ajv) -> None:
    named = 0
    for cases in batches(COUNT // 5):
        for case, answers in zip(cases, ajv.places(cases), strict=True):
            try:
                judge = Judge(value_of(case.schema))
            except Unusable:
                continue
            for text, places in zip(case.values, answers, strict=True):
                if '"":' in text:  # the library leaves out such members, and equal values may be mistaken
                    continue
                for wrong in judge.wrong(value_of(text)) if places else ():
                    ends_inside = wrong.keyword in {"required", "additionalProperties"}
                    path = wrong.path[:-1] if ends_inside else wrong.path
                    assert pointer(path) in places, (case.schema, text, wrong)
                    named += 1
    assert named > COUNT // 20


def pointer(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in path)


@pytest.mark.parametrize("pattern", WRONG_PATTERNS)
def test_what_is_no_pattern_to_ajv_is_refused(ajv: Ajv, pattern: str) -> None:
    for schema in ({"pattern": pattern}, {"patternProperties": {pattern: {"type": "null"}}}):
        (verdicts,) = ajv.ask([Case(json.dumps(schema), ['"a"'])])
        assert verdicts == [None]
        assert ours(schema, "a") is None, schema


def test_what_stands_beside_a_reference_counts_as_in_ajv(ajv: Ajv) -> None:
    schema = '{"definitions": {"d": {"type": "string"}}, "$ref": "#/definitions/d", "maxLength": 1}'
    (verdicts,) = ajv.ask([Case(schema, ['"a"', '"ab"', "1"])])
    assert verdicts == [True, False, False]
    assert [ours(value_of(schema), one) for one in ("a", "ab", 1)] == verdicts

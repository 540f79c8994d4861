"""Each rule that is known from published code, beside that code: a failure names the rule that changed."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from rule_probes import PROBES, Oracles, Probe

from segment_pendo.pendo.rules import RULES as PENDOS
from segment_pendo.segment.rules import RULES as SEGMENTS


@pytest.fixture(scope="module")
def oracles() -> Iterator[Oracles]:
    with ExitStack() as stack:
        yield Oracles(stack)


@pytest.mark.parametrize(
    "probe",
    [
        pytest.param(one, id=f"{one.rule}-{one.package}", marks=pytest.mark.rules(one.rule, of=one.package))
        for one in PROBES
    ],
)
def test_a_rule_is_as_in_the_published_code(oracles: Oracles, probe: Probe) -> None:
    pairs = list(probe.pairs(oracles))
    assert pairs
    for ours, theirs in pairs:
        assert ours == theirs


def test_every_rule_that_is_known_from_published_code_is_probed() -> None:
    known = {rule.id for rule in SEGMENTS if rule.proof == "oracle"}
    known |= {f"pendo {name}" for name, rule in PENDOS.items() if rule.grade == "Pendo's code"}
    assert {one.rule for one in PROBES} == known

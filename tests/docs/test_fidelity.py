"""docs/fidelity.md says what the code runs."""

import re
from pathlib import Path

import make_docs

from segment_pendo.base.switch import table
from segment_pendo.segment.rules import RULES
from segment_pendo.segment.switches import Switches

PACKAGE = Path(__file__).parent.parent.parent / "harness" / "segment_pendo"
IDS = {rule.id for rule in RULES}


def test_the_page_is_current() -> None:
    assert make_docs.FIDELITY.read_text("utf-8") == make_docs.fidelity(), (
        "run: uv run python tests/tools/make_docs.py"
    )


def test_the_rules_and_the_code_name_each_other() -> None:
    tables = {"rules.py", "switches.py"}
    named = {
        rule
        for path in PACKAGE.rglob("*.py")
        if path.name not in tables
        for rule in re.findall(r"\b[DIMNSTW]-\d+\b", path.read_text("utf-8"))
    }
    assert named == IDS
    assert len(RULES) == len(IDS)


def test_switches_name_rules_that_exist() -> None:
    for one in table(Switches):
        assert one.rules, one.name
        assert set(one.rules) <= IDS, one.name


def test_only_what_is_proven_is_called_so() -> None:
    oracles = {rule.id for rule in RULES if rule.proof == "oracle"}
    assert {rule.grade for rule in RULES if rule.id in oracles} <= {"code", "documentation"}
    assert {rule.proof for rule in RULES if rule.grade == "assumption"} == {"as read"}

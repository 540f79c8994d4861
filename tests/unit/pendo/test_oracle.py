"""What Pendo's own browser agent made of 500 visitors and accounts (fixtures/oracles), and what our rules
make of them.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pendo_oracle import KEPT, ours

from segment_pendo.base import js_json

type Verdict = dict[str, Any]
CASES = [json.loads(line) for line in KEPT.read_text("ascii").splitlines()]


def differing(rule: Callable[[str], Verdict]) -> int:
    return sum(rule(case["case"]) != case["verdict"] for case in CASES)


def test_the_same_ids_conflicts_and_ignored_fields_as_pendos_agent() -> None:
    assert len(CASES) == 500
    assert differing(ours) == 0


def test_the_cases_hold_what_matters() -> None:
    verdicts = [case["verdict"] for case in CASES]
    assert sum(one["visitorId"] is None for one in verdicts) > 50
    assert sum(one["accountId"] is not None for one in verdicts) > 50
    assert sum(one["exampleAccount"] for one in verdicts) > 0
    for name in ("conflicts", "ignored", "holding"):
        assert sum(bool(one[kind][name]) for one in verdicts for kind in ("visitor", "account")) >= 20, name


# --- rules that somebody might have written instead: each must be found ---


def _given(text: str) -> Any:
    return js_json.read(text.encode()).value


def trims_as_python(text: str) -> Verdict:
    one = _given(text)["visitor"].get("id")
    return ours(text) | (
        {"visitorId": None, "anonymous": True} if isinstance(one, str) and not one.strip() else {}
    )


def trims_ids(text: str) -> Verdict:
    verdict = ours(text)
    return verdict | {"accountId": verdict["accountId"].strip()} if verdict["accountId"] else verdict


def writes_numbers_as_python(text: str) -> Verdict:
    one = _given(text)["account"].get("id")
    return ours(text) | (
        {"accountId": str(one)} if isinstance(one, int | float) and not isinstance(one, bool) else {}
    )


def refuses_numbers(text: str) -> Verdict:
    one = _given(text)["account"].get("id")
    return ours(text) | ({"accountId": None} if isinstance(one, int | float) else {})


def takes_the_placeholder(text: str) -> Verdict:
    one = _given(text)["visitor"].get("id")
    return ours(text) | ({"visitorId": one, "anonymous": False} if one == "VISITOR-UNIQUE-ID" else {})


def refuses_the_accounts_placeholder(text: str) -> Verdict:
    verdict = ours(text)
    return verdict | {"accountId": None} if verdict["exampleAccount"] else verdict


def takes_double_colons(text: str) -> Verdict:
    one = _given(text)["account"].get("id")
    return ours(text) | ({"accountId": one} if one == "::" else {})


def cuts_long_ids(text: str) -> Verdict:
    verdict = ours(text)
    return verdict | {"visitorId": verdict["visitorId"][:100]} if verdict["visitorId"] else verdict


def keeps_lists_in_lists(text: str) -> Verdict:
    verdict, metadata = ours(text), _given(text)["visitor"]
    holding = [
        key for key in verdict["visitor"]["holding"] if any(isinstance(item, dict) for item in metadata[key])
    ]
    return verdict | {"visitor": {**verdict["visitor"], "holding": holding}}


def minds_the_case_of_keys(text: str) -> Verdict:
    verdict = ours(text)
    return verdict | {"visitor": {**verdict["visitor"], "conflicts": []}}


@pytest.mark.parametrize(
    "wrong",
    [
        trims_as_python, trims_ids, writes_numbers_as_python, refuses_numbers, takes_the_placeholder,
        refuses_the_accounts_placeholder,
        takes_double_colons, cuts_long_ids, keeps_lists_in_lists, minds_the_case_of_keys,
    ],
)  # fmt: skip
def test_a_wrong_rule_is_found(wrong: Callable[[str], Verdict]) -> None:
    assert differing(wrong) > 0

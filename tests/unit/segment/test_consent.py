"""Consent by the table of Segment's page (D-40 to D-48): each row, each of its cells."""

import dataclasses
from typing import Any

import pytest

from segment_pendo.segment import consent
from segment_pendo.segment.switches import Switches
from segment_pendo.segment.webhooks import CLASSIC, filtered
from segment_pendo.words import Call, JsonObject, Message

NAME = "Webhooks (Actions)"
ADS = ("ads",)
BOTH = ("ads", "stats")
OTHERS = {"Facebook": True}
ON, OFF = {NAME: True}, {NAME: False}


def event(preferences: Any = ..., integrations: Any = ...) -> JsonObject:
    """`preferences` ... is no consent object, None an empty one."""
    data: JsonObject = {"type": "identify", "userId": "u", "context": {}}
    if preferences is not ...:
        data["context"] = {"consent": {} if preferences is None else {"categoryPreferences": preferences}}
    if integrations is not ...:
        data["integrations"] = integrations
    return data


def delivered(data: JsonObject, categories: tuple[str, ...], switches: Switches | None = None) -> bool:
    """What the table says: consent first, then the integrations object."""
    switches = switches or Switches()
    message = Message(Call(0, "identify", data), data)
    return consent.blocked(data, categories, switches) is None and filtered(message) is None


@pytest.mark.parametrize("categories", [(), ADS])
@pytest.mark.parametrize("preferences", [..., None])
@pytest.mark.parametrize("integrations", [..., {}])
def test_d_40_without_consent_and_integrations_it_flows(
    preferences: Any, integrations: Any, categories: tuple[str, ...]
) -> None:
    assert delivered(event(preferences, integrations), categories)


@pytest.mark.parametrize("integrations", [..., {}])
def test_d_41_with_empty_preferences_only_a_destination_without_categories_has_it(integrations: Any) -> None:
    assert not delivered(event({}, integrations), ADS)
    assert delivered(event({}, integrations), ())


@pytest.mark.parametrize("categories", [(), ADS])
def test_d_42_without_consent_the_integrations_object_decides(categories: tuple[str, ...]) -> None:
    assert delivered(event(..., ON), categories)
    assert not delivered(event(..., OFF), categories)


@pytest.mark.parametrize("preferences", [None, {}])
@pytest.mark.parametrize("integrations", [ON, OFF, OTHERS])
def test_d_43_empty_consent_beside_an_integrations_object_refuses_all(
    preferences: Any, integrations: Any
) -> None:
    assert not delivered(event(preferences, integrations), ADS)


@pytest.mark.parametrize("preferences", [None, {}])
@pytest.mark.parametrize(("integrations", "flows"), [(ON, True), (OTHERS, True), (OFF, False)])
def test_d_43_may_be_read_the_other_way(preferences: Any, integrations: Any, flows: bool) -> None:
    switches = Switches(consent_empty="delivered")
    assert delivered(event(preferences, integrations), ADS, switches) == flows


@pytest.mark.parametrize("preferences", [None, {}])
@pytest.mark.parametrize(("integrations", "flows"), [(ON, True), (OTHERS, True), (OFF, False)])
def test_d_44_empty_consent_is_nothing_to_a_destination_without_categories(
    preferences: Any, integrations: Any, flows: bool
) -> None:
    assert delivered(event(preferences, integrations), ()) == flows


@pytest.mark.parametrize(
    ("integrations", "flows"), [(..., True), ({}, True), (ON, True), (OTHERS, True), (OFF, False)]
)
def test_d_45_preferences_are_nothing_to_a_destination_without_categories(
    integrations: Any, flows: bool
) -> None:
    assert delivered(event({"ads": False}, integrations), ()) == flows


@pytest.mark.parametrize("categories", [ADS, BOTH])
@pytest.mark.parametrize(
    ("integrations", "flows"), [(..., True), ({}, True), (ON, True), (OTHERS, True), (OFF, False)]
)
def test_d_46_where_all_categories_are_true_the_integrations_object_decides(
    categories: tuple[str, ...], integrations: Any, flows: bool
) -> None:
    preferences = {"ads": True, "stats": True, "other": False}
    assert delivered(event(preferences, integrations), categories) == flows


@pytest.mark.parametrize("refused", [False, None, "true", 1])
@pytest.mark.parametrize("integrations", [..., {}, ON, OTHERS, OFF])
def test_d_47_one_category_that_is_not_true_is_enough(integrations: Any, refused: Any) -> None:
    assert not delivered(event({"ads": True, "stats": refused}, integrations), BOTH)
    assert not delivered(event({"ads": refused, "stats": True}, integrations), BOTH)


@pytest.mark.parametrize("integrations", [..., {}, ON, OTHERS, OFF])
def test_d_48_a_category_that_is_not_named_counts_as_refused(integrations: Any) -> None:
    assert not delivered(event({"ads": True}, integrations), BOTH)


def test_consent_is_told_before_the_integrations_object_and_names_the_category() -> None:
    skipped = consent.blocked(event({"ads": True, "stats": False}, OFF), BOTH)
    assert skipped is not None
    assert skipped.code == "FILTERED_BY_CONSENT"
    assert skipped.reason == "Filtered by end user consent: the category stats is false."
    unnamed = consent.blocked(event({"ads": True}), BOTH)
    assert unnamed is not None
    assert "does not name the category stats" in unnamed.reason
    empty = consent.blocked(event({}), ADS)
    assert empty is not None
    assert "the category ads counts as false" in empty.reason


def test_the_classic_destination_has_the_same_table() -> None:
    data = event({"ads": True}, {"Webhooks": False})
    assert consent.blocked(data, ADS) is None
    assert filtered(Message(Call(0, "identify", data), data), CLASSIC) is not None


@pytest.mark.parametrize("context", [None, 5, [], {"consent": None}, {"consent": []}, {"consent": "x"}])
def test_what_is_no_consent_object_is_none(context: Any) -> None:
    data: JsonObject = {"type": "identify", "context": context}
    assert consent.blocked(data, ADS) is None
    assert consent.unjudged(data) is None


@pytest.mark.parametrize("preferences", [None, 5, [], "x"])
def test_preferences_that_are_no_object_are_an_empty_consent_object(preferences: Any) -> None:
    data: JsonObject = {"context": {"consent": {"categoryPreferences": preferences}}}
    assert consent.blocked(data, ADS) is None
    assert consent.blocked({**data, "integrations": dict(OTHERS)}, ADS) is not None


def test_who_knows_no_categories_says_so() -> None:
    many: JsonObject = {f"c{at}": False for at in range(5)}
    finding = consent.unjudged(event({"ads": True, **many}))
    assert finding is not None
    assert (finding.code, finding.level) == ("CONSENT_MAY_FILTER", "info")
    assert finding.path == "$.context.consent.categoryPreferences"
    assert "it refuses c0, c1, c2 and 2 more" in finding.message
    assert consent.unjudged(event(None)) is None
    allowed = consent.unjudged(event({"ads": True}))
    assert allowed is not None
    assert "it refuses none it names" in allowed.message
    nasty = consent.unjudged(event({"\x1b[31m" + "x" * 1000: False}))
    assert nasty is not None
    assert "\x1b" not in nasty.message
    assert len(nasty.message) < 500
    assert dataclasses.asdict(nasty)["source"]

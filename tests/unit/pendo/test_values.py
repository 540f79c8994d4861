"""Texts that are no texts: numbers in quotes, missing values turned into text."""

from typing import Any

import pytest

from segment_pendo.pendo import findings


def codes(value: Any, key: str = "a") -> list[str]:
    return [one.code for one in findings.examine({"type": "identify", "userId": "u", "traits": {key: value}})]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12.50", ["NUMBER_AS_STRING"]),
        ("-0.5", ["NUMBER_AS_STRING"]),
        ("undefined", ["VALUE_SUSPICIOUS"]),
        ("[object Object]", ["VALUE_SUSPICIOUS"]),
        ("null", ["VALUE_SUSPICIOUS"]),
        ("NaN", ["VALUE_SUSPICIOUS"]),
        ("true", ["BOOL_AS_STRING"]),
        ("12", []),
        ("0123456789", []),
        ("1.2.3", []),
        ("v1.5", []),
        ("1.5 GB", []),
        ("undefined behaviour", []),
        ("none of them", []),
        ("u-1234567", []),
        ("[1, 2, 3]", []),
    ],
)
def test_a_text_that_is_no_text(value: str, expected: list[str]) -> None:
    assert codes(value) == expected


def test_dates_and_long_texts_are_looked_at_as_before() -> None:
    assert codes("2024-05-09", "createdAt") == ["DATE_FORMAT"]
    assert codes("1" * 2000) == ["VALUE_LONG"]
    assert codes("undefined", "createdAt") == ["VALUE_SUSPICIOUS", "DATE_FORMAT"]

"""Texts in UTF-16 units."""

import pytest

from segment_pendo.base.javascript.texts import joined, length, units


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("abc", "abc"),
        ("é\ud83d", "é\ud83d"),
        ("a😀b", "a\ud83d\ude00b"),
        ("\U0010ffff", "\udbff\udfff"),
        ("\ude00\ud83d", "\ude00\ud83d"),
    ],
)
def test_units(text: str, spelled: str) -> None:
    assert units(text) == spelled
    assert joined(spelled) == text
    assert length(text) == len(spelled)

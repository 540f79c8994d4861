"""Numbers from texts and as texts."""

from math import inf, isnan

import pytest

from segment_pendo.base.javascript.numbers import double, number_of, number_text
from segment_pendo.base.javascript.texts import BLANKS


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 0), (BLANKS, 0), (" 5\ufeff", 5), ("-.5", -0.5), ("5.", 5), ("1e3", 1000), ("0x1F", 31),
        ("0B11", 3), ("0XfF", 255), ("0o17", 15), ("-Infinity", -inf), ("1e999", inf),
        ("0x" + "f" * 300, inf),
    ],
)  # fmt: skip
def test_texts_that_are_numbers(text: str, number: float) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("text", ["a", "NaN", "1_0", "-0x1", "0x", "0b2", "infinity", "1e", ".", "٣", "\x1c"])
def test_texts_that_are_no_numbers(text: str) -> None:
    assert isnan(number_of(text))


def test_doubles() -> None:
    assert [double(number) for number in (2**53 + 1, 10**400, -(10**400))] == [2.0**53, inf, -inf]
    assert number_text(2**53 + 1) == "9007199254740992"

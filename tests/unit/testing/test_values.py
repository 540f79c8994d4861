"""Values of Python in a test's calls: as segment-analytics-python sends them, or refused."""

import json
import math
from collections import OrderedDict
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import Any
from uuid import UUID

import pytest
from segment.analytics.request import DatetimeSerializer
from segment.analytics.utils import clean

from segment_pendo.testing.values import as_sent


class Plan(Enum):
    FREE = "free"


class Level(IntEnum):
    LOW = 1


class Colour(StrEnum):
    RED = "red"


VALUES: list[Any] = [
    datetime(2024, 5, 9, 10, tzinfo=UTC),
    datetime(2024, 5, 9, 10),  # noqa: DTZ001 - the client sends it without a zone
    date(2024, 5, 9),
    Decimal("12.50"),
    (1, 2),
    {3},
    b"bytes",
    Plan.FREE,
    Level.LOW,
    Colour.RED,
    UUID(int=1),
    [UUID(int=1), 2],
    frozenset({1}),
    complex(1, 2),
    {"inner": [datetime(2024, 5, 9, tzinfo=UTC), {"deep": Decimal(1)}], "gone": UUID(int=2)},
    OrderedDict(a=1),
    {1: "a", None: "b", 2.5: "c"},
    [None, True, 1, 1.5, "x", {"a": []}],
]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_python_values_are_what_the_real_client_makes_of_them(value: Any) -> None:
    call = {"type": "identify", "userId": "u", "traits": {"value": value, "other": 1}}
    try:
        theirs = json.loads(json.dumps(clean(call), cls=DatetimeSerializer))
    except TypeError:
        with pytest.raises(TypeError):
            as_sent(call, "python")
    else:
        assert json.loads(json.dumps(as_sent(call, "python"))) == theirs


@pytest.mark.parametrize("sdk", ["node", "browser", "ruby", "http"])
@pytest.mark.parametrize("value", [VALUES[0], VALUES[3], {1}, b"x", Plan.FREE, UUID(int=1)], ids=repr)
def test_other_sdks_never_see_them(value: Any, sdk: str) -> None:
    with pytest.raises(TypeError, match=r"^\$\.traits\.a\[0\] is .*sdk=\'python\'"):
        as_sent({"traits": {"a": [value]}}, sdk)


def test_numbers_that_are_not_finite() -> None:
    assert as_sent({"traits": {"a": math.nan}}, "node") == {"traits": {"a": None}}
    assert math.isnan(as_sent({"a": math.nan}, "python")["a"])  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="nan"):
        as_sent({"a": math.nan}, "ruby")


@pytest.mark.parametrize("call", [{}.items(), "identify", None, 5, [("type", "identify")]])
def test_what_is_not_a_call(call: Any) -> None:
    with pytest.raises(TypeError, match="a call is a dict such as"):
        as_sent(call, "node")


def test_a_value_without_end() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TypeError, match="levels deep"):
        as_sent({"traits": {"a": endless}}, "python")

"""Why a value does not fit, in words: no library's, and with what is accepted there."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta, Struct

from segment_pendo.base.unfit import unfit


class Inner(Struct):
    size: Annotated[int, Meta(ge=1)] = 1
    share: Annotated[float, Meta(ge=0, le=1)] | None = None


class Outer(Struct, rename="camel", forbid_unknown_fields=True):
    which_one: Literal["a", "b"] = "a"
    needed: bool = False
    items: Annotated[list[Inner], Meta(min_length=1)] = msgspec.field(default_factory=lambda: [Inner()])
    names: dict[str, list[str]] = {}
    either: str | bool | None = None


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (5, "the whole of it must be an object"),
        ({"more": 5}, "$ has no member more"),
        ({"whichOne": "c"}, "$.whichOne must be a or b"),
        ({"whichOne": 5}, "$.whichOne must be a or b"),
        ({"needed": "x"}, "$.needed must be true or false"),
        ({"items": []}, "$.items must be a list of at least 1"),
        ({"items": [{}, {"size": 0}]}, "$.items[1].size must be a whole number from 1"),
        ({"items": [{"share": 2}]}, "$.items[0].share must be a number from 0 to 1 or null"),
        ({"names": {"x.y": [5]}}, "$.names.*[0] must be a text"),
        ({"either": 5}, "$.either must be a text or true or false or null"),
    ],
)
def test_what_does_not_fit(value: Any, says: str) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.convert(value, Outer)
    assert unfit(error.value, Outer) == says

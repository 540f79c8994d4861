"""JavaScript's values: their types, their truth, their texts."""

from math import nan
from typing import Any

import pytest

from segment_pendo.base.javascript.numbers import is_number
from segment_pendo.base.javascript.values import (
    UNDEFINED,
    Builtin,
    Made,
    Prototype,
    Thrown,
    class_of,
    is_function,
    is_object,
    is_truthy,
    string,
    typeof,
)

OBJECT = Builtin("", "Object", "Object", 1)
PUSH = Builtin("Array", "push", "push", 1)
FUNCTIONS = Prototype("Function")

VALUES: list[tuple[Any, str, str, bool]] = [
    (UNDEFINED, "undefined", "undefined", False),
    (None, "object", "null", False),
    (False, "boolean", "boolean", False),
    (0, "number", "number", False),
    (nan, "number", "number", False),
    (10**400, "number", "number", True),
    ("", "string", "string", False),
    ("0", "string", "string", True),
    ([], "object", "array", True),
    ({}, "object", "object", True),
    (Made(), "object", "object", True),
    (OBJECT, "function", "function", True),
    (Prototype("String"), "object", "string", True),
    (FUNCTIONS, "function", "function", True),
]


@pytest.mark.parametrize(("value", "type_", "class_", "truth"), VALUES)
def test_types_and_truth(value: Any, type_: str, class_: str, truth: bool) -> None:
    assert (typeof(value), class_of(value), is_truthy(value)) == (type_, class_, truth)
    assert is_function(value) == (type_ == "function")
    assert is_object(value) == (type_ == "object" and value is not None)
    assert is_number(value) == (type_ == "number")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (UNDEFINED, "undefined"),
        (None, "null"),
        (True, "true"),
        (-0.0, "0"),
        (1e21, "1e+21"),
        (10**400, "Infinity"),
        (nan, "NaN"),
        ([1, None, [UNDEFINED, "a"], {}], "1,,,a,[object Object]"),
        (PUSH, "function push() { [native code] }"),
        (Prototype("Array"), ""),
        (Prototype("Number"), "0"),
        (Prototype("Object"), "[object Object]"),
        (FUNCTIONS, "function () { [native code] }"),
    ],
)
def test_texts_of_values(value: Any, text: str) -> None:
    assert string(value) == text


def test_an_object_with_its_own_to_string_has_no_text() -> None:
    with pytest.raises(Thrown):
        string([{"toString": 1}])

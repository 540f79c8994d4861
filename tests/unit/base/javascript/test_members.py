"""The members that every value has, as in Node 20; tests/oracles/test_fql.py asks for all of them."""

from typing import Any

import pytest

from segment_pendo.base.javascript.members import OF_EVERY_OBJECT, index_of, member
from segment_pendo.base.javascript.values import (
    UNDEFINED,
    Builtin,
    Made,
    NotKnown,
    Prototype,
    Thrown,
)

OBJECT = Builtin("", "Object", "Object", 1)
PUSH = Builtin("Array", "push", "push", 1)
FUNCTIONS = Prototype("Function")


@pytest.mark.parametrize(
    ("value", "keys", "found"),
    [
        ({"constructor": 1}, ["constructor"], 1),
        ({}, ["constructor"], OBJECT),
        ({}, ["constructor", "name"], "Object"),
        ({}, ["absent"], UNDEFINED),
        ({}, ["__proto__"], Prototype("Object")),
        ({}, ["__proto__", "__proto__"], None),
        (["a"], ["0"], "a"),
        (["a"], ["00"], UNDEFINED),
        (["a"], ["length"], 1),
        (["a"], ["push"], PUSH),
        (["a"], ["hasOwnProperty", "length"], 1),
        ("a😀", ["length"], 3),
        ("a😀", ["1"], "\ud83d"),
        ("a", ["trimLeft", "name"], "trimStart"),
        (5, ["constructor", "MAX_SAFE_INTEGER"], 2**53 - 1),
        (True, ["constructor", "prototype"], Prototype("Boolean")),
        (True, ["constructor", "constructor", "__proto__"], FUNCTIONS),
    ],
)
def test_members(value: Any, keys: list[str], found: Any) -> None:
    for key in keys:
        value = member(value, key)
    assert value == found


@pytest.mark.parametrize("key", ["caller", "arguments"])
def test_members_that_may_not_be_read(key: str) -> None:
    with pytest.raises(Thrown):
        member(OBJECT, key)


@pytest.mark.parametrize("key", sorted(OF_EVERY_OBJECT))
def test_every_object_has_them(key: str) -> None:
    assert member({}, key) is not UNDEFINED


def test_an_object_inherits_from_what_was_put_there() -> None:
    made = Made()
    made.put("a", 1)
    made.put("__proto__", {"b": 2})
    assert [member(made, key) for key in ("a", "b", "__proto__")] == [1, 2, {"b": 2}]
    made.put("__proto__", None)
    assert member(made, "constructor") is UNDEFINED
    made.put("__proto__", PUSH)
    with pytest.raises(NotKnown):
        made.put("name", 1)


def test_places_in_a_list() -> None:
    places = {key: index_of(key, 11) for key in ("0", "10", "11", "01", "-1", "", "1.0", "٣", "9" * 5000)}
    assert {key: at for key, at in places.items() if at is not None} == {"0": 0, "10": 10}

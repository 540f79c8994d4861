"""Wrong rules about filters, each of which one could believe.

The kept verdicts of Segment's filter engine find every one of them.
"""

import fnmatch
from collections.abc import Callable
from typing import Any

import pytest
from filters_oracle import BROWSER, differing, ours

from segment_pendo.base.javascript.values import UNDEFINED
from segment_pendo.segment.filters import browser, filters, glob, properties, sample, semver, values

type Mutant = Callable[[pytest.MonkeyPatch], None]


def swapped(place: Any, name: str, wrong: Any) -> Mutant:
    """A rule in which one function, or one entry of a table, is another."""
    if isinstance(place, dict):
        return lambda patch: patch.setitem(place, name, wrong)
    return lambda patch: patch.setattr(place, name, wrong)


def server_samples(data: Any, path: str, percent: float) -> bool:
    return sample.server_keeps(data, path, percent)


def own_members_only(value: Any, keys: tuple[str, ...]) -> Any:
    for key in keys:
        value = value.get(key, UNDEFINED) if isinstance(value, dict) else UNDEFINED
    return value


def missing_is_null(value: Any, keys: tuple[str, ...]) -> Any:
    found = values.follow(value, keys)
    return None if found is UNDEFINED else found


def loosely(one: Any, other: Any) -> bool:
    return values.is_equal(one, other) or str(one) == str(other)


def only_objects(value: Any, change: Any) -> Any:
    return change(value) if isinstance(value, dict) else value


def plain_list(item: Any, some: Any, event: Any) -> bool:
    if not isinstance(some, list):
        raise values.Broken
    return any(values.is_equal(one.get("value") if isinstance(one, dict) else one, item) for one in some)


IS_IN, LENGTH = browser._is_in, browser._length
MUTANTS: dict[str, Mutant] = {
    "what is missing is null": swapped(browser, "follow", missing_is_null),
    "only what the event has is found": swapped(browser, "follow", own_members_only),
    "a number equals its text": swapped(browser, "is_equal", loosely),
    "in without a list is false": swapped(
        browser, "_is_in", lambda item, some, event: isinstance(some, list) and IS_IN(item, some, event)
    ),
    "a list of the event holds texts": swapped(browser, "_is_in", plain_list),
    "functions work everywhere": swapped(
        browser,
        "_of_texts",
        lambda word, left, right: (
            (word == "contains" and isinstance(left, list) and isinstance(right, str)) or right == left
        ),
    ),
    "a list of the event is no call": swapped(browser, "_is_call", lambda _: False),
    "the length of a number is 0": swapped(
        browser, "_length", lambda value: LENGTH(value) if isinstance(value, str | list) else 0
    ),
    "a pattern is one of the shell": swapped(glob, "is_match", fnmatch.fnmatchcase),
    "a pattern may match a part": swapped(glob, "is_match", lambda text, pattern: pattern.strip("*") in text),
    "a version has to be exact": swapped(
        browser, "is_so", lambda one, sign, other: one == other and sign == "="
    ),
    "versions are texts": swapped(
        semver, "_parsed", lambda version: [float(ord(char)) for char in version] or None
    ),
    "a sample hashes bytes": swapped(sample, "browser_keeps", server_samples),
    "a sample keeps every event": swapped(sample, "browser_keeps", lambda *_: True),
    "objects in lists keep their fields": swapped(properties, "_at_place", only_objects),
    "what allow leaves is what it names": swapped(properties, "_only", properties._without),
    "a name that is a number names nothing": swapped(
        properties, "_key", lambda name: name if isinstance(name, str) else ""
    ),
    "drop comes before sample": swapped(filters._RANKS, "DROP", -1),
    "allow comes before drop_properties": swapped(filters._RANKS, "ALLOW_PROPERTIES", 1.5),
}


def test_the_right_rule_differs_nowhere() -> None:
    assert BROWSER.filter_engine == "published"
    assert differing(ours) == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_rule_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[name](monkeypatch)
    assert differing(ours)

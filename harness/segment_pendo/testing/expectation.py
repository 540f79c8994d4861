"""What a test expects of a call, and how far a call is from it.

An expectation is a subset: what it does not name may be anything. An object matches if it has the expected
members, a list if it is as long and each item matches, any other value if `expected == actual`; so objects
that define equality (dirty-equals, unittest.mock.ANY) may stand anywhere. A compiled pattern matches a text
in which it is found, a function a value for which it returns something true. As in JSON, true and false
never equal a number.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Number
from types import MethodType
from typing import Any, Final, NamedTuple

from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import many, short
from segment_pendo.base.suggestion import nearest
from segment_pendo.mapping.catalogue import DROPS, OF_CALLS
from segment_pendo.segment.members import MEMBERS
from segment_pendo.testing.literals import FindingCode, Outcome, SkipCode
from segment_pendo.words import Json, Judged

__all__ = [
    "ABSENT",
    "Expectation",
    "Mismatch",
    "alias",
    "any_call",
    "checked",
    "distance",
    "group",
    "identify",
    "mismatches",
    "page",
    "screen",
    "track",
]


class _Mark:
    """A mark instead of a value; its repr is its name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __repr__(self) -> str:
        return self._name


ANY: Final[Any] = _Mark("ANY")  # the default of every argument: any value, or none
ABSENT: Final[Any] = _Mark("ABSENT")  # the call must not have this member


class Mismatch(NamedTuple):
    """A difference between a call and an expectation.

    `path` is the JSON path in the call; `expected` and `actual` are the two values; `hint` may be ''.
    """

    path: str
    expected: str
    actual: str
    hint: str = ""


@dataclass(frozen=True)
class Expectation:
    """What a test expects of a call.

    `type` None is any type; `members` are the expected values by key of the call; `outcome`, `code` and
    `finding` say what must have become of it. `words` is how messages name the expectation.
    """

    type: str | None
    members: Mapping[str, Any]
    outcome: str | None = None
    code: str | None = None
    finding: str | None = None
    words: str = field(default="", compare=False)

    def __str__(self) -> str:
        return self.words

    def matches(self, judged: Judged) -> bool:
        return next(_mismatches(self, judged), None) is None


def identify(
    user: Any = ANY, *, anonymous: Any = ANY, traits: Any = ANY, context: Any = ANY,
    outcome: Outcome | None = None, code: SkipCode | None = None, finding: FindingCode | None = None,
) -> Expectation:  # fmt: skip
    """Expect an identify call of this `user` (userId) or `anonymous` (anonymousId), with these `traits`.

    `outcome` is "webhook" or "skipped", `code` says why it was skipped, `finding` is the code of a finding
    about it. Raises ValueError for a code that does not exist.
    """
    return _made("identify", locals())


def group(
    group: Any = ANY, *, user: Any = ANY, anonymous: Any = ANY, traits: Any = ANY, context: Any = ANY,
    outcome: Outcome | None = None, code: SkipCode | None = None, finding: FindingCode | None = None,
) -> Expectation:  # fmt: skip
    """Expect a group call for this `group` (groupId); the other arguments are those of `identify`."""
    return _made("group", locals())


def track(
    event: Any = ANY, *, user: Any = ANY, anonymous: Any = ANY, properties: Any = ANY, context: Any = ANY,
    outcome: Outcome | None = None, code: SkipCode | None = None, finding: FindingCode | None = None,
) -> Expectation:  # fmt: skip
    """Expect a track call of this `event`, with these `properties`; the rest is as in `identify`."""
    return _made("track", locals())


def page(
    name: Any = ANY, *, user: Any = ANY, anonymous: Any = ANY, properties: Any = ANY, context: Any = ANY,
    outcome: Outcome | None = None, code: SkipCode | None = None, finding: FindingCode | None = None,
) -> Expectation:  # fmt: skip
    """Expect a page call of this `name`; the other arguments are those of `track`."""
    return _made("page", locals())


def screen(
    name: Any = ANY, *, user: Any = ANY, anonymous: Any = ANY, properties: Any = ANY, context: Any = ANY,
    outcome: Outcome | None = None, code: SkipCode | None = None, finding: FindingCode | None = None,
) -> Expectation:  # fmt: skip
    """Expect a screen call of this `name`; the other arguments are those of `track`."""
    return _made("screen", locals())


def alias(
    user: Any = ANY, *, previous: Any = ANY, anonymous: Any = ANY, context: Any = ANY,
    outcome: Outcome | None = None, code: SkipCode | None = None, finding: FindingCode | None = None,
) -> Expectation:  # fmt: skip
    """Expect an alias call of this `user`, who was `previous` (previousId); the rest is as in `identify`."""
    return _made("alias", locals())


def any_call(
    *, user: Any = ANY, anonymous: Any = ANY, context: Any = ANY,
    outcome: Outcome | None = None, code: SkipCode | None = None, finding: FindingCode | None = None,
) -> Expectation:  # fmt: skip
    """Expect a call of any type; the arguments are those of `identify`."""
    return _made(None, locals())


_KEYS: Final = {member.word: member.name for member in MEMBERS if member.of}
_LONGEST: Final = 500
_IDS: Final = tuple(_KEYS.values())
_FINDINGS: Final = sorted(OF_CALLS)
_ABOUT: Final = ("outcome", "code", "finding")


def _made(kind: str | None, given: Mapping[str, Any]) -> Expectation:
    _known("outcome", given["outcome"], ("webhook", "skipped"))
    _known("code", given["code"], DROPS)
    _known("finding", given["finding"], _FINDINGS)
    asked = {
        name: value
        for name, value in given.items()
        if value is not ANY and not (name in _ABOUT and value is None)
    }
    members = {_KEYS.get(name, name): value for name, value in asked.items() if name not in _ABOUT}
    words = f"{kind or 'any_call'}({', '.join(f'{name}={value!r}' for name, value in asked.items())})"
    return Expectation(
        kind, members, given["outcome"], given["code"], given["finding"], short(words, _LONGEST)
    )


def _known(name: str, given: str | None, values: Collection[str]) -> None:
    # With a mistyped code, every test that expects no such call would pass.
    if given is not None and given not in values:
        near = nearest(given, values)
        msg = f"there is no {name} {given!r}; " + (
            f"did you mean {near!r}?" if near else f"there are {', '.join(sorted(values))}"
        )
        raise ValueError(msg)


def checked(*expected: object, count: object = 1) -> None:
    """Raise TypeError if one of these is not an expectation, or if the count is not a whole number.

    A frequent mistake is `identify` without its brackets.
    """
    for expectation in expected:
        if not isinstance(expectation, Expectation):
            given = getattr(expectation, "__name__", None) or repr(expectation)
            msg = f'an expectation such as identify(user="u1") or any_call() belongs here, not {given}'
            raise TypeError(msg)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        msg = f"a count is a whole number from 0, not {count!r}"
        raise TypeError(msg)


# --- matching ---


def mismatches(expected: Expectation, judged: Judged) -> list[Mismatch]:
    """Return every difference between a call and an expectation; empty if it matches."""
    return list(_mismatches(expected, judged))


def _mismatches(expected: Expectation, judged: Judged) -> Iterator[Mismatch]:
    if expected.type is not None and judged.call.type != expected.type:
        yield Mismatch("$.type", repr(expected.type), repr(judged.call.type))
    for key, value in expected.members.items():
        yield from (
            _elsewhere(mismatch, key, value, judged.call.data)
            for mismatch in _member(value, judged.call.data, (), key)
        )
    yield from _became(expected, judged)


def _elsewhere(mismatch: Mismatch, key: str, value: Any, data: Json) -> Mismatch:
    """Add a hint if the expected id came in another member."""
    if key in _IDS and isinstance(value, str) and isinstance(data, dict):
        came_as = next((name for name in _IDS if name != key and data.get(name) == value), None)
        return mismatch._replace(hint=f"it came as {came_as}") if came_as else mismatch
    return mismatch


def _became(expected: Expectation, judged: Judged) -> Iterator[Mismatch]:
    skipped = judged.skipped
    outcome = "skipped" if skipped else "webhook"
    if expected.outcome not in {None, outcome}:
        yield Mismatch("outcome", repr(expected.outcome), repr(outcome), skipped.code if skipped else "")
    if expected.code is not None and (skipped is None or skipped.code != expected.code):
        yield Mismatch(
            "code",
            repr(expected.code),
            repr(skipped.code if skipped else None),
            "" if skipped else "it was not skipped",
        )
    codes = list(dict.fromkeys(finding.code for finding in judged.findings))
    if expected.finding is not None and expected.finding not in codes:
        yield Mismatch("findings", repr(expected.finding), ", ".join(codes) or "none")


def _member(expected: Any, parent: Json, path: tuple[str | int, ...], key: str) -> Iterator[Mismatch]:
    there = isinstance(parent, dict) and key in parent
    if expected is ABSENT:
        if there:
            assert isinstance(parent, dict)
            yield Mismatch(json_path(*path, key), "ABSENT", repr(parent[key]))
    elif there:
        assert isinstance(parent, dict)
        yield from _value(expected, parent[key], (*path, key))
    else:
        keys = list(parent) if isinstance(parent, dict) else []
        near = _like(key, keys)
        yield Mismatch(
            json_path(*path, key),
            _said(expected),
            "ABSENT",
            f"there is {near!r}; did you mean that?" if near else "",
        )


def _like(key: str, keys: Sequence[str]) -> str | None:
    """Return the key that may have been meant: the same in another spelling, else a similar key."""
    plain = key.replace("_", "").replace("-", "").casefold()
    same = next((name for name in keys if name.replace("_", "").replace("-", "").casefold() == plain), None)
    return same or nearest(key, keys)


def _value(expected: Any, actual: Json, path: tuple[str | int, ...]) -> Iterator[Mismatch]:
    if expected is ANY:
        return
    if isinstance(expected, Mapping) and isinstance(actual, dict):
        for key, value in expected.items():
            yield from _member(value, actual, path, str(key))
    elif isinstance(expected, list | tuple) and isinstance(actual, list) and len(expected) == len(actual):
        for index, (expected_item, item) in enumerate(zip(expected, actual, strict=True)):
            yield from _value(expected_item, item, (*path, index))
    elif isinstance(expected, re.Pattern):
        is_of_text = isinstance(expected.pattern, str)  # a pattern of bytes is found in no text
        if not (is_of_text and isinstance(actual, str) and expected.search(actual)):
            yield Mismatch(json_path(*path), _said(expected), repr(actual))
    elif _is_check(expected):
        yield from _checked_by(expected, actual, path)
    elif not _equal(expected, actual):
        yield Mismatch(json_path(*path), repr(expected), repr(actual), _hint(expected, actual))


def _is_check(expected: Any) -> bool:
    """Whether to call it: a class, or an object that defines equality, is compared instead."""
    return (
        callable(expected)
        and not isinstance(expected, type)
        and type(expected).__eq__ in {object.__eq__, type(print).__eq__, MethodType.__eq__}
    )


def _said(expected: Any) -> str:
    """Return what is expected in words, without the address of a function."""
    if isinstance(expected, re.Pattern):
        return f"a text with /{expected.pattern}/" if isinstance(expected.pattern, str) else repr(expected)
    if _is_check(expected):
        return f"what {getattr(expected, '__qualname__', None) or repr(expected)} accepts"
    return repr(expected)


def _checked_by(
    check: Callable[[Json], object], actual: Json, path: tuple[str | int, ...]
) -> Iterator[Mismatch]:
    name = getattr(check, "__qualname__", None) or repr(check)
    try:
        holds, hint = bool(check(actual)), ""
    except Exception as error:  # noqa: BLE001 - a value that the test's function cannot take does not match
        holds, hint = False, f"{name} raised {type(error).__name__}: {error}"
    if not holds:
        yield Mismatch(json_path(*path), _said(check), repr(actual), hint)


def _equal(expected: Any, actual: Json) -> bool:
    number = isinstance(expected, Number)  # so is Decimal
    if number and isinstance(actual, bool | int | float):
        return isinstance(expected, bool) == isinstance(actual, bool) and bool(expected == actual)
    return bool(expected == actual)


def _hint(expected: Any, actual: Json) -> str:
    if isinstance(expected, list | tuple) and isinstance(actual, list):
        return f"expected {many(len(expected), 'item')}, there are {len(actual)}"
    if isinstance(expected, str | int | float | bool | None) and type(expected) is not type(actual):
        if str(expected) == str(actual):
            return f"the same, but as {_type(actual)}, not as {_type(expected)}"
    elif isinstance(expected, str) and isinstance(actual, str):
        if expected.strip().casefold() == actual.strip().casefold():
            return "they differ only in case or in white space"
    elif type(expected).__module__ == "datetime" and isinstance(actual, str):
        return "JSON has no dates, so the SDK sent a text; expect that"
    return ""


def _type(value: Json) -> str:
    names = {bool: "boolean", str: "text", dict: "object", list: "list", type(None): "null"}
    return names.get(type(value), "number")


_WEIGHTS: Final = {"$.type": 8, "$.userId": 4, "$.groupId": 4, "$.event": 4, "$.anonymousId": 2}


def distance(differences: Sequence[Mismatch]) -> int:
    """Return how far a call is from what was expected: type and ids weigh more than traits."""
    return sum(_WEIGHTS.get(mismatch.path, 1) for mismatch in differences)

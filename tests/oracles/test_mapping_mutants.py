"""Wrong rules about mappings, each of which one could believe.

The kept verdicts of Segment's code find every one of them.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from mapping_oracle import differing, ours

from segment_pendo.base.javascript.values import UNDEFINED, Made, string
from segment_pendo.segment.mapping_kit import directives, mapping, paths, request, texts

type Change = tuple[Any, str, Any]


def directive(name: str, run: Callable[[Any, Any], Any]) -> Change:
    return directives._DIRECTIVES, name, run


def own_members_only(value: Any, key: str) -> Any:
    return value.get(key, UNDEFINED) if isinstance(value, dict) else UNDEFINED


def absent_below_null(value: Any, path: str) -> Any:
    found = paths_read(value, path)
    return UNDEFINED if found is None and len(paths.keys_of(path)) > 1 else found


def dots_in_quotes_kept(path: str) -> list[str]:
    steps = re.findall(r"""\[["']([^"']*)["']\]|([^.\[\]]+)""", path)
    return [quoted or plain for quoted, plain in steps]


def filled_in_once(text: str, payload: Any, work: Any) -> str:
    marked = texts_template(text.replace("{{{", "{{").replace("}}}", "}}"), payload, work)
    return marked.replace("[object Object]", "{}")


def without_prefix(text: str, payload: Any, work: Any) -> str:
    return texts_template(text.replace("{{$.", "{{"), payload, work)


def blank_by_length(value: Any) -> bool:
    return isinstance(value, str) and not value


def lists_cleaned(value: Any, work: Any) -> Any:
    if isinstance(value, list):
        return [lists_cleaned(one, work) for one in value if one is not None]
    if not isinstance(value, dict):
        return value
    made = Made()
    for key, one in value.items():
        made.put(key, UNDEFINED if one is None else lists_cleaned(one, work))
    return made


def left_to_right(value: Any, scope: Any) -> Any:
    return merge({**value, "direction": "right"} if isinstance(value, dict) else value, scope)


def else_as_it_is(value: Any, scope: Any) -> Any:
    found = condition(value, scope)
    lost = isinstance(value, dict) and found is UNDEFINED and not value.get("else", True)
    return value["else"] if lost else found


def without_lists(value: Any, scope: Any) -> Any:
    return flatten({"omitArrays": True, **value} if isinstance(value, dict) else value, scope)


def first_only(value: Any, scope: Any) -> Any:
    return replace({"global": False, **value} if isinstance(value, dict) else value, scope)


def as_it_is(value: Any, _scope: Any) -> Any:
    return value


def name_order(headers: dict[str, Any]) -> Any:
    return tuple(sorted(extra_headers(headers), key=lambda pair: string(pair[0])))[::-1]


def nulls_left_out(headers: dict[str, Any]) -> Any:
    return extra_headers({name: value for name, value in headers.items() if value is not None})


def empty_data(root: dict[str, Any]) -> Any:
    found = checked(root)
    return found._replace(data={}) if found.data is None else found


paths_read, texts_template = paths.read, texts.template
merge, condition = directives._DIRECTIVES["@merge"], directives._DIRECTIVES["@if"]
flatten, replace = directives._DIRECTIVES["@flatten"], directives._DIRECTIVES["@replace"]
extra_headers, checked = request.extra_headers, request.checked

MUTANTS: dict[str, Change] = {
    "only own members are read": (paths, "member", own_members_only),
    "below null there is nothing": (paths, "read", absent_below_null),
    "a dot within quotes does not separate": (paths, "keys_of", dots_in_quotes_kept),
    "a template is filled in once, objects as {}": (directives, "template", filled_in_once),
    "a template leaves out $.": (directives, "template", without_prefix),
    "0 and false are not blank": (directives, "_equals_empty", blank_by_length),
    "nulls within lists are excluded": (directives, "_without_nulls", lists_cleaned),
    "@merge goes from left to right": directive("@merge", left_to_right),
    "an else that counts as false is given": directive("@if", else_as_it_is),
    "@flatten leaves lists whole": directive("@flatten", without_lists),
    "@replace replaces the first only": directive("@replace", first_only),
    "@literal is taken as it is": directive("@literal", as_it_is),
    "headers are in the other order": (request, "extra_headers", name_order),
    "a header that is null is left out": (request, "extra_headers", nulls_left_out),
    "without data, an empty object goes out": (request, "checked", empty_data),
    "context: null passes": (mapping, "fails_on_context", lambda _event: False),
}


def test_the_right_rule_differs_nowhere() -> None:
    assert differing(ours) == []


@pytest.mark.parametrize("name", MUTANTS)
def test_a_wrong_rule_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, attribute, wrong = MUTANTS[name]
    if isinstance(owner, dict):
        monkeypatch.setitem(owner, attribute, wrong)
    else:
        monkeypatch.setattr(owner, attribute, wrong)
    assert differing(ours)

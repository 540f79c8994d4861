"""Conditions as Segment's FQL reference says, and where the published engine for browsers differs (D-35)."""

from typing import Any

import pytest

from segment_pendo.segment.filters import browser, server
from segment_pendo.segment.filters.condition import condition_of
from segment_pendo.segment.filters.tokens import ConditionError

EVENT: Any = {
    "event": "Button Clicked",
    "type": "track",
    "context": {"library": {"name": "analytics.js", "version": "1.0"}},
    "properties": {
        "features": ["discounts", "dark-mode"],
        "product 1": {"price": "19.99"},
        "n": 5,
        "ア": "ア",
    },
}
DOCUMENTED = {
    # the examples of the reference
    "event = 'Button Clicked'": True,
    "event = 'Screen Tapped'": False,
    "context.path.path = '/login'": False,
    "type = 'identify' or type = 'track'": True,
    "event = 'Button Clicked' and type = 'track'": True,
    "match( context.library.version, '1.*' )": True,
    "match( context.library.version, '2.*' )": False,
    "type = 'track' and ( event = 'Click' or match( event, 'Button *' ) )": True,
    "!contains( context.library.name, 'js' )": False,
    "'dark-mode' in properties.features": True,
    "'blink' in properties.features": False,
    "!( type in ['track', 'identify'] )": False,
    "properties.product\\ 1.price = '19.99'": True,
    # its functions, and what they make of null
    "length( userId ) = 0": True,
    "length( properties.features ) = 2": True,
    "length( 'ア' ) = 3": True,
    "lowercase( event ) = 'button clicked'": True,
    "uppercase( type ) = 'TRACK'": True,
    "snakecase( event ) = 'Button_Clicked'": True,
    "kebabcase( event ) = 'Button-Clicked'": True,
    "titlecase( 'test string' ) = 'Test String'": True,
    "lowercase( userId ) = null": True,
    "contains( userId, 'x' )": False,
    "match( userId, '*' )": False,
    "typeof( userId ) = 'null'": True,
    "typeof( properties.n ) = 'number'": True,
    "typeof( properties.features ) = 'list'": True,
    "typeof( true ) = 'bool'": True,
    "number( '5' ) = properties.n": True,
    "string( properties.n ) = '5'": True,
    "bool( userId )": False,
    "contains( lowercase( event ), 'button' )": True,
    "lowercase( event ) in ['button clicked']": True,
    # its operators
    "userId = null": True,
    "properties.n = 5": True,
    "properties.n = '5'": False,
    "properties.n != '5'": True,
    "properties.n > 4": True,
    "properties.n >= 5": True,
    "type > 4": False,
    "properties.features = ['discounts', 'dark-mode']": True,
    "type": False,
    "true or false and false": True,
    "semver( context.library.version, '>=', '0.9' )": True,
}


@pytest.mark.parametrize("fql", DOCUMENTED)
def test_a_condition_holds_as_documented(fql: str) -> None:
    assert server.matches(condition_of(fql).tree, EVENT) == DOCUMENTED[fql]


@pytest.mark.parametrize(
    ("fql", "by_server", "by_browser"),
    [
        ("userId = null", True, False),
        ("userId != null", False, True),
        ("'dark-mode' in properties.features", True, False),
        ("contains(lowercase(event), 'button')", True, False),
        ("length('ア') = 3", True, False),
        ("typeof(properties.n) = 'number'", True, True),
        ("typeof(true) = 'boolean'", False, True),
        ("properties.constructor != null", False, True),
        ("event.length = 14", False, True),
    ],
)
def test_the_two_engines_differ(fql: str, by_server: bool, by_browser: bool) -> None:
    tree = condition_of(fql).tree
    assert (server.matches(tree, EVENT), browser.matches(tree, EVENT)) == (by_server, by_browser)


@pytest.mark.parametrize(
    ("fql", "words"),
    [
        ('userId = oops"', "at 14 the name before it has to end with a blank"),
        ("event = ", "it ends where there has to be a path, a text, a number or a function"),
        ("a = 1 AND b = 2", "at 7 there is AND and has to be the end, `and` or `or`; write it in lower case"),
        ('event !="x"', "after the ! at 7 there has to be a ="),
        ("size(a) = 1", "it has no function size; the functions are bool, contains"),
        ("contains(a)", "contains takes 2 arguments, not 1"),
        ("(a = 1", "it ends where there has to be `)`"),
        ("properties.0 = 1", "a name after the dot"),
        ("a = -", "- at 5 is no number"),
        ("a = `x`", "the character at 5 means nothing there"),
        ("a = 'x", "the text that begins at 5 does not end"),
        ("a = 1.2.3", "has a decimal point too many"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(fql: str, words: str) -> None:
    with pytest.raises(ConditionError) as error:
        condition_of(fql)
    assert words in str(error.value)


def test_a_tree_is_that_of_the_published_engine() -> None:
    tree = condition_of('(a.b = 1 or !c) and lowercase(d) in ["x", e]').tree
    assert tree == [
        "and",
        ["or", ["=", "a.b", {"value": 1}], ["!", "c"]],
        ["in", ["lowercase", "d"], {"value": [{"value": "x"}, "e"]}],
    ]

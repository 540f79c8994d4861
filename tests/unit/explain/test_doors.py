"""Rules do not know their doors: no text below them names an option; each door says how a setting is called
there.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import segment_pendo
from segment_pendo.explain import doors
from segment_pendo.explain.doors import advice, named
from segment_pendo.mapping.assess import TRACK_OFF

PACKAGE = Path(segment_pendo.__file__).parent
BELOW = ("base", "segment", "pendo", "mapping", "explain", "recordings", "archive", "serve")
# Options of other programs, which are told to them.
OTHERS = {"--require", "--preload", "--data-binary"}
# Files that start another program: the options in them are that program's.
STARTERS = {"serve/functions.py", "serve/launching/browser.py", "serve/launching/firefox_profile.py"}
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def texts(path: Path) -> Iterator[str]:
    """Every text of a file that a user may read: all but docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def test_no_text_below_the_doors_names_an_option() -> None:
    files = [path for folder in BELOW for path in (PACKAGE / folder).rglob("*.py") if path.name != "doors.py"]
    assert len(files) > 50
    named_options = {
        (path.relative_to(PACKAGE).as_posix(), option)
        for path in files
        for text in texts(path)
        for option in OPTION.findall(text)
    }
    assert {
        (path, option) for path, option in named_options if option not in OTHERS and path not in STARTERS
    } == set()


def test_every_setting_has_a_name_at_every_door() -> None:
    for names in doors._NAMES.values():
        assert set(names) == {"cli", "mitmdump", "marker"}


@pytest.mark.parametrize(
    ("door", "text"),
    [
        ("cli", "Turn it on with --track."),
        ("mitmdump", "Turn it on with --set segment_pendo_track=true."),
        ("marker", "Turn it on with track=True."),
    ],
)
def test_each_door_says_how_track_is_turned_on(door: doors.Door, text: str) -> None:
    assert advice(TRACK_OFF, door) == text
    assert advice("The call has neither userId nor anonymousId.", door) == ""
    assert advice(None, door) == ""


def test_a_name() -> None:
    assert named("assume", "mitmdump") == "segment_pendo_assume"

"""The names that tests import.

Expectations of calls, the type of the fixture `segment_pendo`, and `pendo_after` for property tests.

from segment_pendo.testing import Harness, identify

def test_signup(segment_pendo: Harness) -> None:
    sign_up("u1", host=segment_pendo.host)
    segment_pendo.wait(identify(user="u1", traits={"plan": "premium"}))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from segment_pendo.explain.records import Account, Visitor
    from segment_pendo.explain.rows import CallRow, FindingRow
    from segment_pendo.testing.expectation import (
        ABSENT,
        Expectation,
        alias,
        any_call,
        group,
        identify,
        page,
        screen,
        track,
    )
    from segment_pendo.testing.harness import Harness
    from segment_pendo.testing.results import Results, Snapshot, pendo_after

__all__ = [
    "ABSENT",
    "Account",
    "CallRow",
    "Expectation",
    "FindingRow",
    "Harness",
    "Results",
    "Snapshot",
    "Visitor",
    "alias",
    "any_call",
    "group",
    "identify",
    "page",
    "pendo_after",
    "screen",
    "track",
]

# Each name is imported when it is first used: the harness needs an HTTP server, but property tests of a
# mapping do not.
_HOMES: Final = {
    "Account": "explain.records",
    "Visitor": "explain.records",
    "CallRow": "explain.rows",
    "FindingRow": "explain.rows",
    "Harness": "testing.harness",
    "Results": "testing.results",
    "Snapshot": "testing.results",
    "pendo_after": "testing.results",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"segment_pendo.{_HOMES.get(name, 'testing.expectation')}"), name)


def __dir__() -> list[str]:
    return __all__

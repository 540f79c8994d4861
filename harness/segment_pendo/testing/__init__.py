"""What tests import: expectations of calls, the type of the `segment_pendo` fixture, and `pendo_after` for property tests.

from segment_pendo.testing import Harness, identify

def test_signup(segment_pendo: Harness) -> None:
    sign_up("u1", host=segment_pendo.host)
    segment_pendo.wait(identify(user="u1", traits={"plan": "premium"}))
"""

from typing import TYPE_CHECKING, Any

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
from segment_pendo.testing.results import Account, CallRow, FindingRow, Results, Snapshot, Visitor, pendo_after

if TYPE_CHECKING:
    from segment_pendo.testing.harness import Harness

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


def __getattr__(name: str) -> Any:
    # The harness needs an HTTP server, which property tests of a mapping do not.
    if name == "Harness":
        from segment_pendo.testing.harness import Harness  # noqa: PLC0415

        return Harness
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return __all__

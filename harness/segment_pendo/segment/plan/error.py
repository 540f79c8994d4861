"""What is wrong with a tracking plan."""

from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.json_path import json_path
from segment_pendo.base.prose import printable

__all__ = ["PlanError", "wrong"]


class PlanError(SegmentPendoError, ValueError):
    """A tracking plan that cannot be used: what, where, why and what to do next."""


def wrong(path: tuple[str | int, ...], why: str) -> PlanError:
    """Return the error about a place in a plan."""
    return PlanError(f"The tracking plan cannot be used: at {printable(json_path(*path))}, {why}")

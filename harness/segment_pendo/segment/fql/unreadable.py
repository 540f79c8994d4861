"""A trigger that Segment cannot read, so that its mapping sends nothing (D-13)."""

from typing import Final

from segment_pendo.words import Finding

__all__ = ["PATH", "Unreadable"]

PATH: Final = "$.trigger"


class Unreadable(ValueError):
    """Why a trigger cannot be read, as a finding. `compiled` catches it."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.message)
        self.finding = finding

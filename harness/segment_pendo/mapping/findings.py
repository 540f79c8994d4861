"""The findings of one call: at most so many, however many there are to tell."""

from typing import Final

from segment_pendo.segment.codes import note
from segment_pendo.words import Finding

__all__ = ["MOST_FINDINGS", "bounded"]

MOST_FINDINGS: Final = 100  # of one call


def bounded(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return at most MOST_FINDINGS findings; where some are left out, the last one says how many."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    text = f"{len(findings) - MOST_FINDINGS + 1} more findings are not shown; fix these first."
    return (*findings[: MOST_FINDINGS - 1], note("MORE_FINDINGS", "$", text))

"""Every code of both worlds: of findings, of skipped calls and of refused requests."""

from typing import Final

from segment_pendo.base.finding_code import Code
from segment_pendo.pendo import codes as pendo_codes
from segment_pendo.segment import codes as segment_codes

__all__ = ["DROPS", "FINDINGS", "find"]

FINDINGS: Final[dict[str, Code]] = dict(sorted((segment_codes.CODES | pendo_codes.CODES).items()))
DROPS: Final[dict[str, Code]] = dict(sorted(segment_codes.DROPS.items()))


def find(name: str) -> tuple[str, Code] | None:
    """Return the code of that name in whatever case, and its right spelling; None where there is none."""
    for spelled, code in (FINDINGS | DROPS).items():
        if spelled.lower() == name.lower():
            return spelled, code
    return None

"""Every code that this program says, of both worlds: findings, and why calls are
skipped or requests refused.
"""

from typing import Final

from segment_pendo.base.finding_code import Code
from segment_pendo.pendo import codes as pendo_codes
from segment_pendo.segment import codes as segment_codes

__all__ = ["DROPS", "FINDINGS", "find"]

FINDINGS: Final[dict[str, Code]] = dict(sorted((segment_codes.CODES | pendo_codes.CODES).items()))
DROPS: Final[dict[str, Code]] = dict(sorted(segment_codes.DROPS.items()))


def find(name: str) -> tuple[str, Code] | None:
    """The code of that name in whatever case, as it is spelled."""
    for spelled, code in (FINDINGS | DROPS).items():
        if spelled.lower() == name.lower():
            return spelled, code
    return None

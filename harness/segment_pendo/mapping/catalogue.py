"""Every code of both worlds: of findings, of skipped calls and of refused requests."""

from typing import Final

from segment_pendo.base.finding_code import Code
from segment_pendo.mapping.examples import EXAMPLES
from segment_pendo.pendo import codes as pendo_codes
from segment_pendo.segment import codes as segment_codes
from segment_pendo.segment import functions
from segment_pendo.segment.filters import codes as filter_codes
from segment_pendo.segment.fql import codes as trigger_codes
from segment_pendo.segment.mapping_kit import codes as mapping_codes
from segment_pendo.segment.plan import codes as plan_codes

__all__ = ["DROPS", "FINDINGS", "OF_CALLS", "find"]

FINDINGS: Final[dict[str, Code]] = dict(
    sorted(
        (
            segment_codes.CODES
            | pendo_codes.CODES
            | trigger_codes.CODES
            | mapping_codes.CODES
            | filter_codes.CODES
            | plan_codes.CODES
        ).items()
    )
)
# All but those about the destination itself, which no call brings.
OF_CALLS: Final = {
    name: code
    for name, code in FINDINGS.items()
    if not name.startswith("TRIGGER_")
    and (name not in EXAMPLES or EXAMPLES[name].call)
    and name != "FILTER_EMPTY"
}
DROPS: Final[dict[str, Code]] = dict(
    sorted(
        (
            segment_codes.DROPS
            | mapping_codes.FAILURES
            | filter_codes.DROPS
            | plan_codes.DROPS
            | functions.CODES
        ).items()
    )
)


def find(name: str) -> tuple[str, Code] | None:
    """Return the code of that name in whatever case, and its right spelling; None where there is none."""
    for spelled, code in (FINDINGS | DROPS).items():
        if spelled.lower() == name.lower():
            return spelled, code
    return None

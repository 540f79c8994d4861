"""The codes of what a tracking plan says about a call, and of what Segment's Protocols does then."""

from typing import Final

from segment_pendo.base.finding_code import Code, maker

__all__ = ["BLOCKED", "CODES", "DROPS", "note"]

_CONTROLS: Final = "Segment's documentation of schema controls"
_PLAN: Final = "Segment's documentation of the tracking plan"

BLOCKED: Final = "BLOCKED_BY_PLAN"

CODES: Final[dict[str, Code]] = {
    "PLAN_VIOLATION": Code(
        "warning",
        "The call does not fit the rule that the tracking plan has for it.",
        "Send what the plan says, or change the plan.",
        _PLAN,
    ),
    "PLAN_UNPLANNED_EVENT": Code(
        "info",
        "The tracking plan has no rule for an event of this name; upper and lower case count.",
        "Send the name that the plan has, or add the event to the plan.",
        _CONTROLS,
    ),
    "PLAN_OMITTED": Code(
        "warning",
        "Segment's Protocols takes this out of the call, as the schema controls of the source say so; "
        "context.protocols tells what was taken out.",
        "Send what the plan says, add it to the plan, or change the schema controls.",
        _CONTROLS,
    ),
}

DROPS: Final[dict[str, Code]] = {
    BLOCKED: Code(
        "error",
        "Segment's Protocols blocks the call: it is not in the tracking plan or does not fit it, and the "
        "schema controls of the source block such calls.",
        "Send what the plan says, add it to the plan, or change the schema controls.",
        _CONTROLS,
    ),
}

note = maker(CODES)

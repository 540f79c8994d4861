"""The codes of destination filters: findings about the filters, and why an event is dropped by one."""

from typing import Final

from segment_pendo.base.finding_code import Code, maker

__all__ = ["CODES", "DROPS", "note"]

_FILTERS: Final = "Segment's documentation of destination filters"

CODES: Final[dict[str, Code]] = {
    "FILTER_INVALID": Code(
        "error",
        "Segment cannot run a filter: its condition is no FQL, or an action lacks what it needs. It then "
        "drops the events that the filter meets, and shows that nowhere.",
        "Correct the filter at the place that the finding says.",
        _FILTERS,
    ),
    "FILTER_UNCERTAIN": Code(
        "info",
        "A filter sends on a share of the events. Which ones is drawn by lot, or by a hash that Segment has "
        "not published for its servers.",
        "Do not rely on a single call; choose with the switch sample what is assumed here.",
        _FILTERS,
    ),
    "FILTER_CONFLICT": Code(
        "warning",
        "Two filters allow properties at the same place and have no name in common, so nothing is left.",
        "Put the names of both into one filter.",
        _FILTERS,
    ),
    "FILTER_EMPTY": Code(
        "warning",
        "A filter has no actions, so it does nothing.",
        "Give it an action, or remove it.",
        _FILTERS,
    ),
}
DROPS: Final[dict[str, Code]] = {
    "FILTERED_BY_DESTINATION_FILTER": Code(
        "info",
        "A destination filter drops the event, or its sample does not have it.",
        "Change the condition of the filter that the reason names, or disable the filter.",
        _FILTERS,
    ),
    "FILTER_BROKEN": Code(
        "error",
        "A destination filter errs on the event. Segment drops the event then, and no view of Segment's "
        "shows it.",
        "Correct the filter that the reason names.",
        _FILTERS,
    ),
}
note: Final = maker(CODES)

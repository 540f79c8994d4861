"""How each door calls a setting.

This is the only place below the doors that names options: a rule says "track is off", a door says how to turn
it on.
"""

from typing import Final, Literal

from segment_pendo.mapping.assess import TRACK_OFF

__all__ = ["Door", "advice", "named"]

type Door = Literal["cli", "mitmdump", "marker"]

_NAMES: Final[dict[str, dict[Door, str]]] = {
    "track": {"cli": "--track", "mitmdump": "--set segment_pendo_track=true", "marker": "track=True"},
    "webhook": {"cli": "--webhook", "mitmdump": "segment_pendo_webhook", "marker": "webhook"},
    "pendo_track": {"cli": "--no-pendo-track", "mitmdump": "segment_pendo_track", "marker": "pendo_track"},
    "assume": {"cli": "--assume", "mitmdump": "segment_pendo_assume", "marker": "assume"},
    "destination": {
        "cli": "--destination",
        "mitmdump": "segment_pendo_destination",
        "marker": "destination",
    },
}


def named(setting: str, door: Door) -> str:
    """Return the name of a setting at a door."""
    return _NAMES[setting][door]


def advice(reason: str | None, door: Door) -> str:
    """Return a sentence that says what to do at a door about a call skipped for this reason; or ''."""
    if reason == TRACK_OFF:
        return f"Turn it on with {named('track', door)}."
    return ""

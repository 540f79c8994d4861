"""Segment's hosts (facts I-1 to I-5): which of them we stand in for."""

from typing import Final

INGEST: Final = frozenset(
    {
        "api.segment.io",  # I-1, US
        "events.eu1.segmentapis.com",  # I-1, EU
        "api.segment.com",  # I-4, seen in documents
        "api.segment.build",  # I-4, Segment's development hosts
        "signals.segment.build",
    }
)
SETTINGS: Final = frozenset({"cdn.segment.com", "cdn-settings.segment.com", "cdn.segment.build"})  # I-3, I-4
# I-18: where a web page loads Analytics.js from.
SCRIPTS: Final = frozenset({"cdn.segment.com", "cdn.segment.build"})
# I-2: where SDKs get their OAuth tokens, US and EU.
OAUTH: Final = frozenset({"oauth2.segment.io", "oauth2.eu1.segmentapis.com"})
INTERCEPTED: Final = INGEST | SETTINGS | OAUTH

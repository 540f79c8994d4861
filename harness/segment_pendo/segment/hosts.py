"""Segment's hosts (facts I-1 to I-5): which of them we stand in for."""

import re
from typing import Final, Literal

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

# Segment's own, but no calls go there.
_NO_INGEST: Final = re.compile(
    r"(?:app|www|docs|api)\.segment\.com|segment\.com|(?:[\w-]+\.)?api\.segmentapis\.com"
)
_SEGMENT: Final = re.compile(r"(?:.*[.-])?(?:segment|segmentapis)(?:[.-].*)?")
_MAYBE: Final = re.compile(r"(?:analytics|cdp|collect|collector|events|tracking)\..+\..+")
# Others' hosts of such names.
_OTHERS: Final = re.compile(
    r".*\.(?:google|googleapis|google-analytics|mixpanel|amplitude|pendo|tiktok|nextjs)\.\w+"
)


def likeness(host: str) -> Literal["likely", "maybe", "no"]:
    """Return whether a host that is none of these looks as if it stood for Segment, as a custom domain."""
    if _NO_INGEST.fullmatch(host):
        return "no"
    if _SEGMENT.fullmatch(host):
        return "likely"
    return "maybe" if _MAYBE.fullmatch(host) and not _OTHERS.fullmatch(host) else "no"

"""Environment variables: those that hold secrets, which no child ever gets, and the one that says that this is CI."""

import os
from typing import Final

__all__ = ["API_KEY", "INTEGRATION_KEY", "REDACT_KEY", "SECRETS", "SIGNING_KEY", "in_ci", "secret"]

API_KEY: Final = "SEGMENT_PENDO_API_KEY"  # Pendo's, in the webhook's URL
SIGNING_KEY: Final = "SEGMENT_PENDO_WEBHOOK_SECRET"  # signs webhooks, as the shared secret of Segment's destination
INTEGRATION_KEY: Final = "SEGMENT_PENDO_INTEGRATION_KEY"  # Pendo's, to read records back
REDACT_KEY: Final = "SEGMENT_PENDO_REDACT_KEY"
SECRETS: Final = frozenset({API_KEY, SIGNING_KEY, INTEGRATION_KEY, REDACT_KEY})


def secret(name: str) -> str:
    """The value of one of them without the white space around it, or an empty text."""
    return os.environ.get(name, "").strip()


def in_ci() -> bool:
    """Whether nobody looks at what is rewritten here."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}

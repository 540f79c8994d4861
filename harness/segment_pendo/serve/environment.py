"""What this machine says and keeps: environment variables (secrets, which no child ever gets; CI), our state
directory.
"""

import os
from pathlib import Path
from typing import Final

import platformdirs

__all__ = [
    "API_KEY",
    "INTEGRATION_KEY",
    "REDACT_KEY",
    "SECRETS",
    "SIGNING_KEY",
    "ca_directory",
    "in_ci",
    "secret",
]

API_KEY: Final = "SEGMENT_PENDO_API_KEY"  # Pendo's, in the webhook's URL
SIGNING_KEY: Final = (
    "SEGMENT_PENDO_WEBHOOK_SECRET"  # signs webhooks, as the shared secret of Segment's destination
)
INTEGRATION_KEY: Final = "SEGMENT_PENDO_INTEGRATION_KEY"  # Pendo's, to read records back
REDACT_KEY: Final = "SEGMENT_PENDO_REDACT_KEY"
SECRETS: Final = frozenset({API_KEY, SIGNING_KEY, INTEGRATION_KEY, REDACT_KEY})


def secret(name: str) -> str:
    """The value of one of them without the white space around it, or an empty text."""
    return os.environ.get(name, "").strip()


def in_ci() -> bool:
    """Whether nobody looks at what is rewritten here."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def ca_directory() -> Path:
    """Return where the proxy's CA and its key lie: in the user's state directory, made for its owner only."""
    state = Path(platformdirs.user_state_dir("segment-pendo", appauthor=False))
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    path = state / "ca"
    path.mkdir(mode=0o700, exist_ok=True)
    return path

"""What we read from the environment (secrets, which no child process gets; CI), and our state directory."""

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
    """Return the value of one of SECRETS without white space around it, or an empty text."""
    return os.environ.get(name, "").strip()


def in_ci() -> bool:
    """Whether this runs in CI, where nobody would look at rewritten files."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def ca_directory() -> Path:
    """Return the directory of the proxy's CA and key, in the state directory; only its owner may read."""
    state = Path(platformdirs.user_state_dir("segment-pendo", appauthor=False))
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    path = state / "ca"
    path.mkdir(mode=0o700, exist_ok=True)
    return path

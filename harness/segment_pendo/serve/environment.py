"""What we read from the environment (secrets, which no child process gets; CI), and our state directory."""

import os
from pathlib import Path
from typing import Final

import platformdirs

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError

__all__ = [
    "API_KEY",
    "INTEGRATION_KEY",
    "REDACT_KEY",
    "SECRETS",
    "SIGNING_KEY",
    "StateError",
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


class StateError(SegmentPendoError):
    """The state directory cannot be used; the text says why."""

    exit_code = CANNOT_START

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"the state directory {path} cannot be used: {why}. It holds the proxy's certificate; make it "
            "writable, or name another one with XDG_STATE_HOME."
        )


def secret(name: str) -> str:
    """Return the value of one of SECRETS without white space around it, or an empty text."""
    return os.environ.get(name, "").strip()


def in_ci() -> bool:
    """Whether this runs in CI, where nobody would look at rewritten files."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def ca_directory() -> Path:
    """Return the directory of the proxy's CA and key, in the state directory; only its owner may read.

    Raises StateError where it cannot be made so.
    """
    state = Path(platformdirs.user_state_dir("segment-pendo", appauthor=False))
    path = state / "ca"
    for directory in (state, path):
        if directory.is_symlink():  # whoever made it may not be who uses it
            raise StateError(directory, "it is a link; put a directory there")
        try:
            directory.mkdir(parents=True, mode=0o700, exist_ok=True)
            directory.chmod(0o700)
            for key in directory.glob("mitmproxy-ca.*"):
                key.chmod(0o600)
        except OSError as error:
            raise StateError(directory, error.strerror or type(error).__name__) from None
    return path

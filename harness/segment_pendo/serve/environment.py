"""What we read from the environment (secrets, which no child process gets; CI), and our state directory."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from segment_pendo.base.errors import CANNOT_START, SegmentPendoError

__all__ = [
    "API_KEY",
    "INTEGRATION_KEY",
    "REDACT_KEY",
    "SECRETS",
    "SIGNING_KEY",
    "StateError",
    "archive_directory",
    "ca_directory",
    "default_store",
    "in_ci",
    "replay_store",
    "runs_directory",
    "secret",
    "state_directory",
    "token_file",
    "trust_directory",
    "without_secrets",
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
            f"the state directory {path} cannot be used: {why}. It holds the proxy's certificate and what "
            "waits for a real Pendo; make it writable, or name another one with XDG_STATE_HOME."
        )


def secret(name: str) -> str:
    """Return the value of one of SECRETS without white space around it, or an empty text."""
    return os.environ.get(name, "").strip()


def without_secrets(base: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without SECRETS, for a process that needs none of them."""
    return {name: value for name, value in base.items() if name not in SECRETS}


def in_ci() -> bool:
    """Whether this runs in CI, where nobody would look at rewritten files."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def default_store() -> Path:
    """Return the file that keeps calls for a real Pendo, in the state directory; only its owner may read it.

    Raises StateError where the directory cannot be made so.
    """
    return _private(state_directory()) / "store.sqlite3"


def replay_store(name: str) -> Path:
    """Return the file that keeps what a replay has not delivered yet, in the state directory.

    Raises StateError as `default_store` does.
    """
    return _private(state_directory(), state_directory() / "replays") / f"{name}.sqlite3"


def archive_directory(name: str) -> Path:
    """Return the directory of what was worked out of an archive, in the state directory.

    Raises StateError as `default_store` does.
    """
    return _private(state_directory(), state_directory() / "archives", state_directory() / "archives" / name)


def ca_directory() -> Path:
    """Return the directory of the proxy's CA and key, in the state directory; only its owner may read.

    Raises StateError where it cannot be made so.
    """
    path = _private(state_directory(), state_directory() / "ca")
    for key in path.glob("mitmproxy-ca.*"):
        try:
            key.chmod(0o600)
        except OSError as error:
            raise StateError(path, error.strerror or type(error).__name__) from None
    return path


def trust_directory() -> Path:
    """Return the directory of the CA files that children of `run` read, in the state directory.

    Raises StateError as `ca_directory` does.
    """
    return _private(state_directory(), state_directory() / "trust")


def runs_directory() -> Path:
    """Return the directory of what runs of this user tell each other, and of their logs.

    Raises StateError as `ca_directory` does.
    """
    return _private(state_directory(), state_directory() / "runs")


def token_file() -> Path:
    """Return the file of the token for addresses beyond loopback, in the state directory.

    Raises StateError as `ca_directory` does.
    """
    return _private(state_directory()) / "token"


def state_directory() -> Path:
    """Return our state directory, whether or not it is there."""
    import platformdirs  # noqa: PLC0415 - many verbs look at the environment, few at the directory

    return Path(platformdirs.user_state_dir("segment-pendo", appauthor=False))


def _private(*directories: Path) -> Path:
    """Make directories that only their owner may use, from the outer to the inner; return the last."""
    for directory in directories:
        if directory.is_symlink():  # whoever made it may not be who uses it
            raise StateError(directory, "it is a link; put a directory there")
        try:
            directory.mkdir(parents=True, mode=0o700, exist_ok=True)
            directory.chmod(0o700)
        except OSError as error:
            raise StateError(directory, error.strerror or type(error).__name__) from None
    return directories[-1]

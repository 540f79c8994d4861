"""What RudderStack's browser SDK asks for before it sends its calls, in Segment's format (I-71)."""

import re
from typing import Final

from segment_pendo.words import JsonObject

__all__ = ["CONFIG", "is_config_path"]

_PATH: Final = re.compile(r"(?:/.*)?/sourceConfig/?")
# All that it checks: a source with an id, a config and a list of destinations, here none, and not disabled.
CONFIG: Final[JsonObject] = {
    "source": {
        "id": "local",
        "name": "local",
        "workspaceId": "local",
        "enabled": True,
        "config": {"statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}},
        "destinations": [],
    }
}


def is_config_path(path: str) -> bool:
    """Whether a path, below any prefix, is that of the source's configuration."""
    return _PATH.fullmatch(path) is not None

"""Analytics.js from the app's own npm package, for pages that load it as from Segment's CDN (I-18)."""

import re
from functools import cached_property
from pathlib import Path
from typing import Final

from segment_pendo.base.headers import header
from segment_pendo.words import Reply, SdkRequest

__all__ = ["Scripts"]

_PACKAGE: Final = Path("node_modules", "@segment", "analytics-next", "dist", "umd")
_MAIN: Final = re.compile(r"(?:/.*)?/analytics\.js/v1/[^/]+/analytics(?:\.min)?\.js")
_PART: Final = re.compile(r"(?:/.*)?/analytics-next/bundles/(?P<name>[\w-][\w.-]*\.js)")
_STANDALONE: Final = "standalone.js"


class Scripts:
    """The scripts of @segment/analytics-next as it is installed for a folder, looked for when asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def _package(self) -> Path | None:
        """Return the scripts' folder: in the folder's node_modules, or in those of a folder above it."""
        places = [folder / _PACKAGE for folder in (self._folder, *self._folder.parents)]
        return next((place for place in places if (place / _STANDALONE).is_file()), None)

    def reply(self, request: SdkRequest) -> Reply | None:
        """Return the script that is asked for, or None where this is no script or the app has none."""
        if request.method not in {"GET", "HEAD"} or not request.path.endswith(".js"):
            return None
        part = _PART.fullmatch(request.path)
        name = part["name"] if part else _STANDALONE if _MAIN.fullmatch(request.path) else None
        if name is None or self._package is None:
            return None
        try:
            body = (self._package / name).read_bytes()
        except OSError:  # a part of another version
            return None
        return Reply(
            200,
            (
                ("Content-Type", "text/javascript; charset=utf-8"),
                ("Access-Control-Allow-Origin", header(request.headers, "origin") or "*"),
                ("Cache-Control", "no-store"),
            ),
            body,
        )

"""URLs from parts: whatever the parts hold, the host stays the one that was named."""

from typing import Final
from urllib.parse import quote, urlsplit, urlunsplit

__all__ = ["joined", "target"]

# RFC 3986: what may stand there as it is, and % of what is encoded already. Brackets and braces are not among
# them: curl reads more into those.
_IN_PATH: Final = "/%:@!$&'()*+,;=~-._"
_IN_QUERY: Final = _IN_PATH + "?"


def target(path: str, query: str = "") -> str:
    """Return a path, which begins with one slash, and a query; what no URL may hold is percent-encoded."""
    encoded = "/" + quote(path.lstrip("/"), _IN_PATH, errors="replace")
    return encoded + (f"?{quote(query, _IN_QUERY, errors='replace')}" if query else "")


def joined(base: str, path: str, query: str = "") -> str:
    """Return the URL of a path below `base`. Whatever path and query hold, its host is that of `base`."""
    parts = urlsplit(base)
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", "")) + target(path, query)

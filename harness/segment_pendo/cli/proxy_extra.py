"""Load the part of this program that needs mitmproxy: the extra `proxy`, which is not always installed."""

import importlib
from importlib.util import find_spec
from typing import Any, Final

from segment_pendo.cli.failure import CANNOT_START, Failure

__all__ = ["INSTALL", "needed_side", "proxy_side"]

INSTALL: Final = "python -m pip install 'segment-pendo[proxy]'"


def proxy_side() -> Any:
    """Return the proxy's module, or None if the extra is not installed."""
    return importlib.import_module("segment_pendo_addons.proxy") if find_spec("mitmproxy") else None


def needed_side(what: str) -> Any:
    """Return the proxy's module.

    Raises Failure if the extra is not installed; `what` is a clause that says what needs it.
    """
    side = proxy_side()
    if side is None:
        message = f"{what}, which is not installed. Install it with: {INSTALL}"
        raise Failure(message, CANNOT_START)
    return side

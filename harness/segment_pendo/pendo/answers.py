"""How Pendo answers a webhook, as far as its switches say (facts 1.06, 1.15, 1.70)."""

from collections.abc import Iterable
from typing import Final

from segment_pendo.pendo.effect import Effect
from segment_pendo.pendo.switches import PendoSwitches

__all__ = ["MAX_BODY", "is_too_large", "is_without_effect", "methods"]

MAX_BODY: Final = 1024 * 1024  # bytes; 1.15: unknown at Pendo


def methods(switches: PendoSwitches) -> frozenset[str]:
    """Return the methods that the URL of the webhook takes (1.06)."""
    return frozenset({"POST"} if switches.methods == "post" else {"POST", "PUT", "PATCH"})


def is_too_large(size: int, switches: PendoSwitches) -> bool:
    """Whether a webhook of so many bytes is refused (1.15)."""
    return size > MAX_BODY and switches.size_limit == "1_mib"


def is_without_effect(effects: Iterable[Effect], switches: PendoSwitches) -> bool:
    """Whether a webhook with these effects is refused because Pendo ignores all of it (1.70)."""
    return switches.answer == "strict" and all(effect.nothing is not None for effect in effects)

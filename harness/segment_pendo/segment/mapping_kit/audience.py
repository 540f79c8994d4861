"""Where Segment's code looks for an audience in each event that a Webhooks (Actions) destination gets."""

from typing import Final

from segment_pendo.base.javascript.values import Thrown, is_truthy, string
from segment_pendo.words import JsonObject

__all__ = ["CONTEXT_NULL", "fails_on_context"]

CONTEXT_NULL: Final = "context or context.personas is null, on which Segment's code fails; nothing is sent."
_AUDIENCES: Final = ("audience", "journey_step")


def fails_on_context(event: JsonObject) -> bool:
    """Whether Segment's code throws while it looks for an audience in the event (D-27)."""
    context = event.get("context")
    if not isinstance(context, dict):
        return context is None and "context" in event
    if "personas" not in context:
        return False
    personas = context["personas"]
    if not isinstance(personas, dict):
        return personas is None
    key = personas.get("computation_key")
    kind = {"identify": "traits", "track": "properties"}.get(str(event.get("type")))
    if kind is None or personas.get("computation_class") not in _AUDIENCES or not is_truthy(key):
        return False
    try:
        string(key)
    except Thrown:
        return kind not in event or event[kind] is not None
    return False

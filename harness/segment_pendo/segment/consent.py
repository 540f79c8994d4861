"""The consent that a call carries: whether it keeps the call from a destination (D-40 to D-48).

Consent is judged before the integrations object, which `webhooks.filtered` judges.
"""

from typing import Final

from segment_pendo.base.prose import short, whole
from segment_pendo.segment.codes import note
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.words import Finding, JsonObject, Skipped

__all__ = ["blocked", "unjudged"]

_PATH: Final = "$.context.consent.categoryPreferences"
_MOST_NAMES: Final = 3
_WIDEST: Final = 120


def blocked(data: JsonObject, categories: tuple[str, ...], switches: Switches = DEFAULT) -> Skipped | None:
    """Return why consent keeps the call from a destination with these categories, or None."""
    consent = _consent(data)
    if consent is None or not categories:  # D-40, D-42, D-44, D-45
        return None
    preferences = consent.get("categoryPreferences")
    if not isinstance(preferences, dict):
        preferences = {}
    if not preferences:
        return _without_preferences(data, consent, categories, switches)
    for category in categories:
        if category not in preferences:  # D-48
            return _skipped(f"the call's consent does not name the category {whole(category)}")
        if preferences[category] is not True:  # D-47
            return _skipped(f"the category {whole(category)} is false")
    return None  # D-46


def _without_preferences(
    data: JsonObject, consent: JsonObject, categories: tuple[str, ...], switches: Switches
) -> Skipped | None:
    integrations = data.get("integrations")
    has_preferences = isinstance(consent.get("categoryPreferences"), dict)
    if isinstance(integrations, dict) and integrations:
        if switches.consent_empty == "delivered":  # D-43
            return None
    elif not has_preferences:  # D-40
        return None
    return _skipped(  # D-41, D-43
        f"the call's consent is empty, so the category {whole(categories[0])} counts as false"
    )


def _skipped(why: str) -> Skipped:
    return Skipped("FILTERED_BY_CONSENT", f"Filtered by end user consent: {why}.")


def _consent(data: JsonObject) -> JsonObject | None:
    context = data.get("context")
    consent = context.get("consent") if isinstance(context, dict) else None
    return consent if isinstance(consent, dict) else None


def unjudged(data: JsonObject) -> Finding | None:
    """Return a finding where a call carries preferences: without known categories nobody can judge them."""
    preferences = (_consent(data) or {}).get("categoryPreferences")
    if not isinstance(preferences, dict):
        return None
    refused = [short(name, _WIDEST) for name, value in preferences.items() if value is not True]
    more = f" and {len(refused) - _MOST_NAMES} more" if len(refused) > _MOST_NAMES else ""
    said = f"it refuses {', '.join(refused[:_MOST_NAMES])}{more}" if refused else "it refuses none it names"
    text = (
        f"The call carries consent ({said}), and Segment does not send it to a destination with a category "
        "that is refused or not named. Here no categories are known, so it is delivered."
    )
    return note("CONSENT_MAY_FILTER", _PATH, text)

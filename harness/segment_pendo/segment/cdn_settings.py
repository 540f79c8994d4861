"""What Segment's CDN tells browsers and phones about a source, and how it is served here (I-17, D-70).

Production's settings hold the tracking plan, routing rules, consent categories and remote plugins of a
source. Served here, they act as there; only the members that would lead SDKs away from here are changed.
"""

from typing import Final

from segment_pendo.base import js_json
from segment_pendo.words import Json, JsonObject

__all__ = ["LARGEST", "NotSettingsError", "kept_here", "key_in", "own", "read"]

LARGEST: Final = 4 * 1024 * 1024  # bytes; those of large workspaces have some hundred thousand
_SEGMENT: Final = "Segment.io"


class NotSettingsError(ValueError):
    """A text is not what Segment's CDN answers; this says why, and shows nothing of it."""


def read(text: bytes) -> JsonObject:
    """Return production's settings, every number as it is spelled. Raises NotSettingsError."""
    if len(text) > LARGEST:
        msg = f"it has more than {LARGEST:,} bytes"
        raise NotSettingsError(msg)
    try:
        value = js_json.read(text, spelled=True).value
    except RecursionError:
        msg = f"it nests more than {js_json.MAX_DEPTH} levels"
        raise NotSettingsError(msg) from None
    except ValueError as error:
        msg = f"it is not JSON: {js_json.why(error)}"
        raise NotSettingsError(msg) from None
    if not isinstance(value, dict):
        msg = "it is JSON, but not an object"
        raise NotSettingsError(msg)
    if not isinstance(value.get("integrations"), dict):
        msg = "it has no object named integrations"
        raise NotSettingsError(msg)
    return value


def own(api_host: str, protocol: str | None, write_key: str) -> JsonObject:
    """Return settings of our own: all that an SDK needs to stay here, a plan that allows all, no telemetry.

    Without apiKey and apiHost, Analytics.js would post to the real Segment; without metrics, its telemetry.
    """
    segment: JsonObject = {"apiKey": write_key, "apiHost": api_host}
    if protocol is not None:
        segment["protocol"] = protocol
    return {
        "integrations": {_SEGMENT: segment},
        "plan": {"track": {"__default": {"enabled": True, "integrations": {}}}},
        "metrics": {"sampleRate": 0},
    }


def kept_here(settings: JsonObject, api_host: str, protocol: str, write_key: str) -> JsonObject:
    """Return production's settings so that an SDK stays here; each key keeps its place.

    Changed, or added where they are missing: apiHost and protocol of Segment.io, and metrics.host, where
    Analytics.js sends its telemetry. The apiKey is added only where there is none: then an SDK would send no
    write key at all.
    """
    integrations = _object(settings.get("integrations"))
    segment = _object(integrations.get(_SEGMENT)) | {"apiHost": api_host, "protocol": protocol}
    if segment.get("apiKey") is None:
        segment["apiKey"] = write_key
    return settings | {
        "integrations": integrations | {_SEGMENT: segment},
        "metrics": _object(settings.get("metrics")) | {"host": api_host},
    }


def key_in(settings: JsonObject) -> str | None:
    """Return the write key that the settings give to an SDK, or None."""
    key = _object(_object(settings.get("integrations")).get(_SEGMENT)).get("apiKey")
    return key if isinstance(key, str) else None


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}

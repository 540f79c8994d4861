"""What only the classic Webhooks destination does.

It comes from Segment's library for classic destinations (npm segmentio-facade 3.2.7).
"""

import re
from datetime import UTC, datetime, timedelta

from segment_pendo.words import Json, JsonObject

__all__ = ["enabled", "rewritten"]

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9.]+")
_DATE = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:([ "
    r"T])(\d{2}):?(\d{2})(?::?(\d{2})(?:[,.](\d+))?)?(?:(Z)|([+-])(\d{2})(?::?(\d{2}))?)?)?",
    re.ASCII,
)


# --- the integrations object (N-3, N-4) ---


def _find(value: Json, path: str) -> Json:
    """Return the value at a dotted path, whatever case and punctuation its keys have, or None."""
    while isinstance(value, dict):
        for key, child in value.items():
            name = _NOT_IN_NAMES.sub("", key).lower()
            rest = path[len(name) :]
            if path.startswith(name) and (not rest or rest.startswith(".")):
                path, value = rest[1:], child
                break
        else:
            return None
        if not path or value is None:
            return value
    return None


def enabled(event: JsonObject, name: str) -> bool:
    """Whether an event is for the destination `name`.

    A boolean under that name decides, any other value there means yes; without one, `All` decides.
    """
    options = _first(event.get("options"), event.get("context"), {})
    switches = (
        _find(options, "providers.all"),
        _find(options, "all"),
        _find(event.get("integrations"), "all"),
    )
    on: Json = next((value for value in switches if isinstance(value, bool)), True)
    integrations = _first(event.get("integrations"), _find(options, "providers"), options)
    if isinstance(integrations, dict):
        providers = integrations.get("providers")
        if isinstance(providers, dict) and name in providers:
            on = providers[name]
        if name in integrations:
            own = integrations[name]
            on = own if isinstance(own, bool) else True
    return _is_true(on)


def _is_true(value: Json) -> bool:
    """Whether JavaScript takes the value as true: objects and lists are, also the empty ones."""
    return isinstance(value, dict | list) or bool(value)


def _first(*values: Json) -> Json:
    return next((value for value in values if _is_true(value)), None)


# --- dates: W-7 ---


def rewritten(value: Json) -> Json:
    """Return the value with every text that looks like a date in UTC with milliseconds.

    It calls itself for each level (js_json.MAX_DEPTH).
    """
    if isinstance(value, dict):
        return {key: rewritten(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [rewritten(inner) for inner in value]
    return _date(value) if isinstance(value, str) else value


def _date(text: str) -> str:
    match = _DATE.fullmatch(text)
    if match is None:
        return text
    year, month, day, between, hour, minute, second, fraction, _, sign, hours, minutes = match.groups()
    offset = timedelta()
    # A blank between date and time means local time there, which on a server is UTC.
    if sign and between == "T":
        offset = timedelta(hours=int(hours), minutes=int(minutes or 0)) * (-1 if sign == "+" else 1)
    # JavaScript carries what is too much: the 31st of February is a day in March; a zero counts as a one.
    months = (int(year) + (1900 if int(year) < 100 else 0)) * 12 + (int(month) or 1) - 1
    # Python's calendar ends with the year 9999; the years repeat every 400.
    cycles, in_cycle = divmod(months // 12, 400)
    moment = datetime(2000 + in_cycle, months % 12 + 1, 1, tzinfo=UTC) + offset
    moment += timedelta(
        days=(int(day) or 1) - 1, hours=int(hour or 0), minutes=int(minute or 0), seconds=int(second or 0)
    )
    moment += timedelta(milliseconds=int(((fraction or "") + "00")[:3]) if fraction else 0)
    shown = moment.year - 2000 + 400 * cycles
    rest = moment.isoformat(timespec="milliseconds").removesuffix("+00:00")[4:]
    return (f"{shown:04d}" if 0 <= shown <= 9999 else f"{shown:+07d}") + rest + "Z"

"""Python values in the calls of a test, converted to JSON as the SDK does it.

segment-analytics-python converts more values than JSON has (see its `utils.clean` and its serializer; tests
compare both). SDKs of other languages never get a Python value, so such values are refused there.
"""

import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from numbers import Number
from typing import Any, Final

from segment_pendo.base.json_path import json_path
from segment_pendo.words import Json, JsonObject

__all__ = ["as_sent"]

# In these, JSON.stringify writes null for a number that is not finite.
_JAVASCRIPT: Final = frozenset({"node", "browser", "browser-batching"})
_GONE: Final = object()
_DEEPEST: Final = 400

type _Path = tuple[str | int, ...]


def as_sent(call: Mapping[str, Any], sdk: str) -> JsonObject:
    """Return a call as an SDK (a key of segment.wire.SDKS) hands it to JSON.

    Raises TypeError for a value that no app can give to the SDK, or that makes the SDK raise an error.
    """
    if not isinstance(call, Mapping):
        msg = f"a call is a dict such as {{'type': 'identify', 'userId': 'u1'}}, not {call!r:.100}"
        raise TypeError(msg)
    value = _of_mapping(call, (), sdk)
    assert isinstance(value, dict)
    return value


def _sent(value: Any, path: _Path, sdk: str) -> Any:
    if len(path) > _DEEPEST:
        msg = f"{json_path(*path[:3])}... is nested more than {_DEEPEST} levels deep"
        raise TypeError(msg)
    if isinstance(value, float) and not math.isfinite(value):
        return _not_finite(value, path, sdk)
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, Mapping):
        return _of_mapping(value, path, sdk)
    if isinstance(value, list | tuple):
        return _of_items(value, path, sdk)
    if sdk != "python":
        raise _refusal(value, path, sdk)
    return _as_python_does(value, path)


def _of_items(value: Iterable[Any], path: _Path, sdk: str) -> Any:
    items = [_sent(item, (*path, index), sdk) for index, item in enumerate(value)]
    return _GONE if any(item is _GONE for item in items) else items


def _of_mapping(value: Mapping[Any, Any], path: _Path, sdk: str) -> Json:
    members: JsonObject = {}
    for key, inner in value.items():
        name = _name(key, path, sdk)
        sent = _sent(inner, (*path, name), sdk)
        if sent is not _GONE:
            members[name] = sent
    return members


def _name(key: Any, path: _Path, sdk: str) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool | int | float):
        return json.dumps(key)
    raise _refusal(key, path, sdk)


def _not_finite(value: float, path: _Path, sdk: str) -> float | None:
    if sdk in _JAVASCRIPT:
        return None
    if sdk == "python":
        return value  # json.dumps writes NaN or Infinity, and Segment refuses the whole request
    raise _refusal(value, path, sdk)


def _as_python_does(value: Any, path: _Path) -> Any:
    if isinstance(value, Decimal):
        return _sent(float(value), path, "python")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, set):
        return _of_items(value, path, "python")
    if isinstance(value, Enum):
        return _sent(value.value, path, "python")
    if isinstance(value, bytes | bytearray):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise _refusal(value, path, "python") from None
    if isinstance(value, Number):  # the client accepts it, but its serializer raises an error
        raise _refusal(value, path, "python")
    return _GONE  # the client logs a warning and leaves the key out


def _refusal(value: Any, path: _Path, sdk: str) -> TypeError:
    where = json_path(*path) if path else "a key"
    what = f"{type(value).__name__} ({value!r:.60})"
    hint = "convert it as the app does" + ("" if sdk == "python" else ", or use sdk='python'")
    msg = f"{where} is {what}, which the SDK {sdk!r} cannot send; {hint}"
    return TypeError(msg)

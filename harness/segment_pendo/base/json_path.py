"""JSON paths as findings and rows show them: `$.a.b`, `$["x y"]`, `$.list[0]`."""

import re

__all__ = ["json_path", "lies_in"]

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def json_path(*keys: str | int) -> str:
    """Return a JSON path from the root; a key that is not an identifier stands in brackets."""
    text = "$"
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _IDENTIFIER.fullmatch(key):
            text += f".{key}"
        else:
            text += '["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text


def lies_in(path: str, place: str) -> bool:
    """Whether a JSON path names a place, or something in the value there."""
    return path == place or path.startswith((f"{place}.", f"{place}["))

"""JSON paths as findings and rows show them: `$.a.b`, `$["x y"]`, `$.list[0]`."""

import re

__all__ = ["json_path"]

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def json_path(*keys: str | int) -> str:
    """A JSON path from the root, in brackets where a key is no identifier."""
    text = "$"
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _IDENTIFIER.fullmatch(key):
            text += f".{key}"
        else:
            text += '["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]'
    return text

"""Answers for an agent: at most 4 kB, with a cursor where there is more, and without any write key."""

import re
from typing import Final

__all__ = ["MOST", "page"]

MOST: Final = 4000  # bytes of an answer, so that a look costs little of an agent's context
_LINE: Final = 1200
_ROOM: Final = 200  # for what follows the lines
_WRITE_KEY: Final = re.compile(r"""(write_?key\\?["']?\s*[:=]\s*\\?["']?)[^\s"',}\\]+""", re.IGNORECASE)


def page(text: str, cursor: int = 0, more: str = "") -> str:
    """Return as many lines of a text as there is room for, from the line `cursor` on.

    `more`: what to say where all lines are there, such as the cursor of the next page.
    """
    lines = _WRITE_KEY.sub(r"\1****", text.strip("\n")).split("\n")[max(cursor, 0) :]
    kept: list[str] = []
    size = 0
    for line in lines:
        line = _cut(line)  # noqa: PLW2901
        size += len(line.encode()) + 1
        if size > MOST - _ROOM:
            kept.append(f"... more: ask again with cursor={max(cursor, 0) + len(kept)}")
            return "\n".join(kept)
        kept.append(line)
    return "\n".join([*kept, *([more] if more else [])])


def _cut(line: str) -> str:
    line = line.rstrip()
    encoded = line.encode("utf-8", "replace")
    return line if len(encoded) <= _LINE else encoded[:_LINE].decode("utf-8", "ignore") + " ..."

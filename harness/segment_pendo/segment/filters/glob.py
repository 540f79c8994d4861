"""Segment's glob patterns, in which `*` matches a slash too (D-36)."""

__all__ = ["is_match"]


class _BadPattern(Exception):
    pass


def is_match(text: str, pattern: str) -> bool:
    """Whether the pattern matches the whole text.

    A pattern with a class that is wrong (`[`, `[a-`) matches nothing, where the text comes that far.
    """
    try:
        return _matches(text, pattern)
    except _BadPattern:
        return False


def _matches(text: str, pattern: str) -> bool:
    at = 0
    while pattern:
        star, chunk, pattern = _split(pattern)
        if star and not chunk:
            return True
        end = _end(chunk, text, at)
        if end is None or (end < len(text) and not pattern):
            end = _later(chunk, text, at, is_last=not pattern) if star else None
        if end is None:
            return False
        at = end
    return at == len(text)


def _later(chunk: str, text: str, start: int, *, is_last: bool) -> int | None:
    """Return where the chunk ends at the first place behind the start at which it matches, or None."""
    for at in range(start + 1, len(text) + 1):
        end = _end(chunk, text, at)
        if end is not None and not (is_last and end < len(text)):
            return end
    return None


def _split(pattern: str) -> tuple[bool, str, str]:
    """Return whether stars come first, the part up to the next star, and the rest."""
    body = pattern.lstrip("*")
    in_class, at = False, 0
    while at < len(body):
        if body[at] == "\\":
            at += at + 1 < len(body)
        elif body[at] in "[]":
            in_class = body[at] == "["
        elif body[at] == "*" and not in_class:
            break
        at += 1
    return len(body) < len(pattern), body[:at], body[at:]


def _end(chunk: str, text: str, seen: int) -> int | None:
    """Return where the text is no longer the chunk's, which begins at `seen`; None where it is not there."""
    at = 0
    while at < len(chunk):
        if seen >= len(text):
            return None
        if chunk[at] == "[":
            at, found = _class(chunk, at + 1, text[seen])
            if not found:
                return None
        elif chunk[at] == "?":
            at += 1
        else:
            at += chunk[at] == "\\"
            if at >= len(chunk):
                raise _BadPattern
            if chunk[at] != text[seen]:
                return None
            at += 1
        seen += 1
    return seen


def _class(chunk: str, at: int, letter: str) -> tuple[int, bool]:
    """Return where the class ends, and whether it lets the letter through."""
    if at >= len(chunk):
        raise _BadPattern
    negated = chunk[at] == "^"
    at, first, found = at + negated, True, False
    while first or chunk[at] != "]":
        first = False
        low, at = _letter(chunk, at)
        high = low
        if chunk[at] == "-":
            high, at = _letter(chunk, at + 1)
        found = found or low <= letter <= high
    return at + 1, found != negated


def _letter(chunk: str, at: int) -> tuple[str, int]:
    """Return a letter of a class, and where the next one stands: a class that ends here is wrong."""
    if at >= len(chunk) or chunk[at] in "-]":
        raise _BadPattern
    at += chunk[at] == "\\"
    if at + 1 >= len(chunk):
        raise _BadPattern
    return chunk[at], at + 1

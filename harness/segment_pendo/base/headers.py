"""HTTP headers: pairs in the order and case of the wire."""

from collections.abc import Iterable

from segment_pendo.words import Headers, Json

__all__ = ["decoded_headers", "header", "header_pairs"]


def header(headers: Headers, name: str) -> str:
    """Return the first header of that name, whatever its case, or an empty string."""
    name = name.lower()
    return next((value for key, value in headers if key.lower() == name), "")


def decoded_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return headers, which a server has as bytes, as text; bytes that are not UTF-8 become U+FFFD."""
    return tuple((name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in raw)


def header_pairs(value: Json) -> Headers:
    """Return the headers of a list of [name, value]. Raises ValueError for anything else."""
    pairs: list[tuple[str, str]] = []
    for pair in value if isinstance(value, list) else [None]:
        if not (
            isinstance(pair, list)
            and len(pair) == 2
            and isinstance(pair[0], str)
            and isinstance(pair[1], str)
        ):
            msg = "not a list of pairs"
            raise ValueError(msg)
        pairs.append((pair[0], pair[1]))
    return tuple(pairs)

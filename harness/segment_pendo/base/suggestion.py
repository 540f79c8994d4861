"""What a mistyped name may have meant."""

from collections.abc import Iterable

__all__ = ["nearest"]


def nearest(name: str, names: Iterable[str], least: float = 0.6) -> str | None:
    """Return the one of `names` that is most like `name` without being the same, or None.

    `least`: how like it must be, from 0 to 1.
    """
    import difflib  # noqa: PLC0415 - only after a mistake

    by_fold = {known.casefold(): known for known in names if known != name}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=least)
    return by_fold[near[0]] if near else None

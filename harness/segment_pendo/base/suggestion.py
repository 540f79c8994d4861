"""What a mistyped name may have meant."""

from collections.abc import Iterable

__all__ = ["as_sentence", "nearest", "unknown"]


def nearest(name: str, names: Iterable[str], least: float = 0.6) -> str | None:
    """Return the one of `names` that is most like `name` without being the same, or None.

    `least`: how like it must be, from 0 to 1.
    """
    import difflib  # noqa: PLC0415 - only after a mistake

    by_fold = {known.casefold(): known for known in names if known != name}
    near = difflib.get_close_matches(name.casefold(), by_fold, n=1, cutoff=least)
    return by_fold[near[0]] if near else None


def unknown(given: Iterable[str], names: Iterable[str], kind: str) -> str:
    """Return what is wrong if one of the given names is not among `names`, else ''.

    `kind` says whose names they are and what they name, such as "x.toml has no setting".
    """
    names = list(names)
    wrong = next((name for name in given if name not in names), None)
    if wrong is None:
        return ""
    near = nearest(wrong, names)
    hint = f"did you mean {near}?" if near else f"known: {', '.join(names)}"
    return f"{kind} {wrong!r}; {hint}"


def as_sentence(clause: str) -> str:
    """Return what `unknown` says with its full stop, unless it ends with a question."""
    return clause if clause.endswith("?") else f"{clause}."

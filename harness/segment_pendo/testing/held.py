"""What Pendo holds, as a test reads it; what it does not hold is told with what may have been meant."""

from collections.abc import Collection
from typing import Any

from segment_pendo.base.prose import short
from segment_pendo.base.suggestion import nearest

__all__ = ["Metadata", "no_such"]

_WIDEST = 60


class Metadata(dict[str, Any]):
    """Metadata of a visitor or an account: a dict whose KeyError names the key that may have been meant."""

    def __missing__(self, key: str) -> Any:
        if key.lower() in self:
            hint = f"there is {key.lower()!r}, as Pendo lower-cases names"
        else:
            near = nearest(key, self)
            hint = f"did you mean {near!r}?" if near else f"Pendo holds {_listed(self)}"
        raise KeyError(_Said(f"{key!r}: {hint}"))


class _Said(str):
    """A text whose repr is itself: an error that shows it with repr shows it without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def no_such(kind: str, id: str, held: Collection[str], others: Collection[str]) -> str:
    """Say that Pendo holds no visitor or account (`kind`) of this id, and which id may have been meant.

    `held` are the ids of that kind, `others` those of the other kind.
    """
    other = "account" if kind == "visitor" else "visitor"
    near = nearest(str(id), held)
    hint = (
        f"did you mean {near!r}?"
        if near
        else f"that is an {other}"
        if other == "account" and id in others
        else f"that is a {other}"
        if id in others
        else f"it holds {_listed(held)}"
    )
    return f"Pendo holds no {kind} {short(repr(id), _WIDEST)}; {hint}"


def _listed(names: Collection[str]) -> str:
    return short(", ".join(map(repr, names)), _WIDEST) or "none"

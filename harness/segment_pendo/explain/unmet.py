"""Say that no call meets the conditions it was chosen by, and which value may have been meant."""

from collections.abc import Mapping
from typing import Final

from segment_pendo.base.bounded import Bounded
from segment_pendo.base.prose import plain, short
from segment_pendo.base.suggestion import nearest
from segment_pendo.explain.conditions import values_of
from segment_pendo.words import Json

__all__ = ["Unmet"]

_MOST: Final = 2_000  # values of one condition that are compared
_LONGEST: Final = 200  # characters of one of them


class Unmet:
    """Takes the calls that do not meet all conditions; `sentence` names the nearest values that they have."""

    def __init__(self, only: Mapping[str, str]) -> None:
        self._only = only
        self._values: dict[str, Bounded[str, bool]] = {name: Bounded(_MOST) for name in only}

    def take(self, call: Json) -> None:
        """Remember what a call has of what is asked for."""
        for name, known in self._values.items():
            for value in values_of(name, call):
                if len(value) <= _LONGEST:
                    known.is_new(value)

    @property
    def nearest(self) -> str:
        """Return the conditions that may have been meant, such as user=ann; '' for none."""
        near = {
            name: nearest(value, self._values[name])
            for name, value in self._only.items()
            if value not in self._values[name]
        }
        return _pairs({name: value for name, value in near.items() if value is not None})

    def sentence(self) -> str:
        """Return what is to be said where no call met all conditions."""
        near = self.nearest
        return f"No call with {_pairs(self._only)}{near and f'; nearest: {near}'}."


def _pairs(only: Mapping[str, str]) -> str:
    return " ".join(f"{name}={short(plain(value), _LONGEST)}" for name, value in only.items())

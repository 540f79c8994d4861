"""What Pendo makes of a call's traits, counted: which it takes, calls something else, or loses."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from segment_pendo.pendo.effect import Effect

__all__ = ["Traits", "traits_of"]


class Traits(NamedTuple):
    """The names of a call's traits, in their order.

    `taken`: those of which something becomes metadata. `renamed`: the name in Pendo of each that is called
    something else there. `lost`: those of which a value does not arrive. `empty`: those of which nothing but
    null or an empty text does not arrive, as a switch says. `partly`: those that are taken, but not whole.
    """

    sent: Sequence[str | int]
    taken: Sequence[str | int]
    renamed: Mapping[str | int, str]
    lost: Sequence[str | int]
    empty: Sequence[str | int] = ()
    partly: Sequence[str | int] = ()


def traits_of(effect: Effect) -> Traits:
    """Return what an effect says of the traits of its call."""
    sent: dict[str | int, None] = {}
    taken: dict[str | int, None] = {}
    lost: dict[str | int, None] = {}
    empty: dict[str | int, None] = {}
    renamed: dict[str | int, str] = {}
    for field in effect.fields:
        path, name = field.path, field.name
        key = path[0]
        sent[key] = None
        if name is None:
            (empty if field.value is None or field.value == "" else lost)[key] = None
            continue
        taken[key] = None
        if name != key and len(path) == 1:
            renamed[key] = name
    partly = [key for key in taken if key in lost or key in empty]
    return Traits([*sent], [*taken], renamed, [*lost], [key for key in empty if key not in lost], partly)

"""Named switches: questions that no source answers, the readings one may take, and the one taken by default.

A dataclass whose fields are made by `switch` is a set of them; `changed` sets some by `name=value`, as
whoever sets them writes it.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from segment_pendo.base.errors import USAGE, SegmentPendoError
from segment_pendo.base.suggestion import nearest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Switch", "SwitchError", "changed", "changed_both", "settings", "switch", "table"]


class SwitchError(SegmentPendoError, ValueError):
    """No such switch, or no such value; the text names those that exist."""

    exit_code = USAGE


class Switch(NamedTuple):
    """One switch: `values` maps each value to what it means, the default first; `rules` are ids of the rule
    table.
    """

    name: str
    asks: str
    values: Mapping[str, str]
    rules: tuple[str, ...]


def switch(asks: str, values: Mapping[str, str], *rules: str) -> Any:
    """A field of a set of switches; its default is the first value."""
    return dataclasses.field(
        default=next(iter(values)), metadata={"asks": asks, "values": values, "rules": rules}
    )


def table(switches: "DataclassInstance | type[DataclassInstance]") -> Iterator[Switch]:
    """Every switch of a set, in its order."""
    for field in dataclasses.fields(switches):
        yield Switch(field.name, field.metadata["asks"], field.metadata["values"], field.metadata["rules"])


def changed[T: "DataclassInstance"](switches: T, pairs: Iterable[str], also: Iterable[str] = ()) -> T:
    """The set with some switches set by `name=value`.

    Raises SwitchError; `also` are names that its hint may suggest, too.
    """
    known = {one.name: one for one in table(switches)}
    new: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if name not in known or not equals:
            names = [*known, *also]
            near = nearest(name, names)
            hint = f"Did you mean {near}?" if near else f"Write NAME=VALUE; the names are {', '.join(names)}."
            msg = f"{pair!r} sets no switch. {hint}"
            raise SwitchError(msg)
        if value not in known[name].values:
            msg = f"{name} is one of {', '.join(known[name].values)}, not {value!r}."
            raise SwitchError(msg)
        new[name] = value
    return dataclasses.replace(switches, **new)


def changed_both[T: "DataclassInstance", U: "DataclassInstance"](
    one: T, other: U, pairs: Iterable[str]
) -> tuple[T, U]:
    """Two sets with disjoint names, each with its own of the pairs. Raises SwitchError."""
    pairs, names = list(pairs), [switch.name for switch in table(other)]
    theirs = [pair for pair in pairs if pair.partition("=")[0] in names and "=" in pair]
    return changed(one, [pair for pair in pairs if pair not in theirs], also=names), changed(other, theirs)


def settings(switches: "DataclassInstance") -> dict[str, str]:
    """The switches that are not at their default."""
    values: dict[str, str] = {
        field.name: getattr(switches, field.name) for field in dataclasses.fields(switches)
    }
    return {
        one.name: values[one.name] for one in table(switches) if values[one.name] != next(iter(one.values))
    }

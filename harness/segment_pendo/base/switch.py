"""Named switches: questions that no source answers, the readings one may take, and the one taken by default.

A dataclass whose fields are made by `switch` is a set of switches; `changed` sets some of them from texts
such as `name=value`.
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
    """One switch: `values` maps each value to its meaning, the default first; `rules` are ids of rules."""

    name: str
    asks: str
    values: Mapping[str, str]
    rules: tuple[str, ...]


def switch(asks: str, values: Mapping[str, str], *rules: str) -> Any:
    """Make a field of a set of switches; its default is the first value."""
    return dataclasses.field(
        default=next(iter(values)), metadata={"asks": asks, "values": values, "rules": rules}
    )


def table(switches: "DataclassInstance | type[DataclassInstance]") -> Iterator[Switch]:
    """Yield every switch of a set, in the order of the set."""
    for field in dataclasses.fields(switches):
        yield Switch(field.name, field.metadata["asks"], field.metadata["values"], field.metadata["rules"])


def changed[T: "DataclassInstance"](switches: T, pairs: Iterable[str], also: Iterable[str] = ()) -> T:
    """Return the set with some switches set from texts such as `name=value`. Raises SwitchError.

    The hint of the error may also suggest the names in `also`.
    """
    known = {entry.name: entry for entry in table(switches)}
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
    left: T, right: U, pairs: Iterable[str]
) -> tuple[T, U]:
    """Return two sets that share no name, each with its own of the pairs set. Raises SwitchError."""
    pairs, names = list(pairs), [switch.name for switch in table(right)]
    of_right = [pair for pair in pairs if pair.partition("=")[0] in names and "=" in pair]
    of_left = [pair for pair in pairs if pair not in of_right]
    return changed(left, of_left, also=names), changed(right, of_right)


def settings(switches: "DataclassInstance") -> dict[str, str]:
    """Return the switches that are not at their default, with their values."""
    values: dict[str, str] = {
        field.name: getattr(switches, field.name) for field in dataclasses.fields(switches)
    }
    return {
        entry.name: values[entry.name]
        for entry in table(switches)
        if values[entry.name] != next(iter(entry.values))
    }

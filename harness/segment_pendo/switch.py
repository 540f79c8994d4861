"""Named switches: questions that no source answers, the readings one may take, and the one taken by default.

A dataclass whose fields are made by `switch` is a set of them; `changed` sets some by `name=value`, as `--model` gives them.
"""

import dataclasses
import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Switch", "SwitchError", "changed", "settings", "switch", "table"]


class SwitchError(ValueError):
    """No such switch, or no such value; the text names those that exist."""


class Switch(NamedTuple):
    """One switch: `values` maps each value to what it means, the default first; `rules` are ids of the rule table."""

    name: str
    asks: str
    values: Mapping[str, str]
    rules: tuple[str, ...]


def switch(asks: str, values: Mapping[str, str], *rules: str) -> Any:
    """A field of a set of switches; its default is the first value."""
    return dataclasses.field(default=next(iter(values)), metadata={"asks": asks, "values": values, "rules": rules})


def table(switches: "DataclassInstance | type[DataclassInstance]") -> Iterator[Switch]:
    """Every switch of a set, in its order."""
    for field in dataclasses.fields(switches):
        yield Switch(field.name, field.metadata["asks"], field.metadata["values"], field.metadata["rules"])


def changed[T: "DataclassInstance"](switches: T, pairs: Iterable[str]) -> T:
    """The set with some switches set by `name=value`. Raises SwitchError."""
    known = {one.name: one for one in table(switches)}
    new: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if name not in known or not equals:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]}?" if near and near[0] != name else f"Write NAME=VALUE; the names are {', '.join(known)}."
            msg = f"{pair!r} sets no switch. {hint}"
            raise SwitchError(msg)
        if value not in known[name].values:
            msg = f"{name} is one of {', '.join(known[name].values)}, not {value!r}."
            raise SwitchError(msg)
        new[name] = value
    return dataclasses.replace(switches, **new)


def settings(switches: "DataclassInstance") -> dict[str, str]:
    """The switches that are not at their default."""
    values: dict[str, str] = {field.name: getattr(switches, field.name) for field in dataclasses.fields(switches)}
    return {one.name: values[one.name] for one in table(switches) if values[one.name] != next(iter(one.values))}

"""Options that are numbers: a wrong one is told in words, with what is accepted."""

from math import isfinite
from typing import Any

import click

__all__ = ["Number", "Whole"]


class Whole(click.IntRange):
    """A whole number, from `min` to `max`."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter:
            self.fail(_refused(value, "whole number", self), param, ctx)


class Number(click.FloatRange):
    """A finite number, from `min` to `max`; NaN is refused, as it compares with nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            number = super().convert(value, param, ctx)
        except click.BadParameter:
            number = None
        if number is None or not isfinite(number):
            self.fail(_refused(value, "finite number", self), param, ctx)
        return number


def _refused(value: Any, kind: str, of: click.IntRange | click.FloatRange) -> str:
    least = "" if of.min is None else f" from {of.min}"
    most = "" if of.max is None else f" to {of.max}"
    return f"{str(value)!r} is not a {kind}{least}{most}"

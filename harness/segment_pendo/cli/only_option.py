"""The option --only, which chooses calls by conditions."""

from collections.abc import Callable, Collection
from typing import Any

import click

from segment_pendo.explain.conditions import CONDITIONS, ConditionError, conditions

__all__ = ["only_option"]


def only_option(does: str, names: Collection[str] = CONDITIONS) -> Callable[[Any], Any]:
    """Return the option; `does`: what the verb does with calls, `names`: by what they can be chosen."""

    def given(_ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
        try:
            return conditions(pairs, names)
        except ConditionError as error:
            raise click.BadParameter(str(error)) from None

    *most, last = names
    help = f"{does} only calls with this {', '.join(most)} or {last}; repeatable."
    return click.option("--only", multiple=True, metavar="KEY=VALUE", callback=given, help=help)

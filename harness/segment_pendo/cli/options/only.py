"""The option --only, which chooses calls by conditions."""

from collections.abc import Callable, Collection
from typing import Any

import click

from segment_pendo.explain.conditions import CONDITIONS, ConditionError, conditions

__all__ = ["asked_only_option", "only_option"]


def only_option(does: str) -> Callable[[Any], Any]:
    """Return the option for calls that are looked at here; `does`: what the verb does with them."""
    *most, last = CONDITIONS
    return _option(
        f"{does} only calls with this {', '.join(most)} or {last}; repeatable.", lambda: CONDITIONS
    )


def asked_only_option(does: str) -> Callable[[Any], Any]:
    """Return the option for calls that a running instance is asked for: each of its filters."""

    def names() -> Collection[str]:
        from segment_pendo.serve.store.filters import FILTERS  # noqa: PLC0415 - slow, and a shell waits

        return FILTERS

    help = (
        f"{does} only calls that a filter of /_/calls lets through, such as user=ann, trait=plan or "
        "level=warning; repeatable."
    )
    return _option(help, names)


def _option(help: str, names: Callable[[], Collection[str]]) -> Callable[[Any], Any]:
    def given(_ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
        try:
            return conditions(pairs, names()) if pairs else {}
        except ConditionError as error:
            raise click.BadParameter(str(error)) from None

    return click.option("--only", multiple=True, metavar="KEY=VALUE", callback=given, help=help)

"""Add the options that say how webhooks are delivered; a verb gets them as a How."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any, Final

import click

from segment_pendo.cli.options.numbers import Number, Whole
from segment_pendo.segment.retries import Schedule
from segment_pendo.serve.delivering.how import How

__all__ = ["Duration", "concurrency_option", "delivery_options", "rate_option", "retry_options"]

_SECONDS: Final = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST: Final = 7 * 24 * 3600.0


class Duration(click.ParamType[float]):
    """A duration in seconds, written as a number with a unit: 500ms, 30s, 10m, 4h."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|m|h|)", str(value).strip())
        seconds = float(match[1]) * _SECONDS[match[2]] if match else -1.0
        if not 0 <= seconds <= _LONGEST:
            self.fail(
                f"{value!r} is not a duration up to 7 days; give one such as 30s, 10m or 4h", param, ctx
            )
        return seconds


concurrency_option = click.option(
    "--concurrency",
    type=Whole(1, 256),
    default=How().concurrency,
    show_default=True,
    metavar="N",
    help="Send up to N at the same time; the order of each user's calls is kept.",
)
rate_option = click.option(
    "--rate", type=Number(0.001), metavar="N", help="Send at most N a second.  [default: no limit]"
)
_window_option = click.option(
    "--retry-window",
    type=Duration(),
    default="30s",
    show_default=True,
    metavar="TIME",
    help="For how long a webhook that failed is tried again; Segment's is 4h. 0 = one attempt only.",
)
_seed_option = click.option(
    "--seed",
    type=Whole(),
    default=0,
    show_default=True,
    help="Makes the random part of the pauses between attempts the same again.",
)


def retry_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add --retry-window, --concurrency, --rate and --seed to a verb, which gets them as its `how`."""

    @wraps(command)
    def with_seed(*args: Any, how: How, seed: int, **others: Any) -> Any:
        return command(*args, how=replace(how, seed=seed), **others)

    return _retry_options(_seed_option(with_seed))


def _retry_options(command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def with_how(*args: Any, retry_window: float, concurrency: int, rate: float | None, **others: Any) -> Any:
        how = How(Schedule(retry_window), concurrency=concurrency, rate=rate)
        return command(*args, how=how, **others)

    decorated: Callable[..., Any] = with_how
    for option in (rate_option, concurrency_option, _window_option):
        decorated = option(decorated)
    return decorated


def delivery_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add what `retry_options` adds but the seed; --order, --drain, --loopback-http stay options."""
    decorated: Callable[..., Any] = command
    for option in (
        click.option(
            "--loopback-http",
            is_flag=True,
            help="POST webhooks to the Pendo on loopback over HTTP, instead of handing them over in process.",
        ),
        click.option(
            "--order",
            type=click.Choice(["chain", "none"]),
            default="chain",
            show_default=True,
            help=(
                "chain: deliver the calls of a user in their order. none: in any order within a second, as "
                "Segment may do (`segment-pendo races FILE` says what that changes); --seed repeats it."
            ),
        ),
        click.option(
            "--drain",
            type=Duration(),
            default="30s",
            show_default=True,
            metavar="TIME",
            help="How long the end waits for webhooks to another Pendo that are not delivered yet.",
        ),
    ):
        decorated = option(decorated)
    return _retry_options(decorated)

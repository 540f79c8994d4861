"""The options that say how the destination is set up at Segment."""

from collections.abc import Callable
from typing import Any

import click

from segment_pendo.environment import SIGNING_KEY, secret
from segment_pendo.mapping import Setup
from segment_pendo.segment.switches import DEFAULT, Switches
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.switch import SwitchError, changed, settings

__all__ = ["read", "setup_options"]


def _switches(_ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]) -> Switches:
    try:
        return changed(DEFAULT, pairs)
    except SwitchError as error:
        message = f"{error} `segment-pendo finding --models` explains them."
        raise click.BadParameter(message) from None


def setup_options[F: Callable[..., Any]](command: F) -> F:
    """Add --track, --webhook and --model; `read` makes a Setup of what they give."""
    for option in (
        click.option(
            "--model",
            "switches",
            callback=_switches,
            multiple=True,
            metavar="NAME=VALUE",
            help="Read a rule of Segment's that no source settles otherwise; repeatable. `segment-pendo finding --models` lists them.",
        ),
        click.option(
            "--webhook",
            type=click.Choice(list(KINDS)),
            default="actions",
            show_default=True,
            help="Which of Segment's two webhook destinations: Webhooks (Actions) or the classic Webhooks.",
        ),
        click.option("--track", is_flag=True, help="Select track calls too; Pendo needs a setting for them."),
    ):
        command = option(command)
    return command


def read(*, track: bool, webhook: str, switches: Switches) -> Setup:
    """The setup; its secret comes from the environment. Raises click.UsageError for a switch that has no effect with this webhook."""
    for name, other in (("classic_dates", "classic"), ("name_conflict", "actions")):
        if name in settings(switches) and webhook != other:
            message = f"--model {name} has an effect only with --webhook {other}."
            raise click.UsageError(message)
    return Setup(track=track, webhook=webhook, switches=switches, secret=secret(SIGNING_KEY))

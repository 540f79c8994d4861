"""The options that say how the destination is set up at Segment, and Pendo; a verb gets a Setup of them."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click
from click.core import ParameterSource

from segment_pendo.base.switch import SwitchError, changed_both, settings
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment.switches import Switches
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.serve.environment import SIGNING_KEY, secret

__all__ = ["chosen", "setup_options", "was_given"]

type _Models = tuple[Switches, PendoSwitches]
_NAMES: Final = ("track", "pendo_track", "webhook", "models")
# Switches that have an effect with one of the two webhook destinations only.
_ONLY: Final = (("classic_dates", "classic"), ("name_conflict", "actions"))


def _models(_ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]) -> _Models:
    return chosen(lambda: changed_both(Switches(), PendoSwitches(), pairs))


def chosen[T](switches: Callable[[], T]) -> T:
    """What --model sets. Raises click.BadParameter where there is no such switch or value."""
    try:
        return switches()
    except SwitchError as error:
        message = f"{error} `segment-pendo finding --models` explains them."
        raise click.BadParameter(message) from None


def setup_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add --track, --no-pendo-track, --webhook and --model; the verb has a parameter `setup` of what they give."""

    @wraps(command)
    def with_setup(*args: Any, track: bool, pendo_track: bool, webhook: str, models: _Models, **others: Any) -> Any:
        return command(*args, setup=_read(models, webhook, track=track, pendo_track=pendo_track), **others)

    made: Callable[..., Any] = with_setup
    for option in (
        click.option(
            "--model",
            "models",
            callback=_models,
            multiple=True,
            metavar="NAME=VALUE",
            help="Read a rule that no source settles otherwise; repeatable. `segment-pendo finding --models` lists them.",
        ),
        click.option(
            "--webhook",
            type=click.Choice(list(KINDS)),
            default="actions",
            show_default=True,
            help="Which of Segment's two webhook destinations: Webhooks (Actions) or the classic Webhooks.",
        ),
        click.option(
            "--pendo-track/--no-pendo-track",
            default=True,
            help="With --track: whether the Pendo subscription has the setting for track calls.  [default: it has]",
        ),
        click.option("--track", is_flag=True, help="Select track calls too; Pendo needs a setting for them."),
    ):
        made = option(made)
    return made


def was_given(context: click.Context) -> bool:
    """Whether any of these options was given."""
    return any(context.get_parameter_source(name) != ParameterSource.DEFAULT for name in _NAMES)


def _read(models: _Models, webhook: str, *, track: bool, pendo_track: bool) -> Setup:
    switches, pendo = models
    if not pendo_track and not track:
        message = "--no-pendo-track is about track calls, which only --track sends."
        raise click.UsageError(message)
    for name, other in _ONLY:
        if name in settings(switches) and webhook != other:
            message = f"--model {name} has an effect only with --webhook {other}."
            raise click.UsageError(message)
    return Setup(track=track, webhook=webhook, switches=switches, pendo=pendo, pendo_track=pendo_track, secret=secret(SIGNING_KEY))

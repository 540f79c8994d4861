"""Add the options that say how Segment's destination and Pendo are set up; a verb gets them as a Setup."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Final

import click
from click.core import ParameterSource

from segment_pendo.base.switch import SwitchError, changed
from segment_pendo.explain.doors import named
from segment_pendo.mapping.setup import Setup, SetupError
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.serve.environment import SIGNING_KEY, secret

__all__ = ["pendo_switches", "setup_options", "was_given"]

_NAMES: Final = ("track", "pendo_track", "webhook", "assume")


def pendo_switches(_ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]) -> PendoSwitches:
    """Return what --assume gives to a verb that needs only the switches of Pendo. Raises BadParameter."""
    try:
        return changed(PendoSwitches(), pairs)
    except SwitchError as error:
        raise _explained(error) from None


def _explained(error: SwitchError) -> click.BadParameter:
    return click.BadParameter(
        f"{error} `segment-pendo finding --assumptions` explains them.", param_hint="'--assume'"
    )


def setup_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add --track, --no-pendo-track, --webhook and --assume to a verb, which gets them as its `setup`."""

    @wraps(command)
    def with_setup(
        *args: Any, track: bool, pendo_track: bool, webhook: str, assume: tuple[str, ...], **others: Any
    ) -> Any:
        return command(*args, setup=_read(assume, webhook, track=track, pendo_track=pendo_track), **others)

    decorated: Callable[..., Any] = with_setup
    for option in (
        click.option(
            "--assume",
            multiple=True,
            metavar="NAME=VALUE",
            help=(
                "Choose how to read a rule that no source settles; repeatable. `segment-pendo finding "
                "--assumptions` lists the names and values."
            ),
        ),
        click.option(
            "--webhook",
            type=click.Choice(list(KINDS)),
            default="actions",
            show_default=True,
            help="Segment's webhook destination: Webhooks (Actions) or the classic Webhooks.",
        ),
        click.option(
            "--pendo-track/--no-pendo-track",
            default=True,
            help=(
                "With --track: whether the Pendo subscription has the setting for track calls.  "
                "[default: it has]"
            ),
        ),
        click.option(
            "--track", is_flag=True, help="Send track calls to Pendo too; Pendo needs a setting for them."
        ),
    ):
        decorated = option(decorated)
    return decorated


def was_given(context: click.Context) -> bool:
    """Whether any of these options was given."""
    return any(context.get_parameter_source(name) != ParameterSource.DEFAULT for name in _NAMES)


def _read(assume: tuple[str, ...], webhook: str, *, track: bool, pendo_track: bool) -> Setup:
    try:
        return Setup.of(
            track=track, pendo_track=pendo_track, webhook=webhook, assume=assume, secret=secret(SIGNING_KEY)
        )
    except SwitchError as error:
        raise _explained(error) from None
    except SetupError as error:
        message = f"{named(error.of, 'cli')}: {error}"
        raise click.UsageError(message) from None

"""Add the options that say how Segment's destination and Pendo are set up; a verb gets them as a Setup."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from segment_pendo.base.prose import printable
from segment_pendo.base.switch import SwitchError, changed
from segment_pendo.cli import completing
from segment_pendo.explain.doors import named
from segment_pendo.mapping.setup import Setup, SetupError
from segment_pendo.pendo.switches import PendoSwitches
from segment_pendo.recordings.settings import settings
from segment_pendo.segment.webhooks import KINDS
from segment_pendo.serve.environment import SIGNING_KEY, secret

if TYPE_CHECKING:
    from segment_pendo.recordings.destinations import Loaded
    from segment_pendo.serve.functions import FunctionRunner

__all__ = ["pendo_switches", "setup_options", "was_given"]

_NAMES: Final = ("track", "pendo_track", "webhook", "assume", "destination")
_WEBHOOK: Final = "actions"
_NOT_GIVEN: Final = (ParameterSource.DEFAULT, ParameterSource.DEFAULT_MAP)
_IN_FILE: Final = ("track", "pendo_track", "webhook")  # what a destination file says


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
    """Add the options of the destination and of Pendo to a verb, which gets them as its `setup`."""

    @wraps(command)
    def with_setup(
        *args: Any,
        track: bool,
        pendo_track: bool,
        webhook: str,
        assume: tuple[str, ...],
        destination: Path | None,
        allow_function_network: bool,
        **others: Any,
    ) -> Any:
        context, loaded = click.get_current_context(), _destination(destination)
        if loaded is not None:  # and so no option says these; what the project's settings say is below it
            track = track and not _of_project(context, "track")
            webhook = _WEBHOOK if _of_project(context, "webhook") else webhook
        function = _function(loaded, allow_network=allow_function_network)
        setup = _read(assume, webhook, loaded, function, track=track, pendo_track=pendo_track)
        return command(*args, setup=setup, **others)

    decorated: Callable[..., Any] = with_setup
    for option in (
        click.option(
            "--allow-function-network",
            is_flag=True,
            help="Let the destination's insert function use the network.",
        ),
        click.option(
            "--destination",
            type=click.Path(path_type=Path),
            metavar="FILE",
            help=(
                "How the destination is set up in production: a file such as `segment-pendo init "
                "destination.json` writes, or the output of `terraform show -json`. It says what --track, "
                "--pendo-track and --webhook say."
            ),
        ),
        click.option(
            "--assume",
            multiple=True,
            metavar="NAME=VALUE",
            shell_complete=completing.assumptions,
            help=(
                "Choose how to read a rule that no source settles; repeatable. `segment-pendo finding "
                "--assumptions` lists the names and values."
            ),
        ),
        click.option(
            "--webhook",
            type=click.Choice(list(KINDS)),
            default=_WEBHOOK,
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
    """Whether any of these options was given, and not only in the project's settings."""
    return any(context.get_parameter_source(name) not in _NOT_GIVEN for name in _NAMES)


def _of_project(context: click.Context, name: str) -> bool:
    """Whether an option has its value from the project's settings."""
    return context.get_parameter_source(name) == ParameterSource.DEFAULT_MAP


def _destination(path: Path | None) -> "Loaded | None":
    """Return the destination file that is named, or that of the project where no option says otherwise."""
    if path is not None:
        return _load(path)
    in_settings = settings().destination
    if not in_settings:
        return None
    context = click.get_current_context()
    given = [name for name in _IN_FILE if context.get_parameter_source(name) not in _NOT_GIVEN]
    if given:
        click.echo(
            f"The destination file of the project's settings is not used: {named(given[0], 'cli')} is given.",
            err=True,
        )
        return None
    return _load(Path(in_settings))


def _load(path: Path) -> "Loaded":
    from segment_pendo.recordings.destinations import load  # noqa: PLC0415 - most have no destination file

    return load(path, tell=_say)


def _say(sentence: str) -> None:
    click.echo(f"destination: {printable(sentence)}", err=True)


def _function(loaded: "Loaded | None", *, allow_network: bool) -> "FunctionRunner | None":
    """Return what runs the destination's insert function until this command ends, loaded and found right."""
    path = None if loaded is None else loaded.function
    if path is None:
        if allow_network:
            message = (
                "--allow-function-network is about the function that a destination file names; there is none."
            )
            raise click.UsageError(message)
        return None
    from segment_pendo.serve.functions import FunctionRunner  # noqa: PLC0415 - most have no function

    runner = FunctionRunner(path, allow_network=allow_network)
    click.get_current_context().call_on_close(runner.close)
    runner.check()
    return runner


def _tell(setup: Setup) -> None:
    """Say what is worth knowing about the destination itself."""
    if setup.destination is not None:
        from segment_pendo.explain.telling.teller import finding_line  # noqa: PLC0415 - most have no destination file

        for finding in setup.destination.findings:
            line = finding_line(finding.level, finding.code, finding.path, finding.message)
            click.echo(f"destination: {line}", err=True)


def _read(
    assume: tuple[str, ...],
    webhook: str,
    loaded: "Loaded | None",
    function: "FunctionRunner | None",
    *,
    track: bool,
    pendo_track: bool,
) -> Setup:
    try:
        setup = Setup.of(
            track=track,
            pendo_track=pendo_track,
            webhook=webhook,
            assume=assume,
            secret=secret(SIGNING_KEY),
            destination=loaded.file if loaded else None,
            plan=loaded.plan if loaded else None,
            function=function,
        )
        _tell(setup)
        return setup
    except SwitchError as error:
        raise _explained(error) from None
    except SetupError as error:
        message = f"{named(error.of, 'cli')}: {error}"
        raise click.UsageError(message) from None

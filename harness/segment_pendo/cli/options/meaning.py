"""Add --ignore to the verbs that compare calls; they get a Meaning, by the settings of the project too."""

from collections.abc import Callable
from typing import Any

import click

from segment_pendo.recordings.comparing.meaning import IgnoreError, Meaning
from segment_pendo.recordings.settings import SettingsError, settings

__all__ = ["meaning_option"]


def _meaning(_ctx: click.Context, _param: click.Parameter, paths: tuple[str, ...]) -> Meaning:
    try:
        Meaning(paths)
    except IgnoreError as error:
        raise click.BadParameter(str(error)) from None
    in_settings = settings().ignore
    try:
        return Meaning([*in_settings, *paths])
    except IgnoreError as error:
        message = f"the setting ignore: {error}"
        raise SettingsError(message) from None


def meaning_option[F: Callable[..., Any]](command: F) -> F:
    """Add --ignore to a verb, which gets it as its parameter `meaning`."""
    return click.option(
        "--ignore",
        "meaning",
        multiple=True,
        callback=_meaning,
        metavar="PATH",
        help=(
            "Do not compare what is at this JSON path of a call, such as '$.traits.lastSeen' or "
            "'$..sessionId'; repeatable. Also: ignore = [...] in segment-pendo.toml."
        ),
    )(command)

"""Say which running segment-pendo is meant: an option or an argument, else $SEGMENT_PENDO_URL."""

import os
from collections.abc import Callable
from typing import Any, Final

import click
from click.core import ParameterSource

from segment_pendo.base.hosts import HOME_URL

__all__ = [
    "URL_VARIABLE",
    "at_option",
    "from_option",
    "home_url",
    "is_default",
    "named_by",
    "url_argument",
    "url_option",
]

# A child of `run` has it, and who works with one run for a while sets it.
URL_VARIABLE: Final = "SEGMENT_PENDO_URL"


def home_url() -> str:
    """Return the home URL of the instance that a verb means where nobody named one."""
    return os.environ.get(URL_VARIABLE) or HOME_URL


def url_option(help: str) -> Callable[[Any], Any]:
    """Return the option --url with this help."""
    return click.option(
        "--url",
        "url",
        metavar="URL",
        envvar=URL_VARIABLE,
        show_envvar=True,
        default=HOME_URL,
        show_default=True,
        help=help,
    )


at_option = url_option("The home URL of a running segment-pendo.")

url_argument = click.argument("url", required=False, envvar=URL_VARIABLE, default=HOME_URL)

from_option = click.option(
    "--from",
    "source",
    metavar="SOURCE",
    envvar=URL_VARIABLE,
    show_envvar=True,
    default=HOME_URL,
    show_default=True,
    help="Calls or recordings (a file, a folder), a saved state, or the URL of a running segment-pendo.",
)


def is_default(context: click.Context | None = None) -> bool:
    """Whether nobody has named the instance that a verb means, by default the one that runs."""
    context = context or click.get_current_context(silent=True)
    for param in context.command.params if context is not None else ():
        if context is not None and param.envvar == URL_VARIABLE and param.name is not None:
            return context.get_parameter_source(param.name) == ParameterSource.DEFAULT
    return not os.environ.get(URL_VARIABLE)


def named_by(url: str) -> str:
    """Return by what the verb that runs takes this URL of an instance, '' where it does not."""
    context = click.get_current_context(silent=True)
    for param in context.command.params if context is not None else ():
        value = context.params.get(param.name or "") if context is not None else None
        if param.envvar == URL_VARIABLE and isinstance(value, str) and value.rstrip("/") == url.rstrip("/"):
            return f"{'URL' if isinstance(param, click.Argument) else param.opts[0]} or ${URL_VARIABLE}"
    return ""

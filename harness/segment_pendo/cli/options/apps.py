"""Add --app to `run`: several commands, each with a name."""

import os
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from segment_pendo.base.prose import short

if TYPE_CHECKING:
    from segment_pendo.serve.launching.browser import Showing

__all__ = ["App", "Work", "apps_option"]

_LONGEST_COMMAND: Final = 30


class App(NamedTuple):
    """A command with a name."""

    name: str
    command: tuple[str, ...]


class Work(NamedTuple):
    """What a run starts: one command, which has our terminal, or several apps, or nothing; and a browser."""

    cmd: tuple[str, ...] = ()
    apps: tuple[App, ...] = ()
    showing: "Showing | None" = None

    def __bool__(self) -> bool:
        """Whether there is a command or an app; a browser alone leaves the terminal's keys to us."""
        return bool(self.cmd or self.apps)

    @property
    def programs(self) -> list[str]:
        """Return the program of each command."""
        return [command[0] for command in (self.cmd, *(app.command for app in self.apps)) if command]

    @property
    def words(self) -> list[str]:
        """Return the command as it was given."""
        return [*self.cmd, *(f"{app.name}={shlex.join(app.command)}" for app in self.apps)]

    @property
    def gets(self) -> str:
        """Return the sentence on who gets proxy and CA; an empty text where nothing is started."""
        if self.cmd:
            called = short(" ".join([Path(self.cmd[0]).name, *self.cmd[1:]]), _LONGEST_COMMAND)
            return f"{called} gets proxy and CA by itself"
        names = ", ".join(app.name for app in self.apps)
        return f"{names} get proxy and CA by themselves" if names else ""


def _read(_ctx: click.Context, _param: click.Parameter, values: tuple[str, ...]) -> tuple[App, ...]:
    apps = tuple(map(_app, values))
    names = [app.name for app in apps]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        message = f"two apps are called {twice!r}; give each a name of its own."
        raise click.BadParameter(message)
    return apps


def _app(value: str) -> App:
    name, equals, command = value.partition("=")
    try:
        words = tuple(shlex.split(command, posix=os.name == "posix"))
    except ValueError as error:
        message = f"the command of {name!r} cannot be read: {error}."
        raise click.BadParameter(message) from None
    if not (equals and words and re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name)):
        message = f'{value!r} is not NAME="COMMAND"; give one such as web="npm run dev".'
        raise click.BadParameter(message)
    return App(name, words)


apps_option = click.option(
    "--app",
    "apps",
    callback=_read,
    multiple=True,
    metavar='NAME="CMD"',
    help=(
        "Run this command as CMD is run, and begin each line of its output with NAME; repeatable. The run "
        "ends when all have ended, or one of them has failed."
    ),
)

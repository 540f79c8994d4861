"""Options of all verbs: a wrong number is told in our words, and one thing has one name."""

from collections.abc import Iterator

import click

from segment_pendo.cli import main
from segment_pendo.cli.options.numbers import Number, Whole


def options(command: click.Command, path: str = "") -> Iterator[tuple[str, click.Parameter]]:
    context = click.Context(command)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from options(inner, f"{path} {name}".strip())
    for parameter in command.params:
        yield path, parameter


def test_every_number_says_what_is_accepted() -> None:
    bare = (click.IntRange, click.FloatRange, type(click.INT), type(click.FLOAT))
    for path, option in options(main):
        assert isinstance(option.type, Number | Whole) or not isinstance(option.type, bare), (
            path,
            option.name,
        )


def test_the_file_to_write_is_called_output() -> None:
    for path, option in options(main):
        if "--out" in option.opts or "-o" in option.opts:
            assert "--output" in option.opts, (path, option.name)

"""Help in groups: of verbs, and of the options of a verb that has many; what a wrong verb may have meant."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import click

from segment_pendo.base.suggestion import nearest

__all__ = ["OF_RUN", "GroupedOptions", "Suggesting", "grouped"]

# A verb that is named here but is not there yet is left out; one that is not named is plumbing.
_VERBS: Final[Mapping[str, Sequence[str]]] = {
    "Look": ("demo", "run", "why", "explain", "tail", "calls", "state", "finding", "doctor"),
    "Long runs": ("attach", "env", "status", "logs", "stop"),
    "Test": ("check", "diff", "map", "races", "plan"),
    "Recordings": ("replay", "recording", "archive"),
    "Project": ("init", "config"),
}
_REST: Final = "Plumbing"

OF_RUN: Final[Mapping[str, Sequence[str]]] = {
    "Where it listens": (
        "--port",
        "--proxy-port",
        "--tls-port",
        "--no-proxy",
        "--strict",
        "--capture",
        "--segment-host",
        "--host",
        "--lan",
        "--allow-host",
        "--token-file",
        "--open-ingest",
        "--allow-origin",
        "--ready-file",
        "--app",
        "--detach",
    ),
    "What it keeps": ("--record", "--record-mode", "--redact", "--ignore", "--store"),
    "What it answers as Segment": ("--segment", "--offline", "--cdn-settings"),
    "How the destination is set up": (
        "--destination",
        "--track",
        "--pendo-track",
        "--webhook",
        "--batch-size",
        "--assume",
        "--allow-function-network",
    ),
    "Where webhooks go, and how": (
        "--to",
        "--api-key-file",
        "--allow-production",
        "--retry-window",
        "--concurrency",
        "--rate",
        "--order",
        "--drain",
        "--loopback-http",
    ),
    "The browser": ("--browser", "--browser-program"),
    "What goes wrong": ("--fault", "--seed"),
    "What it prints, and how it ends": ("--format", "--fail-on", "--expect"),
}


def grouped(verbs: Mapping[str, str]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield each group of verbs with its title; `verbs` maps each verb to its help."""
    left = dict(verbs)
    for title, names in _VERBS.items():
        rows = [(name, left.pop(name)) for name in names if name in left]
        if rows:
            yield title, rows
    if left:
        yield _REST, list(left.items())


class Suggesting(click.Group):
    """A group of verbs that says which one a wrong verb may have meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            names = self.list_commands(ctx)
            near = nearest(args[0], names)
            hint = f"Did you mean {near!r}?" if near else f"There are: {', '.join(names)}."
            message = f"{error.message.removesuffix(f' Did you mean {near!r}?')} {hint}"
            raise click.UsageError(message, ctx) from None


class GroupedOptions(click.Command):
    """A verb whose help has its options in groups; those of no group come last, under Options.

    `groups` maps the title of each group to the options in it, in their order.
    """

    def __init__(self, *args: Any, groups: Mapping[str, Sequence[str]], **others: Any) -> None:
        super().__init__(*args, **others)
        self._groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        left = {
            option.opts[0]: record
            for option in self.get_params(ctx)
            if isinstance(option, click.Option) and (record := option.get_help_record(ctx)) is not None
        }
        for title, names in self._groups.items():
            self._write(formatter, title, [left.pop(name) for name in names if name in left])
        self._write(formatter, "Options", list(left.values()))

    @staticmethod
    def _write(formatter: click.HelpFormatter, title: str, rows: list[tuple[str, str]]) -> None:
        if rows:
            with formatter.section(title):
                formatter.write_dl(rows)

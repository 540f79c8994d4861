"""`completion`: print the script with which a shell completes our verbs and options."""

import click
from click.shell_completion import get_completion_class

__all__ = ["command"]


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    \b
    Examples:
      eval "$(segment-pendo completion bash)"
      eval "$(segment-pendo completion zsh)"
      segment-pendo completion fish > ~/.config/fish/completions/segment-pendo.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(ctx.find_root().command, {}, "segment-pendo", "_SEGMENT_PENDO_COMPLETE").source())

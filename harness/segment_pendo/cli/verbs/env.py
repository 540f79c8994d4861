"""`env`: the variables by which an app's calls come to a run that is there."""

import json
import os
import re
import shlex
import sys
from collections.abc import Mapping
from typing import Final, Literal

import click

from segment_pendo.cli.instance import chosen, instance_option

__all__ = ["command", "written"]

type Form = Literal["shell", "dotenv", "json", "fish", "powershell"]

_PLAIN: Final = re.compile(r"[\w%+,./:=@-]*")


@click.command()
@instance_option
@click.option(
    "--format",
    "form",
    type=click.Choice(["shell", "dotenv", "json", "fish", "powershell"]),
    default="shell",
    show_default=True,
    help="shell: export lines of sh, bash, zsh. dotenv: a file such as .env.",
)
def command(at: str | None, form: Form) -> None:
    """Print the variables with which an app's calls come to the run that is there.

    The home port, the proxy, the CA files, and the start-up hooks of Node, Bun and Python, as `run -- CMD`
    sets them. What your own variables say (NODE_OPTIONS, PYTHONPATH, NO_PROXY) is kept. No secret is among
    them.

    \b
    Examples:
      eval "$(segment-pendo env)"
      segment-pendo env --format dotenv > .env.segment-pendo
      segment-pendo env --format fish | source
      segment-pendo env --format powershell | Invoke-Expression
    """
    from segment_pendo.cli.run.child import environment_of  # noqa: PLC0415 - slow: what a run needs

    environment = environment_of(chosen(at))
    changed = {name: value for name, value in environment.items() if os.environ.get(name) != value}
    sys.stdout.write(written(changed, form))


def written(variables: Mapping[str, str], form: Form) -> str:
    """Return variables as a shell, a file or a program reads them."""
    if form == "json":
        return json.dumps(variables) + "\n"
    return "".join(f"{_line(name, value, form)}\n" for name, value in sorted(variables.items()))


def _line(name: str, value: str, form: Form) -> str:
    if form == "shell":
        return f"export {name}={shlex.quote(value)}"
    if form == "fish":
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"set -gx {name} '{escaped}'"
    if form == "powershell":
        return f"$env:{name} = '{value.replace(chr(39), chr(39) * 2)}'"
    # Readers of .env files differ in what they do within double quotes; single ones they all take as it is.
    quote = "" if _PLAIN.fullmatch(value) else "'" if "'" not in value else '"'
    return f"{name}={quote}{value}{quote}"

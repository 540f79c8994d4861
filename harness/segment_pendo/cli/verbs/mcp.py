"""`mcp`: tools for coding agents, over stdin and stdout."""

import sys
from importlib.util import find_spec

import click

from segment_pendo.base.hosts import is_loopback
from segment_pendo.cli.failure import CANNOT_START, REFUSED, Failure
from segment_pendo.cli.options.instance import URL_VARIABLE
from segment_pendo.cli.proxy_extra import install
from segment_pendo.cli.running import checked_url

__all__ = ["command"]


@click.command()
@click.option(
    "--url",
    "at",
    metavar="URL",
    envvar=URL_VARIABLE,
    help="The home URL of the run that is asked.  [default: the only one on this machine]",
)
@click.option("--skill", "text", flag_value="skill", help="Print SKILL.md, for agents that read such files.")
@click.option("--llms", "text", flag_value="llms", help="Print llms.txt: what there is to read.")
def command(at: str | None, text: str | None) -> None:
    """Serve tools for coding agents (Model Context Protocol, stdio).

    They ask a run on this machine and files below the working directory: calls, wait, why, explain, findings,
    records, races, check, replay. No answer is longer than 4 kB. None reaches a real Pendo or shows a key.

    \b
    Examples:
      segment-pendo mcp
      segment-pendo mcp --url http://127.0.0.1:4200
      segment-pendo mcp --skill > .claude/skills/segment-pendo/SKILL.md
    """
    from segment_pendo.cli.agents import texts  # noqa: PLC0415 - for this verb only

    if text is not None:
        sys.stdout.write(texts.skill() if text == "skill" else texts.index())
        return
    if at is not None:
        from yarl import URL  # noqa: PLC0415 - as above

        at = checked_url(at)
        if not is_loopback(URL(at).host or ""):
            message = f"{at} is another machine; an agent asks only a run on this one."
            raise Failure(message, REFUSED)
    try:
        from segment_pendo.cli.agents.server import made  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"mcp", "mcp_types", "pydantic"}:
            raise
        how = install(sys.executable, sys.prefix, has_pip=find_spec("pip") is not None, package="mcp")
        message = f"mcp needs the package mcp, which is not installed. Install it with: {how}"
        raise Failure(message, CANNOT_START) from None
    from segment_pendo.cli.agents.tools import Tools  # noqa: PLC0415 - slow

    made(Tools(at)).run("stdio")

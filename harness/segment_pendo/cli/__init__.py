"""The command line. Each verb lives in a file of its own and is imported only when it is called."""

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any, Final

import click

from segment_pendo import __version__
from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.cli.failure import TRACEBACK, translated, unexpected
from segment_pendo.cli.help_groups import Suggesting, grouped
from segment_pendo.cli.project_defaults import with_project_defaults

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["main"]

# verb -> its help, a single line; the file of the same name holds `command`.
VERBS: Final = {
    "demo": "Send six calls through, good ones and others, and show what became of them.",
    "run": "Listen for Segment calls; with a command, run it so that its calls come here.",
    "attach": "Run a command so that its calls come to a run that is there.",
    "env": "Print the variables with which an app's calls come to a run.",
    "status": "List the runs that are there.",
    "logs": "Print what a detached run has printed.",
    "stop": "End a run as Ctrl-C would.",
    "why": "Say why a user or a trait is, or is not, in Pendo.",
    "init": "Find the project's SDKs and write its settings, or a destination file.",
    "config": "Show the settings that hold here, and where each comes from.",
    "map": "Turn calls or SDK requests into webhooks. No network.",
    "explain": "Explain what becomes of each call: what Pendo makes of it, and why.",
    "tail": "Show the calls of a running segment-pendo as they come.",
    "calls": "List, show or wait for calls of a running segment-pendo.",
    "races": "Find what depends on the order of the calls.",
    "state": "Show what Pendo would hold; compare it, also with a real Pendo.",
    "archive": "Work out archives in parts; backfill a Pendo with their final records.",
    "replay": "Send calls again: their webhooks, or their SDK requests.",
    "pending": "List, send again, drop or export webhooks that are not delivered.",
    "store": "Show or delete the file with all calls and deliveries.",
    "finding": "Explain a code; list the rules that no source settles.",
    "doctor": "Say what is wrong on this machine, and the command that helps.",
    "recording": "Redact, scan, merge, import and export recordings.",
    "diff": "Compare two recordings call by call.",
    "check": "Map recordings again and compare.",
    "plan": "Infer a tracking plan from calls; compare calls with one.",
    "send": "Make a call without an app, in the wire form of an SDK.",
    "pendo": "Start the loopback Pendo alone.",
    "ca": "Show, print or remove the certificate of the proxy.",
    "mcp": "Serve tools for coding agents (Model Context Protocol).",
    "completion": "Print the completion script of a shell.",
    "addon": "Print the path of the mitmproxy addon, for mitmdump -s.",
}


def _widest() -> int:
    return max(map(len, VERBS))


class _Verbs(Suggesting):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:  # noqa: ARG002
        if name not in VERBS:
            return None
        command = importlib.import_module(f"segment_pendo.cli.verbs.{name}").command
        assert isinstance(command, click.Command)
        return with_project_defaults(name, command)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Return verbs and options that begin so; click would import every verb for its help."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only a shell asks

        verbs = [
            CompletionItem(name, help=says) for name, says in VERBS.items() if name.startswith(incomplete)
        ]
        return [*verbs, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except SegmentPendoError as error:
            raise translated(error) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get(TRACEBACK):
                raise
            raise unexpected(error) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for title, rows in grouped(VERBS):
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{_widest()}}", says) for name, says in rows])


@click.group(
    cls=_Verbs,
    context_settings={"auto_envvar_prefix": "SEGMENT_PENDO", "help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="segment-pendo")
def main() -> None:
    """See what Pendo gets from your Segment calls: a local stand-in for Segment's cloud.

    Nothing leaves this machine unless --to, --segment pass or --cdn-settings fetch says so. Not affiliated
    with Twilio Segment or Pendo.
    """
    # Rows are ASCII, but people's lines are not; a terminal of another encoding must not stop us.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")

"""`calls`: list, show or wait for calls of a running instance."""

import sys
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal

import click

from segment_pendo.base.prose import many
from segment_pendo.cli.completing import call_ids
from segment_pendo.cli.failure import TIMED_OUT, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.instance import meant
from segment_pendo.cli.options.instance import url_argument
from segment_pendo.cli.options.numbers import Number, Whole
from segment_pendo.cli.options.only import asked_only_option
from segment_pendo.cli.running import Answer, checked_url, get, nearest_to, say_missing, stranger

__all__ = ["command"]

type Style = Literal["text", "ndjson"]

_format = click.option(
    "--format", "style", type=click.Choice(["text", "ndjson"]), default="text", show_default=True
)
_MOST_AT_ONCE: Final = 1000
_SHOWN: Final = 20  # calls on a terminal, where more are not asked for
_LONGEST: Final = 600  # seconds that an instance waits
_SPARE: Final = 10.0  # seconds that its answer may take besides


@click.group(cls=Suggesting)
def command() -> None:
    """List, show or wait for calls of a running segment-pendo.

    URL is its home URL, by default $SEGMENT_PENDO_URL or http://127.0.0.1:4170.

    \b
    Examples:
      segment-pendo calls list --only user=ann --limit 5
      segment-pendo calls show c81476-2.0
      segment-pendo calls wait --only type=identify --count 2 --timeout 10
    """


@command.command("list")
@url_argument
@asked_only_option("List")
@click.option("--limit", type=Whole(1), default=20, show_default=True, help="How many calls at most.")
@_format
def list_command(url: str, only: dict[str, str], limit: int, style: Style) -> None:
    """List the newest calls, the newest last: a line each, as the terminal of the run shows them.

    \b
    Examples:
      segment-pendo calls list
      segment-pendo calls list --only user=ann --only level=warning
      segment-pendo calls list http://127.0.0.1:4170 --limit 1000 --format ndjson
    """
    url = meant(url)
    found: list[Any] = []
    before = ""
    while len(found) < limit:
        query = {**only, "newest": "1", "limit": str(min(limit - len(found), _MOST_AT_ONCE))}
        page = _page(url, get(url, "/_/calls", query | ({"before": before} if before else {})))
        if not page["calls"]:
            break
        found += page["calls"]
        before = page["next"]
    _print(url, found[::-1], style)
    if only and not found:
        say_missing(url, only)


@command.command("show")
@click.argument("name", metavar="ID", shell_complete=call_ids)
@url_argument
@_format
@click.option("--short", "brief", is_flag=True, help="Print only the sentence and the findings.")
def show_command(name: str, url: str, style: Style, *, brief: bool) -> None:
    """Explain the call ID: what became of it, and where each of its values went.

    \b
    Examples:
      segment-pendo calls show c81476-2.0
      segment-pendo calls show c81476-2.0 --short
      segment-pendo calls show c81476-2.0 http://127.0.0.1:4170 --format ndjson
    """
    from segment_pendo.cli.terminal.explained_call import explained_row, say_row  # noqa: PLC0415 - a shell waits
    from segment_pendo.cli.terminal.tables import wrapped  # noqa: PLC0415

    where = say_row(explained_row(checked_url(meant(url)), name), style, brief=brief)
    if where:
        click.echo(wrapped(where, sys.stderr), err=True)


@command.command("wait")
@url_argument
@asked_only_option("Wait for")
@click.option("--count", type=Whole(0, 1000), default=1, show_default=True, help="For how many calls.")
@click.option(
    "--timeout",
    type=Number(0, _LONGEST),
    default=5,
    show_default=True,
    metavar="SECONDS",
    help="How long at most.",
)
@_format
def wait_command(url: str, only: dict[str, str], count: int, timeout: float, style: Style) -> None:
    """Wait until so many calls have come, and their deliveries have ended; print them.

    Ends with 6, and what came, where they do not come in time. A terminal shows the newest 20, or --count.

    \b
    Examples:
      segment-pendo calls wait
      segment-pendo calls wait --only user=ann --only type=identify
      segment-pendo calls wait --count 10 --timeout 20 --format ndjson
    """
    url = meant(url)
    query = {**only, "count": str(count), "timeout": f"{timeout:f}"}
    answer = get(url, "/_/wait", query, seconds=timeout + _SPARE)
    found = _page(url, answer, also=408)["calls"]
    most = max(count, _SHOWN) if style == "text" and sys.stdout.isatty() else len(found)
    shown, left_out = newest(found, most)
    _print(url, shown, style)
    if left_out:
        click.echo(left_out, err=True)
    if answer.status == 408:
        what = " with " + " ".join(f"{name}={value}" for name, value in only.items()) if only else ""
        near = nearest_to(url, only) if only and not found else ""
        came = f"{many(len(found), 'call')}{what} came within {timeout:g} s, not {count}"
        message = f"{came}{near and f'; nearest: {near}'}."
        raise Failure(message, TIMED_OUT)


def newest(found: Sequence[Any], most: int) -> tuple[Sequence[Any], str]:
    """Return the last calls, at most so many, and a sentence about those before; '' where there are none."""
    more = len(found) - most
    if more <= 0:
        return found, ""
    before = many(more, "earlier call meets this, too", "earlier calls meet this, too")
    return found[more:], f"{before}: --format ndjson prints all."


def _page(url: str, answer: Answer, also: int = 200) -> Any:
    """Return a page of rows. Raises Failure, or BadParameter where the instance refuses a condition."""
    if answer.status == 400:
        raise click.BadParameter(answer.error)
    if answer.status not in {200, also} or not isinstance(answer.value, dict) or "calls" not in answer.value:
        raise stranger(url, answer.error)
    return answer.value


def _print(url: str, found: Iterable[Any], style: Style) -> None:
    from segment_pendo.cli.terminal.call_lines import Lines  # noqa: PLC0415 - a shell waits for completion
    from segment_pendo.cli.terminal.row_lines import judged_and_line, setup_of  # noqa: PLC0415
    from segment_pendo.explain import rows  # noqa: PLC0415

    if style == "ndjson":
        for row in found:
            sys.stdout.write(rows.dumps(row) + "\n")
        return
    setup, lines = setup_of(get(url, "/_/summary").value), Lines(sys.stdout)
    for row in found:
        _, line = judged_and_line(row, setup)
        click.echo(f"{lines.text(line)}")

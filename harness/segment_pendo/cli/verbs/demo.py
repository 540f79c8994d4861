"""`demo`: send calls as segment-analytics-python does, through the proxy: good ones and others."""

import asyncio
import json
import ssl
import sys
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from urllib.parse import quote

import click

from segment_pendo.base.prose import printable
from segment_pendo.cli.failure import NOT_DELIVERED
from segment_pendo.cli.options.numbers import Whole
from segment_pendo.cli.proxy_extra import needed_side
from segment_pendo.cli.run.child import instance_of
from segment_pendo.cli.run.report import Reporter
from segment_pendo.cli.signals import Signals
from segment_pendo.cli.terminal.browser import open_page
from segment_pendo.cli.terminal.tables import width, wrapped
from segment_pendo.segment.wire import requests
from segment_pendo.serve.client import Client, client
from segment_pendo.serve.environment import StateError
from segment_pendo.serve.launching.instances import registered, running
from segment_pendo.serve.session import Plan, Session
from segment_pendo.words import JsonObject

__all__ = ["command"]

USER: Final = "userId1"
GROUP: Final = "0e8c78ea9d97a7b8185e8632"
TRAIT: Final = "firstName"
_WRITE_KEY: Final = "DEMO_WRITE_KEY"
_SEGMENT: Final = "https://api.segment.io"
# The examples of Segment's page for Pendo.
GOOD: Final[list[JsonObject]] = [
    {
        "type": "identify",
        "userId": USER,
        "traits": {"name": "Peter Gibbons", "email": "peter@example.com", "plan": "premium", "logins": 5},
    },
    {
        "type": "group",
        "userId": USER,
        "groupId": GROUP,
        "traits": {"name": "Initech", "industry": "Technology", "employees": 329, "plan": "enterprise"},
    },
]
# Renamed and ignored by Pendo; without a visitor; not selected; dropped by Segment.
LOST: Final[list[JsonObject]] = [
    {"type": "identify", "userId": USER, "traits": {TRAIT: "Peter", "address": {"city": "Austin"}}},
    {"type": "identify", "anonymousId": "a-1", "traits": {"plan": "free"}},
    {"type": "track", "userId": USER, "event": "Signed Up", "properties": {"plan": "premium"}},
    {"type": "identify", "traits": {"name": "Milton"}},
]


@click.command()
@click.option("--once", is_flag=True, help="End after the demonstration instead of waiting for Ctrl-C.")
@click.option("--open", "opens", is_flag=True, help="Open the page in your browser.")
@click.option("--port", type=Whole(0, 65535), default=0, help="The home port.  [default: a free port]")
def command(port: int, *, once: bool, opens: bool) -> None:
    """Start everything, send calls through the proxy, good ones and others, and show what Pendo has.

    First come the two calls of Segment's page for Pendo, then four that Segment answers 200 as well: one
    whose traits Pendo renames and ignores, one of nobody, a track call, and one that Segment drops.

    \b
    Examples:
      segment-pendo demo
      segment-pendo demo --once
      segment-pendo demo --port 4170 --open
    """
    if once and opens:
        message = "--open shows a page that is gone at once with --once; leave one of them out."
        raise click.UsageError(message)
    sys.exit(asyncio.run(_demo(port, once=once, opens=opens)))


async def _demo(port: int, *, once: bool, opens: bool) -> int:
    side = needed_side("the demo needs mitmproxy")
    reporter = Reporter(sys.stdout, "text", who=len(f"{GROUP} · {USER}"))
    with ExitStack() as found:
        async with (
            Session(Plan(port=port), reporter, reporter.heard, side=side) as session,
            client() as opened,
        ):
            if not once:  # what it shows is typed in a second terminal
                found.enter_context(registered(instance_of(session)))
            show = _Show(session, opened, reporter, "" if once else _at(session.home.url))
            code = await show.good()
            await show.lost()
            if not once:  # else it is gone before anybody can look
                click.echo(f"\nThe page: {session.home.url}/")
            if opens:
                await open_page(f"{session.home.url}/", partial(click.echo, err=True))
            if not once and code == 0:
                signals = Signals()
                click.echo("Ctrl-C ends it.")
                await signals.next()
    return code


def _at(home: str) -> str:
    """Return the option by which a verb is to name this run; '' where it is the only one, and so found."""
    try:
        is_alone = [instance.home for instance in running()] == [home]
    except StateError:
        is_alone = False
    return "" if is_alone else f" --url {home}"


def _say(text: str) -> None:
    click.echo(wrapped(text, sys.stdout))


class _Show:
    """Sends the calls of the demonstration through a session's proxy, and tells what became of them."""

    def __init__(self, session: Session, opened: Client, reporter: Reporter, at: str) -> None:
        self._session = session
        self._opened = opened
        self._reporter = reporter
        self._at = at
        self._trust = ssl.create_default_context(cafile=session.authority)

    async def good(self) -> int:
        """Send the good calls, and show Pendo's records; return the exit code."""
        _say(f"A Segment SDK sends an identify and a group call to {_SEGMENT}/v1/batch, through the proxy:\n")
        await self._send(GOOD)
        there = [await self._record(kind, name) for kind, name in (("visitor", USER), ("account", GROUP))]
        return 0 if all(there) else NOT_DELIVERED

    async def lost(self) -> None:
        """Send the calls of which Pendo shows little; say why for one trait."""
        _say("\nNow four calls that Segment answers just the same, and of which Pendo shows little:\n")
        await self._send(LOST)
        await self._why()

    async def _send(self, calls: Sequence[JsonObject]) -> None:
        assert self._session.delivery is not None
        (batch,) = requests(
            calls, "python", write_key=_WRITE_KEY, at=datetime.now(UTC), unique=lambda: str(uuid.uuid4())
        )
        answer = await self._opened.send(_SEGMENT, batch, proxy=self._session.proxy.url, ssl=self._trust)
        await self._session.delivery.drain(None)
        self._reporter.finish()
        said = f"The SDK was answered {answer.status} {answer.body.decode('utf-8', 'replace')}"
        click.echo(said if answer.status else f"{answer.wrong}.")

    async def _record(self, kind: str, name: str) -> bool:
        """Show one of Pendo's records; return whether it is there."""
        url = f"{self._session.home.url}/api/v1/{kind}/{quote(name, safe='')}"
        answer = await self._opened.ask("GET", url)
        if answer.status != 200:
            said = f"\nThe loopback Pendo has no {kind} {name}: see the lines above for the reason."
            click.echo(said, err=True)
            return False
        record = json.loads(answer.body)
        _say(f"\nPendo's {kind} {record['id']} (GET {url})")
        for field, value in record["metadata"]["segmentio"].items():
            click.echo(f"  {field:<10} {json.dumps(value, ensure_ascii=False)}")
        if kind == "visitor":
            click.echo(f"  accounts   {', '.join(record['accountIds'])}")
        return True

    async def _why(self) -> None:
        """Show what `why` answers, if this version has it."""
        home = self._session.home.url
        answer = await self._opened.ask("GET", f"{home}/_/why?user={USER}&trait={TRAIT}")
        if answer.status != 200:
            return
        said: Any = json.loads(answer.body)
        formatter = click.HelpFormatter(width=width())
        formatter.write_text(printable(said["verdict"]))
        with formatter.indentation():
            formatter.write_dl(
                [(printable(line["label"]), printable(line["text"])) for line in said["lines"]]
            )
        click.echo(f"\nWhy does Pendo not show {TRAIT}?\n$ segment-pendo why {USER} {TRAIT}{self._at}")
        click.echo(formatter.getvalue(), nl=False)

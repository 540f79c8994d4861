"""`demo`: send the examples of Segment's Pendo page through the proxy, as segment-analytics-python does."""

import asyncio
import json
import ssl
import sys
import uuid
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import click

from segment_pendo.cli.failure import NOT_DELIVERED
from segment_pendo.cli.proxy_extra import needed_side
from segment_pendo.cli.run_report import Reporter
from segment_pendo.cli.signals import Signals
from segment_pendo.segment.wire import requests
from segment_pendo.serve.client import client
from segment_pendo.serve.session import Plan, Session
from segment_pendo.words import JsonObject

__all__ = ["command"]

USER: Final = "userId1"
GROUP: Final = "0e8c78ea9d97a7b8185e8632"
_WRITE_KEY: Final = "DEMO_WRITE_KEY"
_SEGMENT: Final = "https://api.segment.io"
CALLS: Final[list[JsonObject]] = [
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


@click.command()
@click.option("--once", is_flag=True, help="End after the demonstration instead of waiting for Ctrl-C.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="The home port.  [default: a free port]"
)
def command(port: int, *, once: bool) -> None:
    """Start everything, send an identify and a group call through the proxy, and show Pendo's records.

    \b
    Examples:
      segment-pendo demo
      segment-pendo demo --once
      segment-pendo demo --port 4170
    """
    sys.exit(asyncio.run(_demo(port, once=once)))


async def _demo(port: int, *, once: bool) -> int:
    side = needed_side("the demo needs mitmproxy")
    reporter = Reporter(sys.stdout, "text")
    async with Session(Plan(port=port), reporter, reporter.heard, side=side) as session:
        click.echo(
            f"A Segment SDK sends an identify and a group call to {_SEGMENT}/v1/batch, through the proxy:\n"
        )
        code = await _show(session)
        if not once and code == 0:
            click.echo("Ctrl-C ends it.")
            await Signals().next()
    return code


async def _show(session: Session) -> int:
    assert session.delivery is not None
    trust = ssl.create_default_context(cafile=session.authority)
    (batch,) = requests(
        CALLS, "python", write_key=_WRITE_KEY, at=datetime.now(UTC), unique=lambda: str(uuid.uuid4())
    )
    async with client() as opened:
        answer = await opened.send(_SEGMENT, batch, proxy=session.proxy.url, ssl=trust)
        said = f"The SDK was answered {answer.status} {answer.body.decode('utf-8', 'replace')}"
        click.echo(said if answer.status else f"{answer.wrong}.")
        await session.delivery.drain(None)
        code = 0
        for kind, name in (("visitor", USER), ("account", GROUP)):
            url = f"{session.home.url}/api/v1/{kind}/{quote(name, safe='')}"
            answer = await opened.ask("GET", url)
            if answer.status != 200:
                click.echo(
                    f"\nThe loopback Pendo has no {kind} {name}: see the lines above for the reason.",
                    err=True,
                )
                code = NOT_DELIVERED
                continue
            record = json.loads(answer.body)
            click.echo(f"\nPendo's {kind} {record['id']} (GET {url})")
            for field, value in record["metadata"]["segmentio"].items():
                click.echo(f"  {field:<10} {json.dumps(value, ensure_ascii=False)}")
            if kind == "visitor":
                click.echo(f"  accounts   {', '.join(record['accountIds'])}")
    click.echo(f"\nThe page: {session.home.url}/")
    return code

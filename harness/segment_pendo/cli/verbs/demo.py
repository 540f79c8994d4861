"""`demo`: the examples of Segment's Pendo page, sent as segment-analytics-python does, through the proxy."""

import asyncio
import json
import ssl
import sys
import uuid
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

import click

from segment_pendo.cli.failure import CANNOT_START, NOT_DELIVERED, Failure
from segment_pendo.cli.run_report import Reporter
from segment_pendo.segment.wire import requests
from segment_pendo.serve.delivery import DRAIN
from segment_pendo.serve.session import INSTALL, Doors, Plan, Signals
from segment_pendo.words import JsonObject

__all__ = ["command"]

USER: Final = "userId1"
GROUP: Final = "0e8c78ea9d97a7b8185e8632"
_WRITE_KEY: Final = "DEMO_WRITE_KEY"
_URL: Final = "https://api.segment.io/v1/batch"
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
@click.option("--once", is_flag=True, help="End after the demonstration.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The home port.  [default: a free one]")
def command(port: int, *, once: bool) -> None:
    """Start everything, send an identify and a group call through the proxy, show Pendo's records."""
    sys.exit(asyncio.run(_demo(port, once=once)))


async def _demo(port: int, *, once: bool) -> int:
    reporter = Reporter(sys.stdout, "text")
    doors = Doors(Plan(port=port), reporter, reporter.heard)
    try:
        await doors.start()
        if doors.proxy is None:
            message = f"the demo needs mitmproxy: {INSTALL}."
            raise Failure(message, CANNOT_START)
        click.echo(f"A Segment SDK sends an identify and a group call to {_URL}, through the proxy:\n")
        code = await _show(doors)
        if not once and code == 0:
            click.echo("Ctrl-C ends it.")
            await Signals().next()
    finally:
        await doors.stop()
    return code


async def _show(doors: Doors) -> int:
    import aiohttp  # noqa: PLC0415 - the only verb file that is a client itself

    assert doors.home is not None
    assert doors.delivery is not None
    trust = ssl.create_default_context(cafile=doors.authority)
    (batch,) = requests(CALLS, "python", write_key=_WRITE_KEY, at=datetime.now(UTC), unique=lambda: str(uuid.uuid4()))
    async with aiohttp.ClientSession() as client:
        async with client.post(_URL, data=batch.body, headers=dict(batch.headers), proxy=doors.proxy.url, ssl=trust) as answer:
            said = await answer.text()
            click.echo(f"The SDK was answered {answer.status} {said}")
        await doors.delivery.drain(DRAIN)
        code = 0
        for kind, name in (("visitor", USER), ("account", GROUP)):
            url = f"{doors.home.url}/api/v1/{kind}/{quote(name, safe='')}"
            async with client.get(url) as answer:
                if answer.status != 200:
                    click.echo(f"\nThe loopback Pendo has no {kind} {name}.", err=True)
                    code = NOT_DELIVERED
                    continue
                record = await answer.json()
                click.echo(f"\nPendo's {kind} {record['id']} (GET {url})")
                for field, value in record["metadata"]["segmentio"].items():
                    click.echo(f"  {field:<10} {json.dumps(value, ensure_ascii=False)}")
                if kind == "visitor":
                    click.echo(f"  accounts   {', '.join(record['accountIds'])}")
    click.echo(f"\nThe page: {doors.home.url}/")
    return code

"""Delivery: what an event costs from its arrival until the other side has it and that is kept.

The reference is a mitmproxy hook that POSTs each event by aiohttp, in no order, and keeps nothing. Ratios
above 1: ours needs less.
"""

import asyncio
import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final

from tests.bench.doors import PEERS, mitmdump, run
from tests.bench.measuring import Contender, measured, started
from tests.bench.payload import bodies
from tests.bench.sink import sink
from tests.bench.turns import Effort, Figure, interleaved, micro, ratio, table

__all__ = ["main"]

_HOOK: Final = "aiohttp POST in a mitmproxy hook"
_KEY: Final = {"SEGMENT_PENDO_API_KEY": "0123abcd-0000-1111-2222-0123456789ab"}
_TITLES: Final = ("what delivers", "body", "ratio", "CPU us an event", "wall us an event")


def _contenders(url: str) -> dict[str, Contender]:
    """Return what is measured; the first one is the reference."""
    hook = mitmdump("-s", str(PEERS / "post_on.py"))
    home, proxy = ("--port", "PORT", "--no-proxy"), ("--port", "0", "--proxy-port", "PORT")
    to = ("--to", url)
    return {
        _HOOK: Contender(hook, _HOOK, is_proxy=True, tls=True, environment={"SINK": url}),
        "`run --to`, proxy": Contender(
            run(*proxy, *to), _HOOK, is_proxy=True, tls=True, drains=True, environment=_KEY
        ),
        "`run --to`, home port": Contender(run(*home, *to), _HOOK, drains=True, environment=_KEY),
        "`run --to --batch-size 100`, home port": Contender(
            run(*home, *to, "--batch-size", "100"), _HOOK, drains=True, environment=_KEY
        ),
        "`run`, home port, to the Pendo on loopback": Contender(run(*home), _HOOK, drains=True),
        "`run --loopback-http`, home port": Contender(run(*home, "--loopback-http"), _HOOK, drains=True),
    }


def main(effort: Effort) -> Iterator[str]:
    """Yield the table."""
    loop = asyncio.new_event_loop()
    sizes = [body for body in bodies() if body.name != "450k"]
    found: dict[tuple[str, str], list[Figure]] = {}
    with ExitStack() as stack:
        stack.callback(loop.close)
        there = stack.enter_context(sink(loop))
        servers = {name: started(one, stack) for name, one in _contenders(there.url).items()}
        numbers = itertools.count()
        for body in sizes:
            work = {
                name: partial(measured, one, body, numbers, effort, loop) for name, one in servers.items()
            }
            interleaved(work, 0 if effort.is_brief else 1)
            for name, figures in interleaved(work, effort.rounds).items():
                found[name, body.name] = [figure.each(body.calls) for figure in figures]
        assert there.posts, "nothing was delivered"
    rows = []
    for (name, size), figures in found.items():
        shown = ratio([figure.cost for figure in found[_HOOK, size]], [figure.cost for figure in figures])
        cpu, wall = micro(figure.cpu for figure in figures), micro(figure.wall for figure in figures)
        rows.append([name, size, shown, cpu, wall])
    yield from table(_TITLES, rows)

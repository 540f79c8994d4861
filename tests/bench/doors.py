"""The doors: what a request costs the server, beside what a team would pick instead and beside the limit.

Ours do all their work; the references only answer. Each door is compared with a stock mitmdump that is asked
in the same way: a proxy through TLS, as SDKs are, everything else without. Ratios above 1: ours needs less.
"""

import asyncio
import itertools
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from tests.bench.measuring import Contender, measured, started
from tests.bench.payload import bodies
from tests.bench.processes import MITMDUMP
from tests.bench.turns import Effort, Figure, interleaved, micro, ratio, table

__all__ = ["PEERS", "main", "mitmdump", "run"]

PEERS: Final = Path(__file__).parent / "peers"
_ADDON: Final = Path(__file__).parents[2] / "addons" / "segment_pendo_addons" / "intercept.py"
_PLAIN: Final = "stock mitmdump that answers"
_TUNNEL: Final = "stock mitmdump that answers, through TLS"
_MOCKTTP: Final = "npm mockttp that answers"
_TITLES: Final = ("server", "body", "ratio", "CPU us", "wall us", "CPU us a call")


def mitmdump(*more: str) -> tuple[str, ...]:
    """Return the command line of a stock mitmdump, which works without a network."""
    # A proxy that dials first could not answer for Segment's hosts.
    offline = ("connection_strategy=lazy", "upstream_cert=false", "confdir=DIR/ca")
    line = (MITMDUMP, "-q", "--listen-host", "127.0.0.1", "--listen-port", "PORT")
    return (*line, *itertools.chain.from_iterable(("--set", one) for one in offline), *more)


def _addon(*settings: str) -> tuple[str, ...]:
    pairs = itertools.chain.from_iterable(("--set", one) for one in settings)
    return mitmdump("-s", str(_ADDON), *pairs)


def run(*options: str) -> tuple[str, ...]:
    """Return the command line of a run; HOME is its home port."""
    line = (sys.executable, "-m", "segment_pendo", "run", "--ready-file", "DIR/ready")
    return (*line, *options)


_ANSWER: Final = mitmdump("-s", str(PEERS / "answer.py"))
CONTENDERS: Final = {
    _PLAIN: Contender(_ANSWER, _PLAIN, is_proxy=True),
    "ten lines of aiohttp, an event a line": Contender(
        (sys.executable, str(PEERS / "ten_lines.py"), "PORT", "DIR/events.jsonl"), _PLAIN
    ),
    _MOCKTTP: Contender(("node", str(PEERS / "mockttp.mjs"), "PORT"), _PLAIN),
    "home port, map only": Contender(
        (sys.executable, str(PEERS / "home.py"), "map", "PORT", "DIR/s.db"), _PLAIN
    ),
    "home port, map and store": Contender(
        (sys.executable, str(PEERS / "home.py"), "store", "PORT", "DIR/s.db"), _PLAIN
    ),
    "`run`, home port, delivery to loopback": Contender(
        run("--port", "PORT", "--no-proxy"), _PLAIN, drains=True
    ),
    _TUNNEL: Contender(_ANSWER, _TUNNEL, is_proxy=True, tls=True),
    "`run`, proxy, delivery to loopback": Contender(
        run("--port", "0", "--proxy-port", "PORT"), _TUNNEL, is_proxy=True, tls=True, drains=True
    ),
    "addon in stock mitmdump, map only": Contender(_addon(), _TUNNEL, is_proxy=True, tls=True),
    "addon in stock mitmdump, map and record": Contender(
        _addon("segment_pendo_record=DIR/calls.jsonl"), _TUNNEL, is_proxy=True, tls=True
    ),
}


def main(effort: Effort) -> Iterator[str]:
    """Yield the table, and a line for what could not be measured."""
    loop = asyncio.new_event_loop()
    with ExitStack() as stack:
        stack.callback(loop.close)
        servers, missing = {}, []
        for name, contender in CONTENDERS.items():
            if name == _MOCKTTP and not (PEERS / "node_modules").exists():
                missing.append(f"Without {_MOCKTTP}: it is not installed (`npm ci` in tests/bench/peers).")
                continue
            servers[name] = started(contender, stack)
        numbers = itertools.count()
        found: dict[tuple[str, str], list[Figure]] = {}
        for body in bodies():
            work = {
                name: partial(measured, one, body, numbers, effort, loop) for name, one in servers.items()
            }
            interleaved(work, 0 if effort.is_brief else 1)  # caches are warm then
            for name, figures in interleaved(work, effort.rounds).items():
                found[name, body.name] = figures
        calls = {body.name: body.calls for body in bodies()}
    yield from table(_TITLES, (_row(name, size, found, calls[size]) for name, size in found))
    yield from ["", *missing] if missing else []


def _row(name: str, size: str, found: dict[tuple[str, str], list[Figure]], calls: int) -> list[str]:
    figures, reference = found[name, size], found[CONTENDERS[name].reference, size]
    shown = ratio([figure.cost for figure in reference], [figure.cost for figure in figures])
    cpu = [figure.cpu for figure in figures]
    each = micro([None if one is None else one / calls for one in cpu])
    return [name, size, shown, micro(cpu), micro([figure.wall for figure in figures]), each]

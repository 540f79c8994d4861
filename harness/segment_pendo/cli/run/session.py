"""Carry out `run`: open its session, run the command or wait for a signal, and say how it ended."""

import asyncio
import gc
import os
import sys
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from segment_pendo.base.prose import many
from segment_pendo.cli.failure import CANNOT_START, FOUND, NOT_DELIVERED, Failure
from segment_pendo.cli.options.apps import Work
from segment_pendo.cli.options.faults import Asked
from segment_pendo.cli.proxy_extra import INSTALL, needed_side, proxy_side
from segment_pendo.cli.run.apps import run_apps
from segment_pendo.cli.run.child import instance_of, run_child
from segment_pendo.cli.run.hints import Ended, missing, no_calls
from segment_pendo.cli.run.notes import Draining, Quietly, Seldom, say
from segment_pendo.cli.run.report import Reporter
from segment_pendo.cli.run.words import banner, summary
from segment_pendo.cli.signals import Signals
from segment_pendo.cli.terminal.browser import open_page
from segment_pendo.cli.terminal.keyboard import Keyboard
from segment_pendo.explain.events import ready_event
from segment_pendo.serve.launching import launcher
from segment_pendo.serve.launching.browser import opened
from segment_pendo.serve.launching.instances import registered
from segment_pendo.serve.session import Plan, Session

__all__ = ["Ends", "run_session"]


@dataclass(frozen=True, slots=True)
class Ends:
    """The options --fail-on and --expect, which decide the exit code."""

    fail_on: str | None
    expect: int | None

    def objection(self, reporter: Reporter) -> str:
        """Return why a check fails, or an empty text."""
        if self.expect is not None and reporter.calls < self.expect:
            return f"{many(reporter.calls, 'call')} came; --expect {self.expect} was asked for."
        why = reporter.why(self.fail_on) if self.fail_on is not None else ""
        return f"{why}; --fail-on {self.fail_on} was asked for." if why else ""


def run_session(
    plan: Plan, work: Work, reporter: Reporter, ends: Ends, ready_file: Path | None, asked: Asked
) -> int:
    """Run a session until it is to end; return the exit code. Raises SegmentPendoError and Failure."""
    gc.disable()  # until the ports are open: what is imported stays, and to look through it takes a sixth
    try:
        return asyncio.run(_run(plan, work, reporter, ends, ready_file, asked))
    finally:
        gc.enable()


async def _run(
    plan: Plan, work: Work, reporter: Reporter, ends: Ends, ready_file: Path | None, asked: Asked
) -> int:
    for name in work.programs:  # before anything listens
        launcher.program(name, os.environ)
    side = _side(plan, work)
    quietly = Quietly()
    asyncio.get_running_loop().set_exception_handler(quietly)
    seldom = Seldom(say)
    faults = asked.ready(seldom)
    plan = replace(plan, how=replace(plan.how, seed=faults.seed))
    session = Session(plan, reporter, reporter.heard, side=side, tell=say, draining=Draining(), faults=faults)
    signals, has_keys = Signals(), not work and Keyboard.is_there()
    said = chain(banner(session, work.gets, has_keys=has_keys), asked.lines(faults))
    try:
        ended = await _listen(session, work, reporter, signals, ready_file, said)
    finally:
        left = reporter.finish()
    seldom.finish()
    if left:
        say(f"{many(left, 'line')} of this report not printed: nobody reads them.")
    if signals.interrupted and not has_keys and sys.stderr.isatty():
        say("")  # the terminal has written ^C
    summary(session, reporter, say)
    quietly.summary()
    for line in _hints(session, reporter, ended) if work else _missing(session):
        say(line)
    return ended.code or _code(session, reporter, ends)


async def _listen(
    session: Session,
    work: Work,
    reporter: Reporter,
    signals: Signals,
    ready_file: Path | None,
    said: Iterable[str],
) -> Ended:
    """Listen until a signal, a key or the end of the command; return how the command ended.

    `said` is asked for what to say at first once every port accepts connections.
    """
    ended = Ended(0)
    with ExitStack() as terminal:
        leave = partial(_leave, session, ready_file, terminal)
        async with session:
            for line in said:
                say(line)
            if ready_file is not None:
                session.write_ready(ready_file)
            terminal.enter_context(registered(instance_of(session, work.words)))
            reporter.event(ready_event(session.addresses()))
            gc.freeze()
            gc.enable()
            async with _browser(session, work):
                if work:
                    ended = await _worked(session, work, signals, leave)
                    # A command that failed may have sent only half of its calls; the old recording is kept.
                    session.replaces = not ended.code
                    signals.end_at_once(leave)  # what is left to deliver need not be waited for
                else:
                    terminal.enter_context(Keyboard(_keys(session, signals)))
                    await signals.next()
                    signals.end_at_once(leave)
            _drop(ready_file)
    return ended


def _browser(session: Session, work: Work) -> AbstractAsyncContextManager[None]:
    """Return what shows pages in a browser while it is entered; nothing where none is asked for."""
    if work.showing is None:
        return nullcontext()
    assert session.proxy is not None  # `_side` has seen to it
    assert session.authority is not None
    return opened(work.showing, f"{session.home.url}/", session.proxy.url, session.authority, say)


async def _worked(session: Session, work: Work, signals: Signals, leave: Callable[[], None]) -> Ended:
    if work.cmd:
        return await run_child(session, work.cmd, signals, leave)
    return await run_apps(work.apps, instance_of(session), signals, leave)


def _hints(session: Session, reporter: Reporter, ended: Ended) -> list[str]:
    """Return what is to be said about calls of a command that did not come."""
    if reporter.calls or session.straight() > 0:
        return missing(session.misses)
    text = no_calls(
        session.misses,
        ended,
        Path.cwd(),
        with_proxy=session.plan.with_proxy,
        refused=bool(reporter.refused),
        settings=session.relay.settings_asked,
        resumed=bool(session.resumed),
    )
    return [text] if text else []


def _missing(session: Session) -> list[str]:
    """Return what is to be said where there is no command: its clients have none of our variables."""
    return missing(session.misses, str(session.authority), session.home.url)


def _keys(session: Session, signals: Signals) -> dict[str, Callable[[], object]]:
    """Return what each key does: o opens the page, q ends the run as Ctrl-C does."""
    opening: set[asyncio.Task[None]] = set()

    def open_it() -> None:
        task = asyncio.create_task(open_page(f"{session.home.url}/", say))
        opening.add(task)
        task.add_done_callback(opening.discard)

    return {"o": open_it, "q": signals.interrupt}


def _drop(ready_file: Path | None) -> None:
    if ready_file is not None:
        with suppress(OSError):
            ready_file.unlink()


def _leave(session: Session, ready_file: Path | None, terminal: ExitStack) -> None:
    """Leave nothing behind where a second signal ends us at once."""
    terminal.close()
    _drop(ready_file)
    if session.recorder is not None:
        session.recorder.abandon()
    kept = f"; this run's calls are in {session.recorder.target}" if session.recorder is not None else ""
    say(f"Ended at once: nothing more was delivered{kept}.")


def _side(plan: Plan, work: Work) -> Any:
    """Return the proxy's module if it is wanted and installed. Raises Failure if something needs it."""
    if work.showing is not None:
        return needed_side("--browser needs the proxy of mitmproxy")
    if plan.tls_port is not None:
        return needed_side("TLS at the home port needs the certificates of mitmproxy")
    if work and plan.with_proxy and proxy_side() is None:
        message = (
            "run -- CMD needs the proxy, and so mitmproxy, which is not installed. Install it with: "
            f"{INSTALL}, or give --no-proxy to use only the home port."
        )
        raise Failure(message, CANNOT_START)
    return proxy_side() if plan.with_proxy else None


def _code(session: Session, reporter: Reporter, ends: Ends) -> int:
    """Return the exit code of a run whose command, if any, ended well; say why it is not 0."""
    lost = session.relay.lost
    if lost:
        say(f"{many(lost, 'request')} could not be kept and got the answer 500: see the lines above.")
        return NOT_DELIVERED
    objection = ends.objection(reporter)
    if objection:
        say(objection)
        return FOUND
    return NOT_DELIVERED if session.left or reporter.deliveries["dead"] else 0

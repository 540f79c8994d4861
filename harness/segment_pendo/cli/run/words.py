"""What `run` says to people: at its start and at its end."""

from collections.abc import Callable, Iterator
from shlex import quote
from typing import Final

from segment_pendo import __version__
from segment_pendo.base.prose import many, printable, short
from segment_pendo.cli.options import cdn_settings_option
from segment_pendo.cli.proxy_extra import INSTALL
from segment_pendo.cli.run.report import Reporter
from segment_pendo.mapping.configured import Configured
from segment_pendo.pendo.regions import region_of
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.serve.session import Plan, Session
from segment_pendo.serve.store.pending import Pending

__all__ = ["banner", "summary"]

_MOST_MAPPINGS: Final = 3
_LONGEST_NAME: Final = 30
_COLUMNS: Final = 79  # of a line about a mapping, so that it is one line wherever it is read


def banner(session: Session, gets: str = "", *, has_keys: bool = False) -> Iterator[str]:
    """Yield what a run says when every door is open.

    `gets`: the sentence on what the run starts, if anything. `has_keys`: the keys o and q are read.
    """
    yield f"segment-pendo {__version__}   webhooks -> {_where(session.plan)}"
    yield f"page   {session.home.url}" + ("   press o to open, q to end" if has_keys else "")
    yield from _doors(session, gets)
    if session.plan.lan.addresses:
        from segment_pendo.cli.run.lan_words import lan_lines  # noqa: PLC0415 - seldom

        yield from lan_lines(session)
    if session.plan.setup.destination is not None:
        yield from _destination(session.plan.setup.destination)
    yield from _earlier(session)
    yield from _not_here(session, gets)
    yield from _recording(session)


def _destination(destination: Configured) -> Iterator[str]:
    """Yield what is set up in a destination, then its first mappings, each with the calls that it selects."""
    selectors = destination.selectors
    yield f"Destination as in production: {destination.summary}{':' if selectors else '.'}"
    for selector in selectors[:_MOST_MAPPINGS]:
        name = short(selector.name, _LONGEST_NAME)
        yield f"  {name}: {short(selector.trigger.text, _COLUMNS - len(name) - 4)}"
    more = len(selectors) - _MOST_MAPPINGS
    if more > 0:
        yield f"  and {more} more"


def _doors(session: Session, gets: str) -> Iterator[str]:
    by_itself = gets and session.proxy is not None
    given = f"   ({gets})" if by_itself else ""
    yield f"SDK    host: {session.home.url}{given}"
    if session.home.tls_url:
        yield f"       host: {session.home.tls_url}   (if it must be https)"
    if session.proxy is not None and not by_itself:
        yield f"proxy  HTTPS_PROXY={session.proxy.url}   (only Segment's hosts are decrypted)"
    if session.authority is not None and not by_itself:
        yield f"CA     {session.authority}"
    if session.upstream is not None:
        yield f"Other hosts are reached through {session.upstream.url}, as HTTPS_PROXY says."
    if session.proxy is None and session.plan.with_proxy:
        yield f"No proxy: mitmproxy is not installed. Install it with {INSTALL}"


def _not_here(session: Session, gets: str) -> Iterator[str]:
    """Yield what is not answered here, but by the real Segment."""
    plan = session.plan
    if session.proxy is not None and plan.answers:
        yield _ignoring(plan, gets)
        if not plan.offline:
            yield "The scripts of cdn.segment.com come from there (--offline: 404)."
    elif session.proxy is not None:
        yield "Segment: what comes through the proxy goes on to the real Segment as well."
    if plan.cdn_settings:
        yield cdn_settings_option.said(plan.cdn_settings)


def _ignoring(plan: Plan, gets: str) -> str:
    if plan.strict:
        return "Segment's hosts are this machine for the command, whether a program heeds the proxy or not."
    if plan.capture:
        return (
            "The command begins when its connections are captured, whether a program heeds the proxy or not."
        )
    if gets:
        return (
            "Node, Bun and Python (3.8 and later) are caught; other programs only if they heed HTTPS_PROXY."
        )
    return "Only programs that heed the proxy are caught; others reach the real Segment."


def _recording(session: Session) -> Iterator[str]:
    plan = session.plan
    if plan.record is None:
        return
    for path in session.recorder.unfinished if session.recorder else []:
        yield f"The calls of a run that did not end are in {path}: look at it, then delete it."
    if session.recorder is not None and session.recorder.replaced:
        count = many(session.recorder.replaced, "call")
        yield f"{plan.record} has {count} and is written again at a good end; --record-mode add keeps them."
    how = "keys are replaced, traits are as sent" if plan.people is None else "keys and people are replaced"
    yield f"Recording to {plan.record}: {how}. Look before you share it."


def _earlier(session: Session) -> Iterator[str]:
    """Yield what earlier runs left in the store."""
    if session.store.path is not None:
        yield f"store  {session.store.path}"
    if session.resumed:
        yield f"{many(session.resumed, 'webhook')} of earlier runs that waited for it: delivered now."
    for name, count in session.elsewhere:
        yield f"{many(count, 'webhook')} of earlier runs for {name}: a run to that destination delivers them."
    dead = sum(count.webhooks for count in Pending(session.store.database).counts() if count.state == "dead")
    if dead:
        yield f"{many(dead, 'webhook')} of earlier runs given up: {_list(session)} shows them."


def _list(session: Session) -> str:
    """Return the command that lists what is not delivered."""
    where = f" --store {session.store.path}" if session.plan.store is not None else ""
    return f"`segment-pendo pending list{where}`"


def _where(plan: Plan) -> str:
    if plan.to is None:
        return "Pendo on loopback" + (" (what comes here goes no further)" if plan.answers else "")
    if plan.to.loopback:
        return f"{plan.to.name}, on loopback"
    region = region_of(plan.to.name)
    where = f"{plan.to.name} (region {region})" if region else f"{plan.to.name} (a host of no known region)"
    return f"{where}, a real Pendo: its 200 does not mean that the data will show, and that takes minutes"


def summary(session: Session, reporter: Reporter, say: Callable[[str], None]) -> None:
    reporter.summary(say, _source(session))
    if session.recorder is not None:
        say(_recorded(session.recorder))
    for name in session.faults.unused():
        say(f"No request came for the fault {printable(name)}.")
    straight = session.straight()
    if straight > 0:
        say(f"{many(straight, 'webhook')} came straight to the Pendo on loopback, not from a call here.")
    if session.left:
        say(_left(session))
    if reporter.deliveries["dead"] and session.store.path is not None:
        say(_given_up(session, reporter.deliveries["dead"]))


def _source(session: Session) -> str:
    """Return the option by which `why` finds the calls of this run after its end."""
    if session.recorder is not None and session.recorder.kept_in is None:
        return f"--from {quote(str(session.recorder.path))}"
    return f"--store {quote(str(session.store.path))}" if session.store.path is not None else ""


def _given_up(session: Session, count: int) -> str:
    """Say where to look for webhooks that are dead."""
    return f"{many(count, 'webhook')} given up; {_list(session)} shows each answer."


def _left(session: Session) -> str:
    """Name what was not delivered, once, and say what delivers it."""
    names = ", ".join(map(str, session.left_names))
    more = ", ..." if session.left > len(session.left_names) else ""
    text = f"{many(session.left, 'webhook')} not delivered within {session.plan.drain:g} s: {names}{more}."
    if session.store.path is None:
        return f"{text} They are lost: this run had no file for them (--store FILE)."
    return f"{text} They wait in {session.store.path}; the same command delivers them ({_list(session)})."


def _untouched(recorder: Recorder) -> str:
    """Say that nothing was recorded, and what the file has."""
    path = recorder.path
    if recorder.is_new:
        return f"No call was recorded: {path} has none."
    if recorder.replaced:
        return f"No call was recorded: {path} was left as it is, with {many(recorder.replaced, 'call')}."
    return f"No new call was recorded: {path} keeps what it had."


def _recorded(recorder: Recorder) -> str:
    done = recorder.done
    if not (done.new or done.kept or done.gone):
        return _untouched(recorder)
    if recorder.kept_in is not None:
        return f"{recorder.path} was not replaced, as the command failed; this run is in {recorder.kept_in}."
    if not (done.kept or done.gone):
        return f"Recorded {done} to {recorder.path}."
    return f"Recorded to {recorder.path}: {done}."

"""`replay`: send calls again: their webhooks to a destination, or their SDK requests to a home port."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import click

from segment_pendo.base.prose import many
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, FOUND, Failure
from segment_pendo.cli.instance import meant
from segment_pendo.cli.options import credentials
from segment_pendo.cli.options.delivery import retry_options
from segment_pendo.cli.options.instance import URL_VARIABLE, home_url
from segment_pendo.cli.options.numbers import Number, Whole
from segment_pendo.cli.options.only import only_option
from segment_pendo.cli.options.setup import setup_options, was_given
from segment_pendo.cli.replaying import Webhooks, opened_store, send_requests
from segment_pendo.explain.unmet import Unmet
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo.regions import LOCAL_KEY, destination
from segment_pendo.recordings.reading.mapped_file import Options
from segment_pendo.recordings.sending.pace import Pace
from segment_pendo.recordings.sending.resend import Measure, NoRequest, Resend
from segment_pendo.recordings.sending.source import Source, source_of, source_of_text
from segment_pendo.segment.wire import SDKS
from segment_pendo.serve.client import name_of
from segment_pendo.serve.delivering.how import How
from segment_pendo.serve.environment import SIGNING_KEY, secret
from segment_pendo.serve.store.replay import ReplayStore
from segment_pendo.words import Destination, Json

__all__ = ["command"]

_STDIN: Final = "-"


def _speed(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
    if value in {"max", "original"}:
        return 0.0 if value == "max" else 1.0
    try:
        speed = float(value)
    except ValueError:
        speed = -1
    if not 0 < speed < float("inf"):
        message = f"{value!r} is neither original, nor max, nor a number above 0 such as 10"
        raise click.BadParameter(message)
    return speed


def _url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if not is_good:
        message = f"{value!r} is not a URL; give one such as http://127.0.0.1:4170"
        raise click.BadParameter(message)
    return value.rstrip("/")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@credentials.to_option
@credentials.key_file_option
@click.option(
    "--at",
    "url",
    metavar="URL",
    callback=_url,
    help="Send the SDK requests instead, to this home URL or ingest URL.",
)
@click.option(
    "--as",
    "sdk",
    type=click.Choice(list(SDKS)),
    help="With --at: encode the calls as this SDK does, instead of as they came.",
)
@click.option(
    "--speed",
    metavar="original|N|max",
    default="max",
    show_default=True,
    callback=_speed,
    help="How fast to send; N: N times as fast as recorded.",
)
@click.option(
    "--max-gap", type=Number(0), metavar="SECONDS", help="Shorten longer pauses of the recording to this."
)
@only_option("Send")
@click.option("--user", help="The same as --only user=USER.")
@click.option(
    "--shift-time",
    type=click.Choice(["now"]),
    help="Move all times so that the recording begins now; other calls are received now anyway.",
)
@click.option("--from-line", "start", type=Whole(1), default=1, metavar="N", help="Begin at line N of FILE.")
@click.option(
    "--failed",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the webhooks that were given up as a recording, which can be replayed.",
)
@click.option("--restart", is_flag=True, help="Begin anew, where an earlier replay could be gone on with.")
@click.option(
    "--dry-run", is_flag=True, help="Only print how much would be sent, and how long it would take."
)
@retry_options
@setup_options
def command(
    file: Path,
    to: str | None,
    api_key_file: Path | None,
    url: str | None,
    sdk: str | None,
    speed: float,
    max_gap: float | None,
    only: dict[str, str],
    user: str | None,
    shift_time: str | None,
    start: int,
    failed: Path | None,
    how: How,
    setup: Setup,
    *,
    restart: bool,
    dry_run: bool,
) -> None:
    """Send FILE again: its webhooks (--to), or its SDK requests (--at).

    FILE is a recording, or whatever `map` takes: calls, captured requests; - is stdin. A recording's webhooks
    go out as they were recorded, unless --track, --webhook or --assume is given.

    --to names a Pendo for the webhooks, --at the URL of a home port for the SDK requests. Without both, the
    webhooks go to the loopback Pendo of a running `segment-pendo run`: $SEGMENT_PENDO_URL or
    http://127.0.0.1:4170.

    Webhooks that fail are tried again as Segment does it. Ctrl-C waits for what is being sent. After it, or
    after a crash, the same command goes on where it was. Ends with 5 if something was not delivered.

    \b
    Examples:
      segment-pendo replay calls.jsonl
      segment-pendo replay calls.jsonl --at http://127.0.0.1:4170 --speed 10 --max-gap 5
      segment-pendo replay calls.jsonl --only type=identify --shift-time now --to eu --failed failed.jsonl
    """
    _check_usage(to, url, sdk, failed, restart=restart)
    where = None if url else credentials.find(to, api_key_file) or _running()
    if user is not None:
        only["user"] = user
    options = Options(datetime.now(UTC), setup)
    source = _read(file, options)
    again = setup if source.is_recording and was_given(click.get_current_context()) else None
    resend = Resend(source, start, only, setup=again, sdk=sdk, signing_key=secret(SIGNING_KEY))
    measure = _measured(resend, Pace(speed, max_gap, how.rate), as_webhooks=where is not None)
    if dry_run:
        noun, name = ("webhook", where.name) if where else ("request", name_of(url or ""))
        click.echo(f"{many(measure.items, noun)} would go to {name}, in {measure.seconds:.1f} s or more.")
    elif where is None:
        resend = _shifted(resend, measure, shift_time, options.at)
        pace = Pace(speed, max_gap, how.rate)
        sys.exit(asyncio.run(send_requests(resend, url or "", pace, how, measure.items)))
    else:
        store = _store(file, where, resend, shift_time, restart=restart)
        if store.accepted and not source.is_recording:  # the rest is received when the first of them were
            resend = replace(resend, source=_read(file, replace(options, at=store.began)))
        resend = _shifted(resend, measure, shift_time, store.began)
        sys.exit(Webhooks(resend, where, Pace(speed, max_gap), how, measure.items, failed).send(store))


def _check_usage(
    to: str | None, url: str | None, sdk: str | None, failed: Path | None, *, restart: bool
) -> None:
    if to is not None and url is not None:
        message = "give --to for webhooks or --at for SDK requests, not both"
        raise click.UsageError(message)
    if sdk is not None and url is None:
        message = "--as encodes SDK requests; it needs --at URL"
        raise click.UsageError(message)
    if url is not None and (failed is not None or restart):
        message = "--failed and --restart are for webhooks; with --at, go on by --from-line"
        raise click.UsageError(message)
    if failed is not None and (failed.exists() or not failed.parent.is_dir()):
        why = "exists already" if failed.exists() else "has no directory"
        message = f"--failed: {failed} {why}; give the name of a new file."
        raise Failure(message, CANNOT_START)


def _running() -> Destination:
    """Return the loopback Pendo of a running instance. Raises Failure for one on another machine."""
    try:
        there = destination(meant(home_url()), LOCAL_KEY)
    except ValueError as error:
        message = f"${URL_VARIABLE}: {error}."
        raise Failure(message, CONFIGURATION) from None
    if not there.loopback:
        message = f"${URL_VARIABLE} names {there.name}, which is not this machine: name it by --to."
        raise Failure(message, CONFIGURATION)
    return there


def _read(file: Path, options: Options) -> Source:
    """Return what FILE holds. Raises RecordingError."""
    if str(file) != _STDIN:
        return source_of(file, options)
    return source_of_text(sys.stdin.buffer.read(), "stdin", options)


def _measured(resend: Resend, pace: Pace, *, as_webhooks: bool) -> Measure:
    """Read the source to its end first: a damaged file must not be half sent. Raises Failure."""
    name = resend.source.name
    try:
        measure = resend.measured(pace, as_webhooks=as_webhooks)
    except NoRequest as error:
        message = f"{error} Give --as SDK."
        raise Failure(message, FOUND) from None
    if measure.refused:
        requests = many(measure.refused, "request was", "requests were")
        when = f"when {name} was recorded" if resend.source.is_recording else f"(in {name})"
        click.echo(f"{requests} refused {when}, and cannot be sent again.", err=True)
    if not measure.items:
        near = _nearest(resend)
        message = (
            f"there is nothing to send in {name}: no line fits --only, --user and --from-line, or no call "
            f"became a webhook{near and f'; nearest: {near}'}."
        )
        raise Failure(message, FOUND)
    return measure


def _nearest(resend: Resend) -> str:
    """Return the conditions that may have been meant, '' for none."""
    unmet = Unmet(resend.only)
    for entry in resend.source.entries() if resend.only else ():
        for recorded in entry.calls:
            unmet.take(recorded.call)
    return unmet.nearest


def _shifted(resend: Resend, measure: Measure, shift_time: str | None, to: datetime) -> Resend:
    if shift_time is None or measure.first is None or not resend.source.is_recording:
        return resend
    return replace(resend, shift=to - measure.first)


def _store(
    file: Path, to: Destination, resend: Resend, shift_time: str | None, *, restart: bool
) -> ReplayStore:
    """Open the store of this replay; other content, another choice or destination has another one."""
    if str(file) == _STDIN:
        return opened_store(None, to, resend, restart=restart)
    chosen: list[Json] = [f"{key}={value}" for key, value in sorted(resend.only.items())]
    mapped = resend.setup.described() if resend.setup else None
    what: list[Json] = [str(file.resolve()), resend.source.digest, to.name, to.fingerprint]
    what += [resend.start, chosen, shift_time, mapped, resend.as_mapped.described()]
    return opened_store(what, to, resend, restart=restart)

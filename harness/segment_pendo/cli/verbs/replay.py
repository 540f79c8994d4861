"""`replay`: send a recording again: its webhooks to a destination, or its SDK requests to a home port."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import isfinite
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from segment_pendo.base.hosts import HOME_URL
from segment_pendo.base.prose import many
from segment_pendo.cli import credentials
from segment_pendo.cli.failure import FOUND, NOT_DELIVERED, Failure
from segment_pendo.cli.signals import Signals
from segment_pendo.pendo.regions import LOCAL_KEY, destination
from segment_pendo.recordings.files import load_header
from segment_pendo.recordings.pace import Item, Pace, replay
from segment_pendo.recordings.resend import CONDITIONS, Resend
from segment_pendo.segment.webhooks import Kind
from segment_pendo.segment.wire import SDKS
from segment_pendo.serve.client import Client, client, name_of
from segment_pendo.serve.delivery import over_http
from segment_pendo.serve.environment import SIGNING_KEY, secret
from segment_pendo.words import Destination, SdkRequest, Webhook

__all__ = ["command"]

_MOST_SHOWN: Final = 10


class _Finite(click.FloatRange):
    """A finite number with a minimum; NaN is refused, as it compares with nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


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


def _only(_ctx: click.Context, _param: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    for pair in pairs:
        name, equals, _ = pair.partition("=")
        if name not in CONDITIONS or not equals:
            message = (
                f"{pair!r} is not a condition; give {', '.join(f'{key}=...' for key in CONDITIONS[:-1])} "
                f"or {CONDITIONS[-1]}=..."
            )
            raise click.BadParameter(message)
    names = [pair.partition("=")[0] for pair in pairs]
    if len(set(names)) < len(names):
        message = "a key was given twice; give each key only once"
        raise click.BadParameter(message)
    return dict(pair.split("=", 1) for pair in pairs)


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
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
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
    help="With --at: encode the calls as this SDK does, instead of as recorded.",
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
    "--max-gap", type=_Finite(0), metavar="SECONDS", help="Shorten longer pauses of the recording to this."
)
@click.option(
    "--rate", type=_Finite(0.001), metavar="N", help="Send at most N webhooks or requests a second."
)
@click.option(
    "--only",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_only,
    help="Send only calls with this type, user, group, event, outcome or code; repeatable.",
)
@click.option("--user", help="The same as --only user=USER.")
@click.option(
    "--shift-time", type=click.Choice(["now"]), help="Move all times so that the recording begins now."
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=16,
    show_default=True,
    help="Send up to this many at the same time; the order of each user's calls is kept.",
)
@click.option(
    "--from-line", "start", type=click.IntRange(1), default=1, metavar="N", help="Begin at line N of FILE."
)
@click.option(
    "--dry-run", is_flag=True, help="Only print how much would be sent, and how long it would take."
)
def command(
    file: Path,
    to: str | None,
    api_key_file: Path | None,
    url: str | None,
    sdk: str | None,
    speed: float,
    max_gap: float | None,
    rate: float | None,
    only: dict[str, str],
    user: str | None,
    shift_time: str | None,
    concurrency: int,
    start: int,
    *,
    dry_run: bool,
) -> None:
    """Send the recording FILE again: its webhooks (--to), or its SDK requests (--at).

    --to names a Pendo for the webhooks, --at the URL of a home port for the SDK requests. Without both, the
    webhooks go to the loopback Pendo of a running `segment-pendo run` (http://127.0.0.1:4170).

    Ctrl-C waits for what is being sent, and says how to continue. Ends with 5 if something was not
    delivered.

    \b
    Examples:
      segment-pendo replay calls.jsonl
      segment-pendo replay calls.jsonl --at http://127.0.0.1:4170 --speed 10 --max-gap 5
      segment-pendo replay calls.jsonl --only type=identify --shift-time now --to eu
    """
    if to is not None and url is not None:
        message = "give --to for webhooks or --at for SDK requests, not both"
        raise click.UsageError(message)
    if sdk is not None and url is None:
        message = "--as encodes SDK requests; it needs --at URL"
        raise click.UsageError(message)
    where = None if url else credentials.find(to, api_key_file) or destination(HOME_URL, LOCAL_KEY)
    if user is not None:
        only["user"] = user
    resend = Resend(
        file,
        load_header(file),
        start,
        only,
        sdk=sdk,
        size=file.stat().st_size,
        signing_key=secret(SIGNING_KEY),
    )
    # Read to the end first: a damaged file must not be half sent.
    count, seconds, first, refused = resend.measured(
        Pace(speed, max_gap, rate), as_webhooks=where is not None
    )
    if refused:
        requests = many(refused, "request was", "requests were")
        click.echo(f"{requests} refused when {file} was recorded, and cannot be sent again.", err=True)
    if not count:
        message = (
            f"there is nothing to send in {file}: no line fits --only, --user and --from-line, or no call "
            "became a webhook."
        )
        raise Failure(message, FOUND)
    if shift_time is not None and first is not None:
        resend = replace(resend, shift=datetime.now(UTC) - first)
    target = _Target(where, url or "")
    if dry_run:
        click.echo(f"{many(count, target.noun)} would go to {target.name}, in {seconds:.1f} s or more.")
        return
    sys.exit(asyncio.run(_replay(resend, target, Pace(speed, max_gap, rate), count, concurrency)))


@dataclass(frozen=True, slots=True)
class _Target:
    """The target: a destination for webhooks, or the URL of an ingest for SDK requests."""

    to: Destination | None
    url: str

    @property
    def name(self) -> str:
        return self.to.name if self.to is not None else name_of(self.url)

    @property
    def noun(self) -> str:
        return "webhook" if self.to is not None else "request"

    def items(self, resend: Resend, client: Client) -> Iterator[Item]:
        to = self.to
        if to is None:
            return resend.requests(self._asking(client))

        async def post_it(webhook: Webhook, kind: Kind) -> str:
            answer = await over_http(client, to, kind)(webhook)
            return answer.wrong

        return resend.webhooks(post_it)

    def _asking(self, client: Client) -> Callable[[SdkRequest], Awaitable[str]]:
        async def ask(request: SdkRequest) -> str:
            answer = await client.send(self.url, request)
            return "" if answer.status == 200 else answer.wrong or f"{self.name} answered {answer.status}"

        return ask


async def _replay(resend: Resend, target: _Target, pace: Pace, count: int, concurrency: int) -> int:
    signals, stop = Signals(), asyncio.Event()
    waiting = asyncio.create_task(_stop_at(signals, stop))
    failures: list[str] = []
    ended = failed = 0
    with ExitStack() as stack:
        bar = (
            stack.enter_context(click.progressbar(length=count, label=resend.file.name, file=sys.stderr))
            if sys.stderr.isatty()
            else None
        )

        def report(item: Item, wrong: str) -> None:
            nonlocal ended, failed
            ended += 1
            if bar is not None:
                bar.update(1)
            if wrong:
                failed += 1
                if len(failures) < _MOST_SHOWN:
                    failures.append(f"{resend.file}:{item.line}: {wrong}")
                if failed == ended >= concurrency:  # nobody is there
                    stop.set()

        async with client() as opened:
            left = await replay(
                target.items(resend, opened), pace, report, concurrency=concurrency, stop=stop
            )
    waiting.cancel()
    for line in failures:
        click.echo(line, err=True)
    if failed > len(failures):
        click.echo(f"... and {failed - len(failures)} more", err=True)
    if failed == ended > 0 and (target.to is None or target.to.loopback):
        click.echo("Is segment-pendo running there? Start it with: segment-pendo run", err=True)
        left = None  # nothing was delivered, so there is no line to continue from
    rest = f"; stopped, continue with --from-line {left}" if left is not None else ""
    click.echo(f"{ended - failed} of {many(count, target.noun)} delivered to {target.name}{rest}")
    return NOT_DELIVERED if failed or stop.is_set() else 0


async def _stop_at(signals: Signals, stop: asyncio.Event) -> None:
    await signals.next()
    stop.set()
    signals.end_at_once(lambda: click.echo("Ended at once, in the middle of what was being sent.", err=True))

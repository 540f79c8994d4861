"""`replay`: what was recorded, sent again: its webhooks to a destination, or its SDK requests to a door."""

import asyncio
import sys
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from segment_pendo.base import times
from segment_pendo.cli import credentials
from segment_pendo.cli.failure import CONFIGURATION, FOUND, NOT_DELIVERED, Failure
from segment_pendo.explain.teller import many
from segment_pendo.mapping.assess import chain_of
from segment_pendo.pendo.regions import LOCAL_KEY, destination
from segment_pendo.recordings.format import Entry, Header, Judge, RecordedCall, RecordingError
from segment_pendo.recordings.pace import Item, Pace, replay
from segment_pendo.recordings.recorder import load, load_header
from segment_pendo.segment import webhooks
from segment_pendo.segment.wire import SDKS, requests
from segment_pendo.serve.delivery import post, session
from segment_pendo.serve.environment import SIGNING_KEY, secret
from segment_pendo.serve.session import Signals
from segment_pendo.words import Destination, Json, JsonObject, SdkRequest, Webhook

if TYPE_CHECKING:
    import aiohttp

__all__ = ["command"]

_HOME: Final = "http://127.0.0.1:4170"
_MOST_SHOWN: Final = 10
_TIMED: Final = ("timestamp", "sentAt", "originalTimestamp")
# What an SDK makes itself, and so makes anew.
_MADE: Final = frozenset({"messageId", "timestamp", "sentAt", "writeKey", "_metadata", "channel"})
_KEYS: Final = ("type", "user", "group", "event", "outcome", "code")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What of the file is sent, and how."""

    file: Path
    header: Header
    start: int
    only: dict[str, str]
    shift: timedelta | None
    sdk: str | None
    to: Destination | None
    at: str
    size: int  # what was there at the start: a recorder may be writing to it
    signing_key: str = field(repr=False)

    @property
    def target(self) -> str:
        """Where it goes, in words; a URL may hold a password before its host."""
        return self.to.name if self.to is not None else urlsplit(self.at).netloc.rpartition("@")[2]


class _Finite(click.FloatRange):
    """A number from a least one on, and no NaN, which compares with nothing."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        number = super().convert(value, param, ctx)
        if not isfinite(number):
            self.fail(f"{value!r} is no number to count with", param, ctx)
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
        if name not in _KEYS or not equals:
            message = f"{pair!r} is no condition: write one of {', '.join(f'{key}=...' for key in _KEYS)}"
            raise click.BadParameter(message)
    names = [pair.partition("=")[0] for pair in pairs]
    if len(set(names)) < len(names):
        message = "each key counts once; give one value for each"
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
        message = "it must be a URL, such as http://127.0.0.1:4170"
        raise click.BadParameter(message)
    return value.rstrip("/")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@credentials.to_option
@credentials.key_file_option
@click.option("--at", "url", metavar="URL", callback=_url, help="Send the SDK requests instead, to this door or ingest URL.")
@click.option("--as", "sdk", type=click.Choice(list(SDKS)), help="With --at: encode the calls as this SDK does, not as recorded.")
@click.option(
    "--speed", metavar="original|N|max", default="max", show_default=True, callback=_speed, help="N: so many times as fast as recorded."
)
@click.option("--max-gap", type=_Finite(0), metavar="SECONDS", help="Cut longer pauses of the recording.")
@click.option("--rate", type=_Finite(0.001), metavar="N", help="Send at most N a second.")
@click.option(
    "--only",
    multiple=True,
    metavar="KEY=VALUE",
    callback=_only,
    help="Only calls with this type, user, group, event, outcome or code; repeatable.",
)
@click.option("--user", help="The same as --only user=USER.")
@click.option("--shift-time", type=click.Choice(["now"]), help="Move all times so that the recording begins now.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=16,
    show_default=True,
    help="How many are on their way at once; order is kept for each user.",
)
@click.option("--from-line", "start", type=click.IntRange(1), default=1, metavar="N", help="Begin at line N of FILE.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, and how long it would take.")
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
    """Send the recording FILE again: its webhooks to a destination (--to), or its SDK requests to a door (--at).

    Without both, the webhooks go to the loopback Pendo of a running `segment-pendo run` (http://127.0.0.1:4170). Ctrl-C lets what is on its
    way end and says how to go on. Ends with 5 if something was not delivered.

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
    where = None if url else credentials.find(to, api_key_file) or destination(_HOME, LOCAL_KEY)
    if user is not None:
        only["user"] = user
    pace = Pace(speed, max_gap, rate)
    try:
        plan = _Plan(file, load_header(file), start, only, None, sdk, where, url or "", file.stat().st_size, secret(SIGNING_KEY))
        # Read to the end first: a damaged file must not be half sent.
        count, seconds, first = _measured(plan, pace)
    except RecordingError as error:
        raise Failure(str(error), CONFIGURATION) from None
    if not count:
        message = f"nothing in {file} is to be sent: no line fits --only, --user and --from-line, or no call became a webhook."
        raise Failure(message, FOUND)
    if shift_time is not None and first is not None:
        plan = replace(plan, shift=datetime.now(UTC) - first)
    noun = "webhook" if where else "request"
    if dry_run:
        click.echo(f"{many(count, noun)} would go to {plan.target}, in {seconds:.1f} s or more.")
        return
    sys.exit(asyncio.run(_replay(plan, replace(pace, _due=0, _before=None), count, noun, concurrency)))


def _measured(plan: _Plan, pace: Pace) -> tuple[int, float, datetime | None]:
    """How many will be sent, how long that takes at least, and when the first was received."""
    count, seconds, first = 0, 0.0, None
    for entry in _chosen(plan):
        if plan.to is None:
            due = [entry.calls[0].at] * len(_requests(plan.sdk, entry))
        else:
            due = [one.at for one in entry.calls if one.body is not None]
        for at in due:
            count += 1
            first = first or at
            seconds = pace.due(at)
    return count, seconds, first


def _chosen(plan: _Plan) -> Iterator[Entry]:
    """The entries with those calls that were asked for; none without any."""
    for entry in load(plan.file, plan.size):
        calls = [one for one in entry.calls if one.number >= plan.start and _is_wanted(entry, one, plan.only)]
        if calls:
            yield replace(entry, calls=calls)


def _is_wanted(entry: Entry, one: RecordedCall, only: dict[str, str]) -> bool:
    call = one.call if isinstance(one.call, dict) else {}
    values: dict[str, Json] = {
        "type": entry.type_of(one) if "type" in only else None,
        "user": call.get("userId"),
        "group": call.get("groupId"),
        "event": call.get("event"),
        "outcome": one.outcome,
        "code": one.code,
    }
    found = set(one.findings) | {one.code}
    return all(value in found if key == "code" else str(values[key]) == value for key, value in only.items())


def _shifted(entry: Entry, shift: timedelta) -> Entry:
    return replace(entry, calls=[_shifted_call(one, shift) for one in entry.calls])


def _shifted_call(one: RecordedCall, shift: timedelta) -> RecordedCall:
    call = one.call
    if isinstance(call, dict):
        call = {key: _moved(value, shift) if key in _TIMED else value for key, value in call.items()}
    return replace(one, call=call, at=one.at + shift, sent_at=tuple(_moved(value, shift) for value in one.sent_at))


def _moved(value: Json, shift: timedelta) -> Json:
    at = times.parse(value)
    try:
        return value if at is None else times.text(at + shift)
    except OverflowError:
        return value


def _webhook_items(plan: _Plan, to: Destination, client: "aiohttp.ClientSession") -> Iterator[Item]:
    kind, judge_of = plan.header.setup.kind, Judge(plan.header.setup)
    for entry in _chosen(plan):
        bodies = [one.body for one in entry.calls]
        if plan.shift is not None:
            moved = _shifted(entry, plan.shift)
            bodies = [j.outcome.body.decode() if isinstance(j.outcome, Webhook) else None for j in judge_of.entry(moved)]
        for one, body in zip(entry.calls, bodies, strict=True):
            if body is not None:
                webhook = webhooks.signed(Webhook(body.encode(), plan.header.headers), kind, plan.signing_key)
                yield Item(one.number, one.at, chain_of(one.call), _poster(client, to, webhook, kind))


def _poster(client: "aiohttp.ClientSession", to: Destination, webhook: Webhook, kind: webhooks.Kind) -> Any:
    async def send() -> str:
        attempt = await post(client, to, webhook, kind)
        return "" if attempt.state == "delivered" else attempt.detail

    return send


def _request_items(plan: _Plan, client: "aiohttp.ClientSession") -> Iterator[Item]:
    for entry in _chosen(plan):
        moved = entry if plan.shift is None else _shifted(entry, plan.shift)
        first = moved.calls[0]
        # Calls of one batch may be of many users: batches keep the order of the file.
        chain = chain_of(first.call) if len(moved.calls) == 1 else ""
        for request in _requests(plan.sdk, moved):
            yield Item(first.number, entry.calls[0].at, chain, _asker(client, plan, request))


def _requests(sdk: str | None, entry: Entry) -> list[SdkRequest]:
    if sdk is None:
        return [entry.sdk_request()]
    calls: list[JsonObject] = []
    for one in entry.calls:
        if isinstance(one.call, dict):
            call = {key: value for key, value in one.call.items() if key not in _MADE}
            context = call.get("context")
            if isinstance(context, dict):
                call["context"] = {key: value for key, value in context.items() if key != "library"}
            calls.append({"type": entry.type_of(one), **call})
    return requests(calls, sdk, write_key="WRITE_KEY_1", at=entry.calls[0].at, unique=lambda: str(uuid.uuid4()))


def _asker(client: "aiohttp.ClientSession", plan: _Plan, request: SdkRequest) -> Any:
    async def send() -> str:
        import aiohttp  # noqa: PLC0415 - only who sends pays for it
        from yarl import URL  # noqa: PLC0415

        url = URL(plan.at + request.path + (f"?{request.query}" if request.query else ""), encoded=True)
        try:
            async with client.request(request.method, url, data=request.body or None, headers=dict(request.headers)) as answer:
                await answer.content.read(65536)
                return "" if answer.status == 200 else f"{plan.target} answered {answer.status}"
        except TimeoutError:
            return f"no answer from {plan.target} in time"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return f"the exchange with {plan.target} failed: {type(error).__name__}"

    return send


async def _replay(plan: _Plan, pace: Pace, count: int, noun: str, concurrency: int) -> int:
    signals, stop = Signals(), asyncio.Event()
    waiting = asyncio.create_task(_stop_at(signals, stop))
    failures: list[str] = []
    ended = failed = 0
    with ExitStack() as stack:
        bar = stack.enter_context(click.progressbar(length=count, label=plan.file.name, file=sys.stderr)) if sys.stderr.isatty() else None

        def told(item: Item, wrong: str) -> None:
            nonlocal ended, failed
            ended += 1
            if bar is not None:
                bar.update(1)
            if wrong:
                failed += 1
                if len(failures) < _MOST_SHOWN:
                    failures.append(f"{plan.file}:{item.line}: {wrong}")
                if failed == ended >= concurrency:  # nobody is there
                    stop.set()

        async with session() as client:
            items = _webhook_items(plan, plan.to, client) if plan.to is not None else _request_items(plan, client)
            try:
                left = await replay(items, pace, told, concurrency=concurrency, stop=stop)
            except RecordingError as error:  # changed since it was read
                raise Failure(str(error), CONFIGURATION) from None
    waiting.cancel()
    for line in failures:
        click.echo(line, err=True)
    if failed > len(failures):
        click.echo(f"... and {failed - len(failures)} more", err=True)
    if failed == ended > 0 and (plan.to is None or plan.to.loopback):
        click.echo("Is segment-pendo running there? Start it with: segment-pendo run", err=True)
        left = None  # there is nothing to go on from
    rest = f"; stopped, go on with --from-line {left}" if left is not None else ""
    click.echo(f"{ended - failed} of {many(count, noun)} delivered to {plan.target}{rest}")
    return NOT_DELIVERED if failed or stop.is_set() else 0


async def _stop_at(signals: Signals, stop: asyncio.Event) -> None:
    await signals.next()
    stop.set()

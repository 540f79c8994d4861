"""`map`: calls or SDK requests in, one row for each call out. Imports neither mitmproxy nor aiohttp."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import BinaryIO

import click

from segment_pendo import calls_file, js_json, recording, rows
from segment_pendo.calls_file import Item
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, FOUND, Failure
from segment_pendo.mapping import Trigger, assess, judge, judge_message
from segment_pendo.segment import ingest, times
from segment_pendo.words import Batch, Call, JsonObject, Message, Receipt, SdkRequest

__all__ = ["command", "map_rows"]


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--received-at", "received", metavar="TIME", help="The time at which Segment receives each call (ISO 8601); fixes the clock.")
@click.option("--track", is_flag=True, help="Select track calls too.")
@click.option("--no-ingest", is_flag=True, help="Take each value as a message that a destination already sees.")
def command(file: BinaryIO, received: str | None, *, track: bool, no_ingest: bool) -> None:
    """Turn the calls in FILE (or stdin) into webhooks, one JSON row for each call.

    FILE holds calls, captured requests or a recording: one JSON value a line, an array, or one indented value.
    A row has line, index, type, user, group, outcome (webhook or skipped), code and reason, body, headers, findings; a value
    that is no call gives {"line", "error": {"code", "message"}}, and the end is 1.
    """
    at = times.parse(received) if received is not None else datetime.now(UTC)
    if at is None:
        message = "--received-at takes an ISO 8601 time such as 2024-05-09T10:00:00Z."
        raise click.BadParameter(message)
    count = failed = 0
    name = getattr(file, "name", "stdin")
    try:
        trigger = Trigger(track=track)
        for row in map_rows(file.read(), at=at, fixed=received is not None, trigger=trigger, ingest_first=not no_ingest, name=name):
            count += 1
            failed += "error" in row
            sys.stdout.write(rows.dumps(row) + "\n")
        sys.stdout.flush()
    except recording.RecordingError as error:
        raise Failure(str(error), CONFIGURATION) from None
    except BrokenPipeError:
        raise  # click ends quietly
    except OSError as error:
        message = f"{name} cannot be read, or the output not be written: {error.strerror}."
        raise Failure(message, CANNOT_START) from None
    if failed:
        click.echo(f'{name}: {failed} of {count} rows are errors (look for "error")', err=True)
    sys.exit(FOUND if failed else 0)


def map_rows(
    data: bytes, *, at: datetime, fixed: bool, trigger: Trigger, ingest_first: bool = True, name: str = "stdin"
) -> Iterator[JsonObject]:
    """The rows of an input. Raises RecordingError for a damaged recording, nothing else."""
    if recording.is_recording(data):
        lines = data.splitlines(keepends=True)
        for recorded in recording.requests(lines, name):
            when = at if fixed or recorded.at is None else recorded.at
            yield from _request_rows(recorded.request, recorded.lines, when, trigger)
        return
    for item in calls_file.items(data):
        if item.error is not None:
            yield rows.error_row(item.line, *item.error)
        elif item.request is not None:
            if ingest_first:
                yield from _request_rows(item.request, [item.line], at, trigger)
            else:
                yield rows.error_row(item.line, "not_a_message", "--no-ingest takes messages, and this is a captured request.")
        elif item.call is not None:
            yield from _call_rows(item, item.call, at, trigger, ingest_first=ingest_first)


def _request_rows(request: SdkRequest, lines: list[int], at: datetime, trigger: Trigger) -> Iterator[JsonObject]:
    receipt = assess(request, id=str(lines[0]), at=at, trigger=trigger)
    if receipt.refusal:
        yield rows.error_row(lines[0], receipt.refusal.code, receipt.refusal.message)
    for judged in receipt.judged:
        line = lines[judged.call.index] if judged.call.index < len(lines) else lines[0]
        yield rows.call_row(receipt, judged, line=line)


def _call_rows(item: Item, data: JsonObject, at: datetime, trigger: Trigger, *, ingest_first: bool) -> Iterator[JsonObject]:
    kind = data.get("type")
    if not isinstance(kind, str):
        if isinstance(data.get("batch"), list) and ingest_first:
            request = SdkRequest("POST", "/v1/batch", body=js_json.keep(data))
            yield from _request_rows(request, [item.line], at, trigger)
        else:
            yield rows.error_row(item.line, "not_a_call", "This object has no type; expected a call or a captured request.")
        return
    call = Call(0, kind, data)
    name = str(item.line)
    if not ingest_first:
        judged = judge_message(Message(call, data), ordinary=item.ordinary, trigger=trigger)
    else:
        size = len(js_json.write(data, ordinary=item.ordinary))
        if size > ingest.MAX_SINGLE:
            yield rows.error_row(item.line, "too_large", f"The call has {size:,} bytes; Segment answers 400 above 32 KB for one call.")
            return
        key = data.get("writeKey")
        batch = Batch(
            (call,),
            single=True,
            client=False,
            ordinary=item.ordinary,
            envelope={},
            size=size,
            write_key=key if isinstance(key, str) else None,
        )
        judged = judge(call, batch, at=at, ip="127.0.0.1", seed=name, trigger=trigger)
    receipt = Receipt(name, at, SdkRequest("POST", ""), ingest.accepted(SdkRequest("POST", "")), (judged,))
    yield rows.call_row(receipt, judged, line=item.line)

"""`map`: calls or SDK requests in, one row for each call out. Imports neither mitmproxy nor aiohttp."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import BinaryIO

import click
from click.core import ParameterSource

from segment_pendo import calls_file, js_json, recording, rows
from segment_pendo.calls_file import Item
from segment_pendo.cli import setup as setup_of
from segment_pendo.cli.failure import CANNOT_START, CONFIGURATION, FOUND, Failure
from segment_pendo.history import History
from segment_pendo.mapping import Setup, assess, judge, judge_message
from segment_pendo.segment import ingest, server, times
from segment_pendo.segment.switches import Switches
from segment_pendo.words import Call, JsonObject, Message, Receipt, SdkRequest

__all__ = ["command", "map_rows"]


@click.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--received-at", "received", metavar="TIME", help="The time at which Segment receives each call (ISO 8601); fixes the clock.")
@setup_of.setup_options
@click.option("--no-ingest", is_flag=True, help="Take each value as a message that a destination already sees.")
def command(file: BinaryIO, received: str | None, webhook: str, switches: Switches, *, track: bool, no_ingest: bool) -> None:
    """Turn the calls in FILE (or stdin) into webhooks, one JSON row for each call.

    FILE holds calls, captured requests or a recording: one JSON value a line, an array, or one indented value. A recording is mapped
    with the options it was recorded with, unless --track, --webhook or --model is given.
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
        setup = setup_of.read(track=track, webhook=webhook, switches=switches)
        options = click.get_current_context()
        given = any(options.get_parameter_source(name) != ParameterSource.DEFAULT for name in ("track", "webhook", "switches"))
        made = map_rows(
            file.read(),
            at=at,
            fixed=received is not None,
            setup=setup,
            ingest_first=not no_ingest,
            as_recorded=not given,
            name=name,
        )
        for row in made:
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
    data: bytes, *, at: datetime, fixed: bool, setup: Setup, ingest_first: bool = True, as_recorded: bool = True, name: str = "stdin"
) -> Iterator[JsonObject]:
    """The rows of an input; a recording is mapped as it was recorded, unless not `as_recorded`. Raises RecordingError for a damaged one."""
    history = History()
    if recording.is_recording(data):
        yield from _recorded_rows(data.splitlines(keepends=True), name, at if fixed else None, setup, as_recorded=as_recorded)
        return
    for item in calls_file.items(data):
        if item.error is not None:
            yield rows.error_row(item.line, *item.error)
        elif item.request is not None:
            if ingest_first:
                yield from _request_rows(item.request, [item.line], at, setup, history)
            else:
                yield rows.error_row(item.line, "not_a_message", "--no-ingest takes messages, and this is a captured request.")
        elif item.call is not None:
            yield from _call_rows(item, item.call, at, setup, history, ingest_first=ingest_first)


def _recorded_rows(lines: list[bytes], name: str, at: datetime | None, setup: Setup, *, as_recorded: bool) -> Iterator[JsonObject]:
    reading = recording.read(lines, name)
    judge_of = recording.Judge(setup.like(reading.header.setup.described()) if as_recorded else setup)
    for entry in reading.entries:
        request = entry.sdk_request()
        calls = entry.calls if at is None else [replace(one, at=at) for one in entry.calls]
        for index, judged in enumerate(judge_of.entry(replace(entry, calls=calls))):
            receipt = Receipt(str(calls[index].number), calls[index].at, request, ingest.accepted(request), (judged,))
            yield rows.call_row(receipt, judged, line=calls[index].number)


def _request_rows(request: SdkRequest, lines: list[int], at: datetime, setup: Setup, history: History) -> Iterator[JsonObject]:
    receipt = history.told(assess(request, id=str(lines[0]), at=at, setup=setup))
    if receipt.refusal:
        yield rows.error_row(lines[0], receipt.refusal.code, receipt.refusal.message)
    for judged in receipt.judged:
        line = lines[judged.call.index] if judged.call.index < len(lines) else lines[0]
        yield rows.call_row(receipt, judged, line=line)


def _call_rows(item: Item, data: JsonObject, at: datetime, setup: Setup, history: History, *, ingest_first: bool) -> Iterator[JsonObject]:
    kind = data.get("type")
    if not isinstance(kind, str):
        if isinstance(data.get("batch"), list) and ingest_first:
            request = SdkRequest("POST", "/v1/batch", body=js_json.keep(data))
            yield from _request_rows(request, [item.line], at, setup, history)
        else:
            yield rows.error_row(item.line, "not_a_call", "This object has no type; expected a call or a captured request.")
        return
    call = Call(0, kind, data)
    name = str(item.line)
    if not ingest_first:
        judged = judge_message(Message(call, data), ordinary=item.ordinary, setup=setup)
    else:
        size = len(js_json.write(data, ordinary=item.ordinary))
        if size > ingest.MAX_SINGLE:
            yield rows.error_row(item.line, "too_large", f"The call has {size:,} bytes; Segment answers 400 above 32 KB for one call.")
            return
        key = data.get("writeKey")
        batch = ingest.alone(call, size, key if isinstance(key, str) else None, ordinary=item.ordinary)
        judged = judge(call, batch, at=at, ip="127.0.0.1", message_id=partial(server.message_id, f"{name}.0", call, batch), setup=setup)
    receipt = Receipt(name, at, SdkRequest("POST", ""), ingest.accepted(SdkRequest("POST", "")), (judged,))
    yield rows.call_row(receipt, history.judged(judged, at), line=item.line)

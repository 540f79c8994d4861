"""`send`: make a call without an app, in the wire form of an SDK."""

import asyncio
import sys
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, BinaryIO, Final

import click

from segment_pendo.base import js_json
from segment_pendo.base.hosts import HOME_URL
from segment_pendo.cli.failure import CONFIGURATION, FOUND, NOT_DELIVERED, Failure
from segment_pendo.cli.help_groups import Suggesting
from segment_pendo.cli.instance import meant
from segment_pendo.cli.options.instance import url_option
from segment_pendo.cli.running import nobody, stranger
from segment_pendo.recordings.reading import calls_file
from segment_pendo.segment.wire import SDKS, requests
from segment_pendo.serve.client import Answer, client
from segment_pendo.words import Json, JsonObject, SdkRequest

__all__ = ["command"]

_TIMEOUT: Final = 10
_UNKNOWN_PATH: Final = frozenset({404, 405, 501})


@click.group(name="send", cls=Suggesting)
def command() -> None:
    """Send a call to a running `segment-pendo run`, or to any URL, as an SDK of Segment sends it.

    \b
    Examples:
      segment-pendo send identify u-1 --trait plan=pro
      segment-pendo send track u-1 "Signed Up" --as node
      segment-pendo send batch calls.jsonl
    """


def _common(function: Callable[..., None]) -> Callable[..., None]:
    options = [
        url_option("A running segment-pendo, or Segment's ingest; a path is kept as a prefix."),
        click.option(
            "--as",
            "sdk",
            type=click.Choice(list(SDKS)),
            default="python",
            show_default=True,
            help="Send in the wire form of this SDK.",
        ),
        click.option(
            "--write-key",
            default="SEND_WRITE_KEY",
            show_default=True,
            help="Segment's write key, which an SDK sends along.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _call_options(function: Callable[..., None]) -> Callable[..., None]:
    options = [
        click.option(
            "--trait",
            "--property",
            "texts",
            multiple=True,
            metavar="K=V",
            help="A trait or property whose value is a text; repeatable.",
        ),
        click.option(
            "--trait-json",
            "--property-json",
            "jsons",
            multiple=True,
            metavar="K=JSON",
            help="A trait or property whose value is JSON; repeatable.",
        ),
        click.option("--anonymous-id", metavar="ID", help="The anonymousId of the user."),
    ]
    for option in reversed(options):
        function = option(function)
    return _common(function)


def _facts(name: str, texts: tuple[str, ...], jsons: tuple[str, ...]) -> JsonObject:
    facts: JsonObject = {}
    for pair, is_json in [*((text, False) for text in texts), *((text, True) for text in jsons)]:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            message = f"{pair!r} is not KEY=VALUE."
            raise click.BadParameter(message)
        try:
            facts[key] = js_json.read(value.encode("utf-8", "surrogateescape")).value if is_json else value
        except (ValueError, RecursionError):
            message = (
                f"the value of {key!r} is not JSON; put texts in double quotes, or give them with --trait."
            )
            raise click.BadParameter(message) from None
    return {name: facts} if facts else {}


def _given(**values: str | None) -> JsonObject:
    return {key: value for key, value in values.items() if value is not None}


@command.command()
@click.argument("user", required=False)
@_call_options
def identify(
    user: str | None, anonymous_id: str | None, texts: tuple[str, ...], jsons: tuple[str, ...], **how: Any
) -> None:
    """Send an identify call: the traits of a user."""
    _send(
        [
            {"type": "identify", **_given(userId=user, anonymousId=anonymous_id)}
            | _facts("traits", texts, jsons)
        ],
        **how,
    )


@command.command()
@click.argument("group")
@click.argument("user", required=False)
@_call_options
def group(
    group: str,
    user: str | None,
    anonymous_id: str | None,
    texts: tuple[str, ...],
    jsons: tuple[str, ...],
    **how: Any,
) -> None:
    """Send a group call: the traits of a group, to which the user then belongs."""
    _send(
        [
            {"type": "group", **_given(userId=user, anonymousId=anonymous_id), "groupId": group}
            | _facts("traits", texts, jsons)
        ],
        **how,
    )


@command.command()
@click.argument("user")
@click.argument("event")
@_call_options
def track(
    user: str,
    event: str,
    anonymous_id: str | None,
    texts: tuple[str, ...],
    jsons: tuple[str, ...],
    **how: Any,
) -> None:
    """Send a track call: what a user did."""
    _send(
        [
            {"type": "track", **_given(userId=user, anonymousId=anonymous_id, event=event)}
            | _facts("properties", texts, jsons)
        ],
        **how,
    )


@command.command()
@click.argument("user")
@click.argument("name", required=False)
@_call_options
def page(
    user: str,
    name: str | None,
    anonymous_id: str | None,
    texts: tuple[str, ...],
    jsons: tuple[str, ...],
    **how: Any,
) -> None:
    """Send a page call: a page that a user saw."""
    _send(
        [
            {"type": "page", **_given(userId=user, anonymousId=anonymous_id, name=name)}
            | _facts("properties", texts, jsons)
        ],
        **how,
    )


@command.command()
@click.argument("file", type=click.File("rb"), default="-")
@_common
def batch(file: BinaryIO, **how: Any) -> None:
    """Send every call in FILE (or stdin), which has a JSON object on each line."""
    calls: list[JsonObject] = []
    for item in calls_file.items(file.read()):
        if item.call is None or not isinstance(item.call.get("type"), str):
            reason = item.error[1] if item.error else "this is not a call: it has no type."
            message = f"line {item.line}: {reason} Nothing was sent."
            raise Failure(message, CONFIGURATION)
        calls.append(item.call)
    _send(calls, **how)


def _send(calls: list[JsonObject], *, url: str, sdk: str, write_key: str) -> None:
    if not url.startswith(("http://", "https://")):
        message = f"--url: {url!r} is not an http or https URL; give one such as {HOME_URL}."
        raise Failure(message, CONFIGURATION)
    url = meant(url)
    batches = requests(
        calls, sdk, write_key=write_key, at=datetime.now(UTC), unique=lambda: str(uuid.uuid4())
    )
    sys.exit(asyncio.run(_post(batches, url.rstrip("/"))))


async def _post(batches: list[SdkRequest], url: str) -> int:
    code = 0
    async with client() as opened:
        for request in batches:
            answer = await opened.send(url, request, seconds=_TIMEOUT)
            if answer.status is None and answer.perhaps_taken:
                message = f"{answer.wrong}. The calls may have arrived there all the same."
                raise Failure(message, NOT_DELIVERED)
            if answer.status is None:
                raise nobody(url, answer.wrong)
            if _is_page(answer):
                raise stranger(url, answer.wrong or f"it answered {answer.status} with a page", "takes calls")
            said: Json = {
                "path": request.path,
                "status": answer.status,
                "answer": answer.body.decode("utf-8", "replace")[:500],
            }
            click.echo(js_json.ascii_only(js_json.write(said).decode()))
            if answer.is_redirect:
                message = (
                    f"{answer.wrong}. Give the address that it points to as --url, if your calls belong "
                    "there."
                )
                raise Failure(message, NOT_DELIVERED)
            code = code if answer.status == 200 else FOUND
    return code


def _is_page(answer: Answer) -> bool:
    """Whether another program answered: with a page, or with words for a path that it does not know."""
    if answer.is_redirect:
        return False
    return answer.body.lstrip()[:1] == b"<" or (
        answer.status in _UNKNOWN_PATH and answer.body.lstrip()[:1] not in {b"", b"{"}
    )

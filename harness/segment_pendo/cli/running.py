"""What a running segment-pendo, or a Pendo, answers to a GET."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import click

from segment_pendo.base.js_json import read
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.pendo.regions import is_loopback

__all__ = ["Answer", "at_option", "calls", "get", "is_url"]

_SECONDS: Final = 30.0
_PAGE: Final = "1000"
DEFAULT: Final = "http://127.0.0.1:4170"
at_option = click.option(
    "--url",
    "url",
    metavar="URL",
    envvar="SEGMENT_PENDO_URL",
    default=DEFAULT,
    show_default=True,
    help="A running segment-pendo.",
)


class Answer:
    """Status and, where it is JSON, the value."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        try:
            self.value: Any = read(body).value if body else None
        except (ValueError, RecursionError):
            self.value = None

    @property
    def error(self) -> str:
        said = self.value.get("error") if isinstance(self.value, dict) else None
        return said if isinstance(said, str) else f"it answered {self.status}"


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def get(base: str, path: str, query: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Answer:
    """One GET; redirects are not followed. Failure (exit 4) where nobody answers; neither headers nor query are told of."""
    return asyncio.run(_get(base, path, query or {}, headers or {}))


def calls(url: str, filters: dict[str, str], *, code: int) -> Iterator[Any]:
    """The rows of every call of a running instance that match, page by page. Failure with `code` where there is none."""
    after = ""
    while True:
        answer = get(url, "/_/calls", {**filters, "limit": _PAGE, "after": after})
        found = answer.value.get("calls") if answer.status == 200 and isinstance(answer.value, dict) else None
        if not isinstance(found, list):
            message = f"{url} is no running segment-pendo: {answer.error}."
            raise Failure(message, code)
        yield from found
        if not found:
            return
        after = str(answer.value["next"])


async def _get(base: str, path: str, query: dict[str, str], headers: dict[str, str]) -> Answer:
    import aiohttp  # noqa: PLC0415 - only who asks pays for it
    from yarl import URL  # noqa: PLC0415

    if "@" in base:
        message = "the URL may hold no user and no password."
        raise click.BadParameter(message)
    if not is_url(base):
        message = f"{base!r} is no URL such as {DEFAULT}."
        raise click.BadParameter(message)
    try:
        url = URL(base.rstrip("/")).joinpath(path.lstrip("/"), encoded=True).with_query(query)
    except ValueError:
        message = f"{base!r} is no URL such as {DEFAULT}."
        raise click.BadParameter(message) from None
    hint = " Start one with: segment-pendo run" if is_loopback(url.host or "") else ""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as client,
            client.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            return Answer(answer.status, await answer.read())
    except TimeoutError:
        message = f"{url.host} did not answer within {_SECONDS:g} s."
    except (aiohttp.ClientError, OSError, ValueError):
        message = f"nobody answers at {url.host}:{url.port}.{hint}"
    raise Failure(message, CANNOT_START)

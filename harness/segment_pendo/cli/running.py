"""What a running segment-pendo, or a Pendo, answers to a GET."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import click

from segment_pendo.base.hosts import HOME_URL, is_loopback
from segment_pendo.base.js_json import read
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.serve.client import Answer as Exchange
from segment_pendo.serve.client import client

__all__ = ["Answer", "at_option", "calls", "get", "is_url"]

_PAGE: Final = "1000"
at_option = click.option(
    "--url",
    "url",
    metavar="URL",
    envvar="SEGMENT_PENDO_URL",
    default=HOME_URL,
    show_default=True,
    help="A running segment-pendo.",
)


class Answer:
    """Status and, where it is JSON, the value."""

    def __init__(self, answer: Exchange) -> None:
        self.status = answer.status
        self._wrong = answer.wrong
        try:
            self.value: Any = read(answer.body).value if answer.body else None
        except (ValueError, RecursionError):
            self.value = None

    @property
    def error(self) -> str:
        said = self.value.get("error") if isinstance(self.value, dict) else None
        return said if isinstance(said, str) else self._wrong or f"it answered {self.status}"


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def get(
    base: str, path: str, query: dict[str, str] | None = None, headers: dict[str, str] | None = None
) -> Answer:
    """One GET; redirects are not followed.

    Failure (exit 4) where nobody answers; neither headers nor query are told of.
    """
    return asyncio.run(_get(base, path, query or {}, headers or {}))


def calls(url: str, filters: dict[str, str], *, code: int) -> Iterator[Any]:
    """The rows of every call of a running instance that match, page by page.

    Failure with `code` where there is none.
    """
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
    from yarl import URL  # noqa: PLC0415 - only who asks pays for it

    if "@" in base:
        message = "the URL may hold no user and no password."
        raise click.BadParameter(message)
    if not is_url(base):
        message = f"{base!r} is no URL such as {HOME_URL}."
        raise click.BadParameter(message)
    try:
        url = URL(base.rstrip("/")).joinpath(path.lstrip("/"), encoded=True).with_query(query)
        host = url.host or ""
    except ValueError:
        message = f"{base!r} is no URL such as {HOME_URL}."
        raise click.BadParameter(message) from None
    async with client() as opened:
        answer = await opened.ask("GET", str(url), headers=headers, most=None)
    if answer.status is None:
        hint = " Start one with: segment-pendo run" if is_loopback(host) else ""
        message = f"{answer.wrong}.{hint}"
        raise Failure(message, CANNOT_START)
    return Answer(answer)

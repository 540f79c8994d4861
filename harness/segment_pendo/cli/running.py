"""Ask a running segment-pendo, or a Pendo, by GET."""

from collections.abc import Iterator
from typing import Any, Final

import click

from segment_pendo.base.hosts import HOME_URL, is_loopback
from segment_pendo.base.js_json import read
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.serve.client import SECONDS, client
from segment_pendo.serve.client import Answer as Exchange

__all__ = ["Answer", "at_option", "calls", "checked_url", "get", "is_url", "url_argument"]

_PAGE: Final = "1000"
at_option = click.option(
    "--url",
    "url",
    metavar="URL",
    envvar="SEGMENT_PENDO_URL",
    default=HOME_URL,
    show_default=True,
    help="The home URL of a running segment-pendo.",
)
url_argument = click.argument("url", required=False, envvar="SEGMENT_PENDO_URL", default=HOME_URL)


class Answer:
    """An answer: its status and, if the body is JSON, the value."""

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


def checked_url(base: str) -> str:
    """Return the home URL of an instance without a slash at its end. Raises BadParameter."""
    from yarl import URL  # noqa: PLC0415 - imported only if something is asked

    if "@" in base:
        message = "the URL must not contain a user or a password."
        raise click.BadParameter(message)
    try:
        is_good = is_url(base) and bool(URL(base).host)
    except ValueError:
        is_good = False
    if not is_good:
        message = f"{base!r} is not a URL; give one such as {HOME_URL}."
        raise click.BadParameter(message)
    return base.rstrip("/")


def get(
    base: str,
    path: str,
    query: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    *,
    seconds: float = SECONDS,
) -> Answer:
    """Send a GET request, and return the answer, which may take `seconds`; redirects are not followed.

    Raises Failure (exit 4) if nobody answers; its message contains neither the headers nor the query.
    """
    import asyncio  # noqa: PLC0415 - a slow import, needed only if something is asked

    return asyncio.run(_get(base, path, query or {}, headers or {}, seconds))


def calls(url: str, filters: dict[str, str], *, code: int) -> Iterator[Any]:
    """Yield the row of each call of a running instance that matches the filters; asks page by page.

    Raises Failure with `code` if no segment-pendo runs there.
    """
    after = ""
    while True:
        answer = get(url, "/_/calls", {**filters, "limit": _PAGE, "after": after})
        page = answer.value.get("calls") if answer.status == 200 and isinstance(answer.value, dict) else None
        if not isinstance(page, list):
            message = f"{url} is not a running segment-pendo: {answer.error}."
            raise Failure(message, code)
        yield from page
        if not page:
            return
        after = str(answer.value["next"])


async def _get(
    base: str, path: str, query: dict[str, str], headers: dict[str, str], seconds: float
) -> Answer:
    from yarl import URL  # noqa: PLC0415 - imported only if something is asked

    url = URL(checked_url(base)).joinpath(path.lstrip("/"), encoded=True).with_query(query)
    async with client() as opened:
        answer = await opened.ask("GET", str(url), headers=headers, seconds=seconds, most=None)
    if answer.status is None:
        hint = " Start it with: segment-pendo run" if is_loopback(url.host or "") else ""
        message = f"{answer.wrong}.{hint}"
        raise Failure(message, CANNOT_START)
    return Answer(answer)

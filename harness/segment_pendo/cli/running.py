"""Ask a running segment-pendo, or a Pendo, by GET."""

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import click

from segment_pendo.base.hosts import HOME_URL, is_loopback
from segment_pendo.base.js_json import read
from segment_pendo.cli.failure import CANNOT_START, Failure
from segment_pendo.cli.options.instance import named_by
from segment_pendo.serve.client import SECONDS, client
from segment_pendo.serve.client import Answer as Exchange

if TYPE_CHECKING:
    from segment_pendo.explain.unmet import Unmet

__all__ = [
    "Answer",
    "calls",
    "checked_url",
    "get",
    "is_url",
    "nearest_to",
    "nobody",
    "say_missing",
    "stranger",
]

_PAGE: Final = "1000"


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


def nobody(url: str, wrong: str) -> Failure:
    """Return the failure where nobody answers at the URL of an instance: how to start or to name one."""
    steps = ["start it with: segment-pendo run"] if is_loopback(urlsplit(url).hostname or "") else []
    return _failure(f"{wrong}.", [*steps, *_others(url)])


def stranger(url: str, wrong: str, does: str = "can say this") -> Failure:
    """Return the failure where another program answers, or a version that does not know the question."""
    return _failure(f"{url} is not a running segment-pendo that {does}: {wrong}.", _others(url))


def _others(url: str) -> list[str]:
    by = named_by(url)
    return [f"name another one by {by}"] if by else []


def _failure(message: str, steps: list[str]) -> Failure:
    hint = ", or ".join(steps)
    return Failure(f"{message} {hint[0].upper()}{hint[1:]}." if hint else message, CANNOT_START)


def calls(url: str, filters: dict[str, str]) -> Iterator[Any]:
    """Yield the row of each call of a running instance that matches the filters; asks page by page.

    Raises Failure (exit 4) if no segment-pendo runs there.
    """
    after = ""
    while True:
        answer = get(url, "/_/calls", {**filters, "limit": _PAGE, "after": after})
        page = answer.value.get("calls") if answer.status == 200 and isinstance(answer.value, dict) else None
        if not isinstance(page, list):
            raise stranger(url, answer.error)
        yield from page
        if not page:
            return
        after = str(answer.value["next"])


def say_missing(url: str, only: dict[str, str]) -> None:
    """Say on stderr that no call of a running instance meets these conditions, and what may be meant."""
    click.echo(_unmet(url, only).sentence(), err=True)


def nearest_to(url: str, only: dict[str, str]) -> str:
    """Return the conditions that may have been meant, '' for none: what the newest calls have."""
    return _unmet(url, only).nearest


def _unmet(url: str, only: dict[str, str]) -> "Unmet":
    from segment_pendo.explain.rows import judged_of  # noqa: PLC0415
    from segment_pendo.explain.unmet import Unmet  # noqa: PLC0415 - only where nothing was found

    unmet = Unmet(only)
    answer = get(url, "/_/calls", {"newest": "1", "limit": _PAGE})
    found = answer.value.get("calls") if isinstance(answer.value, dict) else None
    with suppress(KeyError, TypeError, ValueError, AttributeError):  # rows of another version
        for row in found or ():
            unmet.take(judged_of(row).call.data)
    return unmet


async def _get(
    base: str, path: str, query: dict[str, str], headers: dict[str, str], seconds: float
) -> Answer:
    from yarl import URL  # noqa: PLC0415 - imported only if something is asked

    url = URL(checked_url(base)).joinpath(path.lstrip("/"), encoded=True).with_query(query)
    async with client() as opened:
        answer = await opened.ask("GET", str(url), headers=headers, seconds=seconds, most=None)
    if answer.status is None:
        raise nobody(base, answer.wrong)
    return Answer(answer)

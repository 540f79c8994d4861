"""The one HTTP client for all requests: no redirects, proxies or cookies; it says in words what went wrong.

A redirect is not followed, as in Segment's destination (W-11): what was meant for one host must not reach
another. No text has a URL in it, because a URL may hold a key.
"""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from segment_pendo.base.urls import joined
from segment_pendo.words import Headers, SdkRequest

if TYPE_CHECKING:
    import aiohttp

__all__ = ["SECONDS", "Answer", "Client", "client", "name_of", "reason", "wrong_status"]

SECONDS: Final = 30.0  # for callers that have no limit of their own
_CONNECTIONS: Final = 256  # the most that can be asked for at the same time
_KEPT: Final = 65536


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request.

    `status` is None if no answer came. `wrong` is empty for a 2xx, else it says in words what happened.
    `perhaps_taken`: no answer came, but the request may have arrived.
    """

    status: int | None
    wrong: str = ""
    body: bytes = b""
    perhaps_taken: bool = False
    headers: Headers = field(default=(), repr=False, compare=False)

    def without(self, secret: str) -> "Answer":
        """Return the answer with a secret masked, as it is or as a URL has it."""
        masks = {secret, quote(secret, safe="")}
        headers, body = self.headers, self.body
        for mask in sorted(masks, key=len, reverse=True):
            headers = tuple((name, value.replace(mask, "****")) for name, value in headers)
            body = body.replace(mask.encode("utf-8", "surrogatepass"), b"****")
        return replace(self, headers=headers, body=body)

    @property
    def is_redirect(self) -> bool:
        return self.status is not None and 300 <= self.status < 400


def name_of(url: str) -> str:
    """Return the name of a URL in texts: host and port, without a password, path or query."""
    return urlsplit(url).netloc.rpartition("@")[2]


@asynccontextmanager
async def client() -> "AsyncIterator[Client]":
    """Open a client with its own pool of connections."""
    import aiohttp  # noqa: PLC0415 - a slow import, needed only for sending

    async with aiohttp.ClientSession(
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
    ) as session:
        opened = Client(session)
        try:
            yield opened
        finally:
            opened.close()


class Client:
    """Makes requests; made by `client`."""

    def __init__(self, session: "aiohttp.ClientSession") -> None:
        self._session = session
        self._closing: list[Callable[[], None]] = []

    def closes(self, close: Callable[[], None]) -> None:
        """Call `close` when this client is closed."""
        self._closing.append(close)

    def close(self) -> None:
        """Close what was opened beside this client's own pool."""
        for close in self._closing:
            close()

    async def ask(
        self,
        method: str,
        url: str,
        *,
        name: str = "",
        headers: Headers | Mapping[str, str] = (),
        body: bytes = b"",
        seconds: float = SECONDS,
        most: int | None = _KEPT,
        whole: bool = False,
        **how: Any,
    ) -> Answer:
        """Make one request, within `seconds`; return the answer with at most `most` bytes of its body.

        Never raises for what the network does. `url` is sent as it is written; who has a path from elsewhere
        uses `joined`. `name`: what texts call the other side, by default its host and port. `whole`: wait for
        `most` bytes or the end, not only for the first that come. `how`: aiohttp's proxy and ssl.
        """
        import aiohttp  # noqa: PLC0415 - as above: slow, only for sending
        from yarl import URL  # noqa: PLC0415 - comes with aiohttp

        try:
            name = name or name_of(url)
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=body or None,
                headers=dict(headers),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=seconds),
                **how,
            ) as answer:
                # Read in any case, so that the connection can be used again; a destination ignores it (W-12).
                kept = await _read(answer.content, most, whole=whole)
                wrong = wrong_status(answer.status, name)
                return Answer(answer.status, wrong, kept, headers=tuple(answer.headers.items()))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            arrived = not isinstance(error, aiohttp.ClientConnectorError)
            return Answer(None, _failed(error, name, seconds), perhaps_taken=arrived)

    async def parts(
        self, url: str, *, headers: Mapping[str, str], silence: float
    ) -> AsyncIterator[bytes | str]:
        """Yield the body of one answer as it comes, until it ends; a text last says what went wrong, if so.

        The answer may take for ever, but may not be silent for more than `silence` seconds.
        """
        import aiohttp  # noqa: PLC0415 - as above: slow, only for sending
        from yarl import URL  # noqa: PLC0415 - comes with aiohttp

        name = name_of(url)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=SECONDS, sock_read=silence)
        try:
            async with self._session.get(
                URL(url, encoded=True), headers=dict(headers), allow_redirects=False, timeout=timeout
            ) as answer:
                if answer.status != 200:
                    yield f"{name} answered {answer.status}"
                    return
                async for part in answer.content.iter_any():
                    yield part
        except (aiohttp.ClientError, OSError, ValueError) as error:
            yield _failed(error, name, silence)

    async def send(self, base: str, request: SdkRequest, **how: Any) -> Answer:
        """Send an SDK's request to the ingest at `base`; a path of `base` is kept as a prefix."""
        url = joined(base, request.path, request.query)
        return await self.ask(request.method, url, headers=request.headers, body=request.body, **how)


async def _read(content: "aiohttp.StreamReader", most: int | None, *, whole: bool) -> bytes:
    if most is None:
        return await content.read()
    kept = await content.read(most)
    while whole and len(kept) < most and not content.at_eof():
        kept += await content.read(most - len(kept))
    return kept


def _failed(error: Exception, name: str, seconds: float) -> str:
    import aiohttp  # noqa: PLC0415 - as above: slow, only for sending

    if isinstance(error, TimeoutError):
        return f"no answer from {name} within {seconds:g} s"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {name} cannot be resolved"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return f"the certificate of {name} is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {name}: {reason(error.os_error)}"
    return f"the request to {name} failed: {type(error).__name__}"


def wrong_status(status: int, name: str) -> str:
    """Return what is wrong with an answer of this status; empty for a 2xx."""
    if 200 <= status < 300:
        return ""
    return f"{name} answered {status}" + (", not followed" if 300 <= status < 400 else "")


def reason(error: OSError) -> str:
    """Return why there is no connection, in the words of the system."""
    # asyncio wraps the system's text in its own; only the number counts.
    return os.strerror(error.errno) if error.errno else type(error).__name__

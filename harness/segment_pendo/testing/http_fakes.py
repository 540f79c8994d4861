"""Libraries that fake HTTP: while one is active, an SDK may not reach the address of its test.

Each replaces a function of an HTTP client by its own; that is how it is found.
"""

import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

__all__ = ["FAKES", "Fake", "active"]


class Fake(NamedTuple):
    """A library that fakes HTTP.

    `name` as users call it, `package` whose functions stand in the `places` (module, attributes), and
    `remedy`, code that lets requests to the address of a test through.
    """

    name: str
    package: str
    places: tuple[tuple[str, str], ...]
    remedy: str


FAKES: Final = (
    Fake(
        "responses",
        "responses",
        (("requests.adapters", "HTTPAdapter.send"),),
        "responses.add_passthru(segment_pendo.host)",
    ),
    Fake(
        "requests-mock",
        "requests_mock",
        (("requests.sessions", "Session.send"),),
        "requests_mock.post(re.compile(segment_pendo.host), real_http=True)",
    ),
    Fake(
        "pytest-httpx",
        "pytest_httpx",
        (("httpx", "HTTPTransport.handle_request"), ("httpx", "AsyncHTTPTransport.handle_async_request")),
        '@pytest.mark.httpx_mock(should_mock=lambda request: request.url.host != "127.0.0.1")',
    ),
    Fake(
        "respx",
        "respx",
        (
            ("httpcore", "ConnectionPool.handle_request"),
            ("httpcore", "AsyncConnectionPool.handle_async_request"),
        ),
        'respx.route(host="127.0.0.1").pass_through()',
    ),
    Fake(
        "aioresponses",
        "aioresponses",
        (("aiohttp", "ClientSession._request.side_effect"),),
        "aioresponses(passthrough=[segment_pendo.host])",
    ),
    Fake(
        "vcrpy",
        "vcr",
        (
            ("http.client", "HTTPConnection"),
            ("urllib3.connectionpool", "HTTPConnection"),
            ("urllib3.connectionpool", "HTTPConnectionPool.ConnectionCls"),
        ),
        "vcr.VCR(ignore_localhost=True)",
    ),
)


def active() -> Iterator[Fake]:
    """Yield the libraries that replace a function of an HTTP client now."""
    for fake in FAKES:
        if fake.package in sys.modules and any(_package(*place) == fake.package for place in fake.places):
            yield fake


def _package(module: str, attributes: str) -> str:
    """Return the package of what stands at a place; '' if there is nothing."""
    there: object = sys.modules.get(module)
    for attribute in attributes.split("."):
        there = getattr(there, attribute, None)
    return str(getattr(there, "__module__", "")).partition(".")[0]

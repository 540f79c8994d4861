"""The one client: no redirect is followed, and each failure has its words, without a URL."""

import asyncio
import socket
from typing import Any

import pytest
from aiohttp import web
from background import background

from segment_pendo.serve.client import Answer, client, name_of
from segment_pendo.words import SdkRequest


def asked(url: str, **how: Any) -> Answer:
    async def main() -> Answer:
        async with client() as opened:
            return await opened.ask("POST", url, body=b"{}", **how)

    return asyncio.run(main())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    seen: list[str] = []

    async def second(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response()

    with background([web.post("/b", second), web.get("/b", second)]) as there:

        async def first(_request: web.Request) -> web.Response:
            return web.Response(status=status, headers={"Location": f"{there}/b"})

        with background([web.post("/a", first)]) as here:
            answer = asked(f"{here}/a?key=SECRET")
            assert answer == Answer(status, f"{name_of(here)} answered {status}, not followed")
            assert answer.is_redirect
    assert seen == []


def test_a_200_has_no_words_and_its_body_in_part() -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 10)

    with background([web.post("/", handler)]) as url:
        assert asked(url) == Answer(200, "", b"x" * 10)
        assert asked(url, most=3).body == b"xxx"
        assert asked(url, most=None).body == b"x" * 10


def test_each_failure_has_its_words_without_the_url() -> None:
    async def slow(_request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    async def none(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert (
            asked(f"http://user:SECRET@127.0.0.1:{port}/SECRET").wrong
            == f"no connection to 127.0.0.1:{port}: Connection refused"
        )
    assert (
        asked("http://no.such.host.invalid/SECRET").wrong
        == "the name no.such.host.invalid cannot be resolved"
    )
    assert asked("http://[SECRET", name="it").wrong == "the request to it failed: ValueError"
    with background([web.post("/slow", slow), web.post("/none", none)]) as url:
        name = name_of(url)
        assert asked(f"{url}/slow", seconds=0.05).wrong == f"no answer from {name} within 0.05 s"
        assert asked(f"{url}/none").wrong.startswith(f"the request to {name} failed: ")
        assert asked(f"{url}/unknown").wrong == f"{name} answered 404"


def test_an_sdk_request_is_made_as_it_was() -> None:
    seen: list[Any] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.raw_path, dict(request.headers), await request.read()))
        return web.Response()

    with background([web.post("/prefix/v1/batch", handler)]) as url:

        async def main() -> Answer:
            async with client() as opened:
                headers = (("User-Agent", "an SDK"), ("Content-Type", "application/json"))
                return await opened.send(
                    f"{url}/prefix/", SdkRequest("POST", "/v1/batch", "a=%2F&b", headers, b"{}")
                )

        assert asyncio.run(main()).status == 200
    ((path, headers, body),) = seen
    assert (path, body, headers["User-Agent"]) == ("/prefix/v1/batch?a=%2F&b", b"{}", "an SDK")
    assert not {"Accept", "Accept-Encoding", "Cookie"} & set(headers)

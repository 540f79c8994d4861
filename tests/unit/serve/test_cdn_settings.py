"""Where settings of browsers come from: a file, the real CDN (here a stand-in), and what is told of it."""

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from background import background

from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.cdn_settings import LARGEST
from segment_pendo.serve.cdn_settings import CdnSettingsError, Fetched, FromFile, source
from segment_pendo.serve.client import name_of
from segment_pendo.serve.launching.launcher import Upstream
from segment_pendo.serve.relay import Relay
from segment_pendo.words import Reply, SdkRequest

SETTINGS = {"integrations": {"Segment.io": {"apiKey": "PRODUCTION1"}}, "plan": {"track": {"a": 1.0}}}


def asked(*sources: Any, key: str = "KEY1") -> list[Any]:
    async def main() -> list[Any]:
        return [await one.of(key) for one in sources]

    return asyncio.run(main())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "settings.json"
    path.write_text(json.dumps(SETTINGS))
    return path


def test_a_file_is_read_once_and_another_key_told_once(file: Path) -> None:
    told: list[str] = []
    made = source(str(file), told.append)
    file.unlink()
    assert asked(made, key="PRODUCTION1") == [SETTINGS]
    assert told == []
    assert asked(made, made) == [SETTINGS, SETTINGS]
    assert len(told) == 1
    assert "another write key than" in told[0]
    assert not {"PRODUCTION1", "KEY1"} & set(told[0].split())


@pytest.mark.parametrize(
    ("text", "why"),
    [("{}", "no object named integrations"), ("[", "not JSON"), (None, "No such file")],
)
def test_a_file_that_cannot_be_served_is_an_error(tmp_path: Path, text: str | None, why: str) -> None:
    path = tmp_path / "a\nb.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(CdnSettingsError, match=f"{why}.*Save there what https://cdn.segment.com") as refused:
        FromFile(path)
    assert refused.value.exit_code == 3
    assert r"a\x0ab.json" in str(refused.value)
    with pytest.raises(CdnSettingsError, match="Is a directory"):
        FromFile(tmp_path)


def test_nothing_is_given_where_nothing_is_asked_for() -> None:
    assert source("") is None
    assert isinstance(source("fetch"), Fetched)


def answered(request: SdkRequest, made: Any) -> Reply:
    relay = Relay([], setup=Setup(), settings=made)
    return asyncio.run(relay.receive_in_turns(request)).reply


def test_the_reply_has_the_same_headers_whoever_makes_the_body(file: Path) -> None:
    headers = (("Origin", "https://shop.example"),)
    request = SdkRequest("GET", "/v1/projects/KEY1/settings", headers=headers, host="127.0.0.1:1")
    ours, theirs = answered(request, None), answered(request, FromFile(file))
    assert (ours.status, ours.headers) == (theirs.status, theirs.headers)
    assert ("Access-Control-Allow-Origin", "https://shop.example") in theirs.headers
    assert json.loads(theirs.body)["plan"] == SETTINGS["plan"]
    assert json.loads(theirs.body)["integrations"]["Segment.io"] == {
        "apiKey": "PRODUCTION1",
        "apiHost": "127.0.0.1:1/v1",
        "protocol": "http",
    }
    call = SdkRequest("POST", "/v1/identify", body=b'{"userId": "u"}')
    assert answered(call, FromFile(file)) == answered(call, None)


# --- the real CDN, here a stand-in ---


def cdn(answer: Callable[[web.Request], Any]) -> Any:
    async def handler(request: web.Request) -> web.StreamResponse:
        made = answer(request)
        return made if isinstance(made, web.Response) else await made

    return background([web.get("/v1/projects/{key}/settings", handler), web.get("/elsewhere", handler)])


def test_settings_are_fetched_anew_for_each_key_and_nothing_else_is_sent() -> None:
    seen: list[Any] = []

    def answer(request: web.Request) -> web.Response:
        seen.append((request.path, dict(request.headers)))
        return web.json_response(SETTINGS | {"count": len(seen), "pad": "x" * 1_000_000})

    told: list[str] = []
    with cdn(answer) as url:
        made = Fetched(told.append, cdn=url)
        (first,), (second,) = asked(made), asked(made, key="KEY2")
    assert (first["count"], second["count"], len(first["pad"])) == (1, 2, 1_000_000)
    assert [path for path, _ in seen] == ["/v1/projects/KEY1/settings", "/v1/projects/KEY2/settings"]
    assert set(seen[0][1]) == {"Host", "Accept", "Accept-Encoding"}
    assert told == []


async def slow() -> web.Response:
    await asyncio.sleep(30)
    return web.Response()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda _: web.Response(status=404, text="{}"), "answered 404"),
        (
            lambda _: web.Response(status=302, headers={"Location": "/elsewhere"}),
            "answered 302, not followed",
        ),
        (lambda _: web.Response(text="<html>"), "the answer cannot be served: it is not JSON"),
        (lambda _: web.Response(text="{}"), "no object named integrations"),
        (lambda _: web.Response(body=b" " * (LARGEST + 9)), "more than 4,194,304 bytes"),
        (lambda _: slow(), "within 0.2 s"),
    ],
    ids=["404", "redirect", "no JSON", "no settings", "too large", "too slow"],
)
def test_what_cannot_be_used_is_told_once_and_our_own_answer_serves(answer: Any, why: str) -> None:
    told: list[str] = []
    with cdn(answer) as url:
        made = Fetched(told.append, cdn=url, seconds=0.2 if "within" in why else 5)
        assert asked(made, made) == [None, None]
        request = SdkRequest("GET", "/v1/projects/KEY1/settings", host="h")
        assert answered(request, made) == answered(request, None)
    (line,) = told
    assert why in line
    assert "KEY1" not in line


def test_it_is_told_when_settings_can_be_fetched_again() -> None:
    answers = [web.Response(status=500), web.Response(status=500), web.json_response(SETTINGS)]
    told: list[str] = []
    with cdn(lambda _: answers.pop(0)) as url:
        made = Fetched(told.append, cdn=url)
        assert asked(made, made, made) == [None, None, SETTINGS]
        assert [line.partition(":")[0] for line in told] == [
            "Settings for browsers could not be fetched",
            "Settings for browsers can be fetched again.",
        ]


@pytest.mark.parametrize("key", ["", "../x", "a/b", "a?b", "ü", "x" * 65, "k\n"])
def test_what_is_no_write_key_is_not_asked_for(key: str) -> None:
    told: list[str] = []
    with cdn(lambda _: pytest.fail("it was asked")) as url:
        assert asked(Fetched(told.append, cdn=url), key=key) == [None]
    assert "only letters and digits" in told[0]


def test_nobody_there_is_told_without_the_key() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        told: list[str] = []
        assert asked(Fetched(told.append, cdn=url)) == [None]
    assert f"no connection to {name_of(url)}: Connection refused" in told[0]


def test_a_proxy_of_the_environment_is_used_and_its_refusal_told() -> None:
    told: list[str] = []

    async def main() -> tuple[bytes, None | object]:
        seen: list[bytes] = []

        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()

        async with await asyncio.start_server(proxy, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            via = Upstream(f"http://127.0.0.1:{port}", "user:pass")
            settings = await Fetched(told.append, via=via).of("KEY1")
        return seen[0], settings

    asked_for, settings = asyncio.run(main())
    assert settings is None
    assert asked_for.startswith(b"CONNECT cdn.segment.com:443 HTTP/1.1\r\n")
    assert b"\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n" in asked_for
    assert "the request to cdn.segment.com failed" in told[0]

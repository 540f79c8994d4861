"""Beyond loopback: who may ask for what at another address of this machine, and the file of the token."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from addresses import other_address

from segment_pendo.mapping.setup import Setup
from segment_pendo.serve import lan
from segment_pendo.serve.home import Home
from segment_pendo.serve.lan import Lan, TokenError, token_of
from segment_pendo.serve.listener import Port
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store

TOKEN = "a-token-of-the-test"
CALL = b'{"userId": "ann", "traits": {"plan": "pro"}, "writeKey": "k"}'


ADDRESS = other_address()


class Opened:
    """A home port at the other address, and a client without cookies of its own."""

    def __init__(self, home: Home, http: aiohttp.ClientSession, number: int) -> None:
        self.home, self.http = home, http
        self.outside = f"http://{ADDRESS}:{number}"

    async def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Any:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = path if path.startswith("http") else self.outside + path
        return await self.http.request(method, url, data=body, headers=sent, allow_redirects=False)

    async def status(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> int:
        return int((await self.ask(path, method, body, **headers)).status)


async def opened(*, takes_calls: bool = True) -> AsyncIterator[Opened]:
    beyond = Lan((ADDRESS,), TOKEN, None, ("box.test",), takes_calls)
    store = Store(None, setup=Setup())
    home = Home(Relay([store], setup=Setup()), store, lan=beyond)
    port = Port(0, also=beyond.addresses)
    await home.start(port)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar, trust_env=False) as http:
        yield Opened(home, http, port.number)
    await home.stop()
    store.close()


def run(test: Any, *, takes_calls: bool = True) -> None:
    async def whole() -> None:
        async for instance in opened(takes_calls=takes_calls):
            await test(instance)

    asyncio.run(whole())


OWN = ["/", "/_/calls", "/_/health", "/_/page/page.js", "/api/v1/visitor/ann", "/_/nothing", "//_/calls"]


@pytest.mark.parametrize("path", OWN)
def test_what_is_ours_needs_the_token(path: str) -> None:
    async def test(at: Opened) -> None:
        assert await at.status(path) == 401
        assert await at.status(path, Authorization="Bearer wrong") == 401
        assert await at.status(path, Authorization=f"Basic {TOKEN}") == 401
        assert await at.status(path, Cookie="segment_pendo_1=wrong") == 401
        assert await at.status(path, Authorization=f"Bearer {TOKEN}") in {200, 404}
        assert await at.status(path, Authorization=f"bearer  {TOKEN} ") in {200, 404}
        inside = at.home.url + path
        assert await at.status(inside) in {200, 404}, "on loopback nobody needs it"

    run(test)


def test_a_page_is_opened_with_the_token_and_goes_on_with_a_cookie() -> None:
    async def test(at: Opened) -> None:
        first = await at.ask(f"/?view=setup&token={TOKEN}&code=ID_INVALID")
        assert (first.status, first.headers["Location"]) == (303, "/?view=setup&code=ID_INVALID")
        cookie = first.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert await at.status("/_/calls", Cookie=cookie.partition(";")[0]) == 200
        assert await at.status("/?token=wrong") == 401
        assert await at.status(f"/_/calls?token={TOKEN}") == 401, "only the page takes it there"

    run(test)


def test_a_name_that_was_rebound_to_this_address_is_refused_even_with_the_token() -> None:
    async def test(at: Opened) -> None:
        for host in ("evil.test", "localhost", "127.0.0.1", "box.test.evil.test", ""):
            assert await at.status("/_/calls", Authorization=f"Bearer {TOKEN}", Host=host) == 403, host
        assert await at.status("/_/calls", Authorization=f"Bearer {TOKEN}", Host="box.test:1") == 200
        # On loopback the other address is no name of ours.
        assert await at.status(f"{at.home.url}/_/calls", Host=ADDRESS) == 403

    run(test)


def test_other_pages_may_not_ask_with_somebodys_cookie() -> None:
    async def test(at: Opened) -> None:
        key = f"Bearer {TOKEN}"
        assert await at.status("/_/calls", Authorization=key, Origin="http://evil.test") == 403
        assert await at.status("/_/calls", Authorization=key, Sec_Fetch_Site="cross-site") == 403
        changed = await at.status(
            "/_/calls", "DELETE", Authorization=key, Origin=at.outside, X_Segment_Pendo="1"
        )
        assert changed == 200

    run(test)


def test_calls_are_taken_by_choice() -> None:
    async def taken(at: Opened) -> None:
        assert await at.status("/v1/identify", "POST", CALL) == 200

    async def refused(at: Opened) -> None:
        assert await at.status("/v1/identify", "POST", CALL) == 403
        assert await at.status("/v1/projects/k/settings") == 403
        assert await at.status(f"{at.home.url}/v1/identify", "POST", CALL) == 200

    run(taken)
    run(refused, takes_calls=False)


def test_the_token_is_nowhere_in_what_is_answered_or_kept() -> None:
    async def test(at: Opened) -> None:
        await at.status("/v1/identify", "POST", CALL)
        for path in ("/_/calls", "/_/summary", "/_/refused"):
            answer = await at.ask(path, Authorization=f"Bearer {TOKEN}")
            assert TOKEN not in await answer.text()
        assert TOKEN not in await (await at.ask(f"/_/calls?token={TOKEN}")).text()

    run(test)
    assert TOKEN not in repr(Lan(("192.0.2.9",), TOKEN))


def test_tokens_are_compared_in_constant_time() -> None:
    """No timing is asserted: nothing but `compare_digest` sees the token."""
    source = Path(lan.__file__).read_text("utf-8")
    assert "self.token ==" not in source
    assert "== self.token" not in source
    assert source.count("self.token.encode()") == source.count("hmac.compare_digest(") == 1


# --- the file ---


def test_the_token_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = token_of(file)
    assert len(token) >= 40
    assert file.stat().st_mode & 0o777 == 0o600
    assert token_of(file) == token
    assert token_of(tmp_path / "another") != token


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [
        (b"a-token-of-enough-length\n", 0o644, "chmod 600"),
        (b"short", 0o600, "no token of 16 to 200"),
        (b"two words of some length", 0o600, "no token of 16 to 200"),
        (b"\xff" * 40, 0o600, "it is no text"),
    ],
)
def test_a_file_that_cannot_be_the_tokens_is_told_without_it(
    tmp_path: Path, content: bytes, mode: int, words: str
) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    file.chmod(mode)
    with pytest.raises(TokenError) as error:
        token_of(file)
    assert words in str(error.value)
    assert content.decode("latin-1").strip() not in str(error.value)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TokenError, match="Name another one"):
        token_of(tmp_path / "no" / "token")

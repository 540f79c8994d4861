"""Tokens at the home port: nothing of a request for one is kept or told, and no page gains by one."""

import asyncio
import io
import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest

from segment_pendo.cli.run.report import Reporter
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.recorder import Recorder
from segment_pendo.segment.oauth import TOKEN
from segment_pendo.serve.fault import Fault
from segment_pendo.serve.gate import Gate
from segment_pendo.serve.home import Home
from segment_pendo.serve.relay import Relay
from segment_pendo.serve.store import Store

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhbi1hcHAifQ.c2lnbmF0dXJl"
RIGHT = {
    "grant_type": "client_credentials",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": JWT,
}
WRONG = RIGHT | {"grant_type": JWT}
BEARER = {"Authorization": f"Bearer {TOKEN}"}
CALL = b'{"batch": [{"type": "identify", "userId": "u"}], "writeKey": "WRITE_KEY_of_an_app"}'


class Talk:
    """A client of a home port whose store and recording are files; what is printed is in `told`."""

    def __init__(
        self, home: Home, client: aiohttp.ClientSession, told: io.StringIO, reporter: Reporter
    ) -> None:
        self.home = home
        self.client = client
        self.told = told
        self.reporter = reporter

    def shown(self) -> str:
        self.reporter.finish()
        return self.told.getvalue()

    async def post(self, path: str, body: object = RIGHT, **headers: str) -> tuple[int, str]:
        async with self.client.post(path, data=body, headers=headers) as answer:
            return answer.status, await answer.text()


def talk(directory: Path, what: Callable[[Talk], Awaitable[None]], gate: Gate | None = None) -> None:
    async def main() -> None:
        told = io.StringIO()
        store = Store(directory / "store.sqlite3", setup=Setup())
        recorder = Recorder(directory / "calls.jsonl", setup=Setup())
        reporter = Reporter(told, "text")
        home = Home(Relay([recorder, store, reporter], setup=Setup()), store, gate=gate)
        home.faults.note = lambda text: print(text, file=told)
        await home.start(0)
        try:
            async with aiohttp.ClientSession(base_url=home.url) as client:
                await what(Talk(home, client, told, reporter))
        finally:
            await home.stop()
            store.close()
            recorder.close()
            reporter.finish()
        assert "eyJ" not in told.getvalue()

    asyncio.run(main())
    for file in directory.iterdir():
        assert b"eyJ" not in file.read_bytes(), file


def test_nothing_of_a_token_is_kept_and_what_is_wrong_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def what(talk: Talk) -> None:
        assert (await talk.post("/token"))[0] == 200
        assert talk.shown() == ""
        status, body = await talk.post("/token", WRONG, Authorization=f"Bearer {JWT}")
        assert (status, json.loads(body)["error"]) == (400, "unsupported_grant_type")
        assert (await talk.post(f"/token/{JWT}?client_assertion={JWT}"))[0] == 404
        told = talk.shown()
        assert re.search(r"POST /token +400 +unsupported_grant_type: grant_type must be client_creden", told)
        assert re.search(r"POST /token/\*\*\*\* +404 ", told)
        assert (await talk.post("/v1/batch", CALL, **BEARER))[0] == 200

    talk(tmp_path, what)
    lines = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text("utf-8").splitlines()]
    assert [line["request"]["path"] for line in lines if "request" in line] == ["/v1/batch"]
    assert TOKEN not in (tmp_path / "calls.jsonl").read_text("utf-8")
    assert TOKEN.encode() not in (tmp_path / "store.sqlite3").read_bytes()
    assert capfd.readouterr() == ("", "")


def test_a_page_that_may_not_send_calls_gains_nothing_by_a_token(tmp_path: Path) -> None:
    async def what(talk: Talk) -> None:
        for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            assert (await talk.post("/token", **headers))[0] == 403
            assert (await talk.post("/v1/batch", CALL, **headers, **BEARER))[0] == 403
        assert (await talk.post("/token"))[0] == 200

    talk(tmp_path, what, Gate(is_open=False))


def test_no_page_may_read_an_answer_even_where_all_may_send(tmp_path: Path) -> None:
    async def what(talk: Talk) -> None:
        page = {"Origin": "https://app.example"}
        preflight = page | {"Access-Control-Request-Method": "POST"}
        for method, headers in (("POST", page), ("OPTIONS", preflight)):
            async with talk.client.request(method, "/token", data=RIGHT, headers=headers) as answer:
                assert not [name for name in answer.headers if name.startswith("Access-Control")]
                assert answer.status == (200 if method == "POST" else 404)

    talk(tmp_path, what)


def test_every_error_has_what_pythons_sdk_reads_of_one(tmp_path: Path) -> None:
    async def what(talk: Talk) -> None:
        talk.home.faults.add(Fault(on="token", status=500))
        answers = [await talk.post("/token"), await talk.post("/token", io.BytesIO(b"x" * 11_000_000))]
        await talk.home.refuse_calls()
        answers.append(await talk.post("/token"))
        assert [status for status, _ in answers] == [500, 400, 503]
        for _, body in answers:
            assert {"error", "error_description"} <= set(json.loads(body))

    talk(tmp_path, what)


def test_a_fault_is_for_tokens_or_for_calls(tmp_path: Path) -> None:
    async def what(talk: Talk) -> None:
        talk.home.faults.add(Fault(status=503), Fault(on="token", status=429, retry_after=7))
        assert [(await talk.post("/token"))[0] for _ in range(2)] == [429, 200]
        assert [(await talk.post("/v1/batch", CALL))[0] for _ in range(2)] == [503, 200]
        assert "POST /token answered 429, as a fault asked; no token was given\n" in talk.shown()

    talk(tmp_path, what)

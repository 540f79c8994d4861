"""A scripted client finds and explains the mistake of each app by tools alone, in at most 6 calls of them."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client
from planted_apps import APPS, App
from processes import KEY, Running, Server, end_all, env_for, get

MOST = 4096
KEYS = ("WRITE_KEY_of_an_app", KEY)
TOOLS = {"calls", "wait", "why", "explain", "records", "findings", "replay", "check", "races"}
HEAD = """
import segment.analytics as analytics
analytics.write_key, analytics.host = "WRITE_KEY_of_an_app", "{home}"
analytics.max_retries, analytics.gzip = 0, False
identify = analytics.identify
"""


class Agent:
    """A client of the server that counts what it asks, and looks at each answer."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.asked: list[str] = []
        self.read = ""

    async def ask(self, tool: str, *, refused: bool = False, **arguments: Any) -> str:
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error is refused, tool
        text = "".join(getattr(content, "text", "") for content in result.content)
        assert len(text.encode()) <= MOST, tool
        assert not any(key in text for key in KEYS), f"{tool} shows a key"
        self.asked.append(tool)
        self.read += text + "\n"
        return text


@asynccontextmanager
async def agent(directory: Path, *options: str, **environment: str) -> AsyncIterator[Agent]:
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "segment_pendo", "mcp", *options],
        env=env_for(directory) | {"SEGMENT_PENDO_API_KEY": KEY} | environment,
        cwd=directory,
    )
    async with Client(stdio_client(server)) as client:
        yield Agent(client)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("run"), "--no-proxy")
    yield running
    end_all([running.process])


@pytest.fixture
def fresh(running: Running) -> Running:
    """The run, without calls."""
    assert get(f"{running.home}/_/reset", "POST", **{"X-Segment-Pendo": "1"})[0] == 200
    return running


def ran(app: App, home: str) -> None:
    code = HEAD.format(home=home) + app.code + "\nanalytics.flush()\n"
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)


async def explained(agent: Agent, app: App) -> None:
    """Look as the skill says: findings, what is missed, the worst call, races."""
    found = await agent.ask("findings")
    if app.user or app.group:
        await agent.ask("why", user=app.user, group=app.group, trait=app.trait)
    codes = re.findall(r'"code":"(\w+)"', found)
    listed = await agent.ask("calls", **({"code": codes[0]} if codes else {}))
    name = re.match(r"[\w-]+\.\d+", listed)
    if name is not None:
        await agent.ask("explain", call=name[0])
    await agent.ask("races")


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_the_mistake_is_found_and_explained(fresh: Running, app: App, tmp_path: Path) -> None:
    ran(app, fresh.home)

    async def look() -> Agent:
        async with agent(tmp_path, "--url", fresh.home) as looking:
            await explained(looking, app)
            return looking

    looking = asyncio.run(look())
    assert len(looking.asked) <= 6
    for words in app.explains:
        assert words in looking.read, looking.read


def test_an_app_without_a_mistake_is_found_right(fresh: Running, tmp_path: Path) -> None:
    ran(App("right", "identify('ann', {'plan': 'pro'}); analytics.group('ann', 'acme')"), fresh.home)

    async def look() -> None:
        async with agent(tmp_path, "--url", fresh.home) as looking:
            assert (await looking.ask("why", user="ann", trait="plan")).startswith("Yes")
            assert '"plan":"pro"' in await looking.ask("records", q="ann")
            assert "group" in await looking.ask("wait", type="group")
            assert "Not within 0 s" in await looking.ask("wait", user="bob", seconds=0)

    asyncio.run(look())


def test_the_tools_are_these_and_say_what_they_are_for(fresh: Running, tmp_path: Path) -> None:
    async def look() -> None:
        async with agent(tmp_path, "--url", fresh.home) as looking:
            tools = (await looking.client.list_tools()).tools
            assert {tool.name for tool in tools} == TOOLS
            assert all(tool.description for tool in tools)
            changing = {
                tool.name for tool in tools if not (tool.annotations and tool.annotations.read_only_hint)
            }
            assert changing == {"replay"}

    asyncio.run(look())


def test_long_answers_come_in_pieces_that_miss_nothing(fresh: Running, tmp_path: Path) -> None:
    batch = [{"type": "identify", "userId": f"user-{n}", "traits": {"x" * 60: {"n": n}}} for n in range(60)]
    body = json.dumps({"writeKey": KEYS[0], "batch": batch}).encode()
    import urllib.request

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    opener.open(urllib.request.Request(f"{fresh.home}/v1/batch", body)).read()

    async def look() -> None:
        async with agent(tmp_path, "--url", fresh.home) as looking:
            for tool, field in (("calls", r"user-\d+"), ("records", r'"id":"(user-\d+)"')):
                seen: set[str] = set()
                cursor: str | None = ""
                while cursor is not None:
                    text = await looking.ask(tool, cursor=cursor)
                    seen |= set(re.findall(field, text))
                    again = re.search(r"cursor=(\S+)$", text)
                    cursor = again[1] if again else None
                assert len(seen) == 60, tool

    asyncio.run(look())


def test_a_recording_is_checked_and_replayed_here_but_not_to_a_real_pendo(
    fresh: Running, tmp_path: Path
) -> None:
    call = json.dumps({"type": "identify", "userId": "ann", "traits": {"plan": "pro"}})
    (tmp_path / "calls.jsonl").write_text(f"{call}\n")
    pendo = Server(body=b"{}")
    pendo.start()
    other = Running(_folder(tmp_path), "--no-proxy", "--to", pendo.url, SEGMENT_PENDO_API_KEY=KEY)
    stranger = "data.pendo.io"

    async def look() -> None:
        async with agent(tmp_path, "--url", fresh.home) as looking:
            assert "Give --as SDK" in await looking.ask("replay", refused=True, file="calls.jsonl")
            await looking.ask("replay", file="calls.jsonl", as_sdk="node")
            assert "ann" in await looking.ask("calls")
            assert "ann" in await looking.ask("explain", file="calls.jsonl")
            assert "is not below" in await looking.ask("check", refused=True, file="/etc/passwd")
            assert "there is no file" in await looking.ask("check", refused=True, file="none.jsonl")
            assert "Refused" in await looking.ask("explain", refused=True, call="../x y")
            assert await looking.ask("why", refused=True, trait="plan") == "Missing: give user, or group."
            both = await looking.ask("why", refused=True, user="ann", group="acme")
            assert both == "Refused: give user, or group, and not both."
            assert (await looking.ask("explain", refused=True)).startswith("Missing: give call, ")
        async with agent(tmp_path, "--url", other.home) as looking:
            await looking.ask("replay", file="calls.jsonl", as_sdk="node")  # a Pendo on this machine
            await looking.ask("wait")

    try:
        asyncio.run(look())
        assert [seen.path.rpartition("/")[0] for seen in pendo.seen] == ["/data/segmentio"]
    finally:
        end_all([other.process])
    real = Running(
        _folder(tmp_path), "--no-proxy", "--to", "us", "--allow-production", SEGMENT_PENDO_API_KEY=KEY
    )
    try:

        async def refused() -> None:
            async with agent(tmp_path, "--url", real.home) as looking:
                assert stranger in (said := await looking.ask("replay", refused=True, file="calls.jsonl"))
                assert said.startswith("Refused: ")

        asyncio.run(refused())
        assert get(f"{real.home}/_/calls")[1]["calls"] == []
    finally:
        end_all([real.process])


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / f"run{len(list(tmp_path.iterdir()))}"
    folder.mkdir()
    return folder


def test_without_a_run_the_way_to_one_is_told(tmp_path: Path) -> None:
    async def look() -> None:
        async with agent(tmp_path) as looking:
            assert "segment-pendo run --detach" in await looking.ask("findings", refused=True)

    asyncio.run(look())


@pytest.mark.parametrize(
    ("option", "begins"), [("--skill", "---\nname: segment-pendo\n"), ("--llms", "# segment")]
)
def test_the_texts_are_printed(tmp_path: Path, option: str, begins: str) -> None:
    line = [sys.executable, "-m", "segment_pendo", "mcp", option]
    done = subprocess.run(line, env=env_for(tmp_path), capture_output=True, text=True, check=True)
    assert done.stdout.startswith(begins)


def test_another_machine_is_not_asked(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "segment_pendo", "mcp", "--url", "http://192.0.2.9:4170"]
    done = subprocess.run(line, env=env_for(tmp_path), capture_output=True, text=True)
    assert (done.returncode, "another machine" in done.stderr) == (7, True)

"""A host that answers with a redirect gets nothing delivered, and nothing reaches the host that it names."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from background import background
from click.testing import CliRunner

from segment_pendo.cli import main
from segment_pendo.serve.client import name_of

RECORDING = Path(__file__).parents[3] / "fixtures" / "recordings"


@pytest.fixture
def hosts() -> Iterator[tuple[str, list[str]]]:
    """A host that redirects everything with a 307, and what came to the host that it names."""
    seen: list[str] = []

    async def second(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response()

    with background([web.route("*", "/{path:.*}", second)]) as there:

        async def first(request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": there + request.path})

        with background([web.route("*", "/{path:.*}", first)]) as here:
            yield here, seen


def test_send_does_not_follow(hosts: tuple[str, list[str]]) -> None:
    here, seen = hosts
    result = CliRunner().invoke(main, ["send", "identify", "u-1", "--trait", "plan=premium", "--url", here])
    assert f"{name_of(here)} answered 307, not followed" in result.stderr
    assert (result.exit_code, seen) == (5, [])


@pytest.mark.parametrize("way", ["--at", "--to"])
def test_replay_does_not_follow(hosts: tuple[str, list[str]], way: str) -> None:
    here, seen = hosts
    file = next(RECORDING.glob("*.jsonl"))
    result = CliRunner().invoke(main, ["replay", str(file), way, here], env={"SEGMENT_PENDO_API_KEY": "k"})
    assert f"{name_of(here)} answered 307, not followed" in result.stderr
    assert "0 of " in result.stdout
    assert (result.exit_code, seen) == (5, [])


def test_a_question_does_not_follow(hosts: tuple[str, list[str]]) -> None:
    here, seen = hosts
    result = CliRunner().invoke(main, ["explain", "--url", here])
    assert "answered 307, not followed" in result.stderr
    assert (result.exit_code, seen) == (4, [])

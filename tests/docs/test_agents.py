"""docs/agents.md names every tool, and what agents are given to read leads somewhere."""

import json
import re

import pytest
from pages import ROOT, blocks

from segment_pendo.cli import VERBS
from segment_pendo.cli.agents import texts
from segment_pendo.cli.agents.server import made
from segment_pendo.cli.agents.tools import Tools

PAGE = "docs/agents.md"
TEXT = (ROOT / PAGE).read_text("utf-8")


@pytest.mark.asyncio
async def test_the_table_has_each_tool_and_no_other() -> None:
    tools = await made(Tools(None)).list_tools()
    assert set(re.findall(r"^\| `(\w+)`", TEXT, re.MULTILINE)) == {tool.name for tool in tools}


def test_the_settings_of_a_client_are_json_with_a_verb_that_exists() -> None:
    (block,) = [block for block in blocks(PAGE) if block.kind == "json"]
    assert json.loads(block.text)["mcpServers"]["segment-pendo"]["args"][0] in VERBS


def test_each_page_of_the_index_is_there_and_each_verb_exists() -> None:
    index = texts.index()
    for target in re.findall(r"\]\(([^)]+)\)", index):
        assert (ROOT / target).is_file(), target
    for verb in re.findall(r"`segment-pendo (\w+)", index + texts.skill()):
        assert verb in VERBS


def test_the_skill_has_a_name_and_says_when_to_use_it() -> None:
    head = texts.skill().split("---\n")[1]
    assert re.search(r"^name: [a-z-]+$", head, re.MULTILINE)
    description = re.search(r"^description: (.+)$", head, re.MULTILINE)
    assert description is not None
    assert 100 < len(description[1]) <= 1024

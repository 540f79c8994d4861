"""docs/destination.md: what it shows is what happens, and its table names every member of the file."""

import re
from pathlib import Path

import msgspec
import pytest
from pages import ROOT, blocks, ran, steps, told, unpack

from segment_pendo.mapping.destination_file import DestinationFile

PAGE = "docs/destination.md"
TEXT = (ROOT / PAGE).read_text("utf-8")
BLOCKS = blocks(PAGE)
CONSOLE = [block.text for block in BLOCKS if block.kind == "console"]


@pytest.mark.parametrize("block", CONSOLE, ids=[steps(block)[0][0][:60] for block in CONSOLE])
def test_a_session_goes_as_shown(block: str, tmp_path: Path) -> None:
    unpack(BLOCKS, tmp_path)
    for command, output in steps(block):
        assert told(ran(command, tmp_path), tmp_path) == told(output, tmp_path), command


def test_every_member_is_documented() -> None:
    table = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert table == [field.encode_name for field in msgspec.structs.fields(DestinationFile)]

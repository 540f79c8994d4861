"""docs/faults.md: what it shows is what happens, and it leaves no key out."""

import re
from pathlib import Path

import pytest
from pages import ROOT, blocks, ran, steps, told, unpack

from segment_pendo.serve.fault import MATCHED, Fault

PAGE = "docs/faults.md"
TEXT = (ROOT / PAGE).read_text("utf-8")
BLOCKS = blocks(PAGE)
CONSOLE = [block.text for block in BLOCKS if block.kind == "console"]


@pytest.mark.parametrize("block", CONSOLE, ids=[steps(block)[0][0][:60] for block in CONSOLE])
def test_a_session_goes_as_shown(block: str, tmp_path: Path) -> None:
    unpack(BLOCKS, tmp_path)
    for command, output in steps(block):
        assert told(ran(command, tmp_path), tmp_path) == told(output, tmp_path), command


def test_every_key_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", TEXT, re.MULTILINE))
    assert list(rows) == list(Fault.__struct_fields__)
    for name, value in Fault().plain().items():
        word = str(value).lower() if isinstance(value, bool | None) else str(value)
        assert rows[name].replace("`", "").partition(";")[0] == word, name
    for word in MATCHED:
        assert f"`{word}`" in TEXT or word == "context", word

"""docs/testing.md leaves nothing out.

That its blocks go as shown is tested in tests/e2e/test_testing_page.py: that takes a minute.
"""

import re
from pathlib import Path

from pages import ROOT

from segment_pendo import pytest_plugin, strategies, testing
from segment_pendo.testing.http_fakes import FAKES

TEXT = (ROOT / "docs" / "testing.md").read_text("utf-8")


def test_every_option_and_every_strategy_is_documented() -> None:
    table = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT.partition("## Options")[2], re.MULTILINE))
    assert {name: meaning.replace("`", "") for name, meaning in table.items()} == pytest_plugin.OPTIONS
    fakes = dict(re.findall(r"^\| ([\w-]+) \| `(.*)` \|$", TEXT, re.MULTILINE))
    assert {fake.name: fake.remedy for fake in FAKES}.items() <= fakes.items()
    for name in (*strategies.__all__, "pendo_after", "ABSENT", "any_call", "alias"):
        assert f"`{name}" in TEXT, name
    source = Path(pytest_plugin.__file__).read_text()
    for option in re.findall(r'"(--segment-pendo-[a-z-]+)"', source):
        assert f"`{option}" in TEXT, option
    for fixture in re.findall(r"^def (segment_pendo\w*)\(", source, re.MULTILINE):
        assert f"`{fixture}`" in TEXT, fixture
    for name in testing.__all__:
        assert hasattr(testing, name), name

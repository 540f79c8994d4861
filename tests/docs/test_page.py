"""docs/page.md names the filters and keys that the page has, and its settings can be read."""

import re
from pathlib import Path

import pytest

from segment_pendo.recordings.settings import settings
from segment_pendo.serve.api import inspector
from segment_pendo.serve.store.filters import FILTERS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "page.md").read_text("utf-8")
PAGE = Path(inspector.__file__).with_name("page")


def in_page(file: str, name: str) -> str:
    """What stands between the brackets after a name in a file of the page."""
    found = re.search(rf"\b{name} = \[(.*?)\];", (PAGE / file).read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_filters_are_those_of_the_page_and_the_server_knows_them() -> None:
    of_page = set(re.findall(r'"(\w+)"', in_page("filter.js", "NAMES")))
    assert set(re.findall(r"`(\w+):", TEXT.partition("| filter |")[2].partition("Keys:")[0])) == of_page
    assert of_page <= set(FILTERS)


def test_the_keys_are_those_of_the_page() -> None:
    keys = TEXT.partition("Keys:")[2].partition("\n")[0]
    known = {key for pair in re.findall(r'\["([^"]+)", ', in_page("keys.js", "KEYS")) for key in pair.split()}
    assert set(re.findall(r"`(\S+?)`", keys)) <= known


def test_the_settings_of_the_example_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "segment-pendo.toml").write_text(TEXT.partition("```toml\n")[2].partition("```")[0])
    monkeypatch.chdir(tmp_path)
    assert settings().mute == ["IDENTIFY_NO_ACCOUNT", "NESTED_IGNORED"]

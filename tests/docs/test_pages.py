"""docs/why.md, docs/recordings.md: their sessions, with the app of the README, go as shown."""

from pathlib import Path

import pytest
import sdk_pages
import yaml
from pages import ROOT, blocks, ran, steps, told, unpack

SESSIONS = [
    (page, block.text)
    for page in ("docs/why.md", "docs/recordings.md")
    for block in blocks(page)
    if block.kind == "console"
]


@pytest.mark.parametrize(
    ("page", "block"),
    SESSIONS,
    ids=[steps(text)[-1][0].split("segment-pendo ")[1][:30] for _, text in SESSIONS],
)
def test_a_session_goes_as_shown(page: str, block: str, tmp_path: Path) -> None:
    unpack([file for file in blocks("README.md") if file.title == "app.py"], tmp_path)
    for command, output in steps(block):
        printed = ran(command.replace("uv run ", ""), tmp_path)
        assert told(printed, tmp_path) == told(output, tmp_path), command


def test_the_pages_of_sdks_are_current() -> None:
    made = {sdk_pages.file(sdk): sdk_pages.page(sdk) for sdk in sdk_pages.shown()}
    made[sdk_pages.FOLDER / "index.md"] = sdk_pages.contents()
    assert {path: path.read_text("utf-8") for path in sdk_pages.FOLDER.iterdir()} == made, "uv run poe docs"


def test_every_page_is_in_the_contents_of_the_site() -> None:
    site = (ROOT / ".github" / "mkdocs.yml").read_text("utf-8")
    (contents,) = (part for part in yaml.safe_load_all(site))
    listed: set[str] = set()

    def look(entry: object) -> None:
        if isinstance(entry, str):
            listed.add(entry)
        for part in entry.values() if isinstance(entry, dict) else entry if isinstance(entry, list) else ():
            look(part)

    look(contents["nav"])
    docs = ROOT / "docs"
    assert listed == {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}

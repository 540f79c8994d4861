"""docs/other-languages.md shows the files of tests/examples, which tests/e2e/test_examples.py runs."""

import re

import pytest
from pages import ROOT, blocks

PAGE = "docs/other-languages.md"
FILES = [block for block in blocks(PAGE) if block.title and block.title != "miss"]


@pytest.mark.parametrize("title", [block.title for block in FILES])
def test_a_file_is_shown_as_it_is(title: str) -> None:
    (shown,) = [block.text for block in FILES if block.title == title]
    assert shown == (ROOT / "tests" / "examples" / title).read_text("utf-8")


def test_every_suite_and_what_it_needs_is_shown() -> None:
    folder = ROOT / "tests" / "examples"
    sources = {
        path.relative_to(folder).as_posix()
        for pattern in ("*.cjs", "*/*.js", "*/*.mjs", "*/*.html", "*/*.rb")
        for path in folder.glob(pattern)
        if "node_modules" not in path.parts
    }
    assert sources == {block.title for block in FILES}


def test_no_example_is_wide_or_long() -> None:
    for block in FILES:
        lines = block.text.splitlines()
        assert len(lines) <= 60, block.title
        assert max(map(len, lines)) <= 120, block.title


def test_headings_that_the_table_links_to_are_there() -> None:
    text = (ROOT / PAGE).read_text("utf-8")
    headings = {heading.lower().replace(" ", "-") for heading in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([\w-]+)\)", text)) <= headings

"""A hook of mkdocs: what leads out of docs/ is no page of the site, so only its words are shown."""

import re
from pathlib import PurePosixPath
from typing import Any

_LINK = re.compile(r"\[([^\]]+)\]\((\.\.?/[^)#\s]*)[^)]*\)")


def on_page_markdown(markdown: str, *, page: Any, **_others: Any) -> str:
    """Return a page without links to files of the repository that are not on the site."""
    folder = PurePosixPath(page.file.src_uri).parent

    def shown(link: re.Match[str]) -> str:
        depth = 0
        for part in (folder / link[2]).parts:
            depth += -1 if part == ".." else part != "."
            if depth < 0:
                return link[1]
        return link[0]

    return _LINK.sub(shown, markdown)

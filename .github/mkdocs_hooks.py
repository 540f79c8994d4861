"""A hook of mkdocs: of links out of docs/, or to what the site leaves out, only the words are shown."""

import re
from posixpath import dirname, join, normpath
from typing import Any

_LINK = re.compile(r"\[([^\]]+)\]\((?![a-z]+:)([^)#\s]+)[^)]*\)")


def on_page_markdown(markdown: str, *, page: Any, config: Any, **_others: Any) -> str:
    """Return a page without links to files of the repository that are not on the site."""
    folder = dirname(page.file.src_uri)

    def shown(link: re.Match[str]) -> str:
        target = normpath(join(folder, link[2])) + ("/" if link[2].endswith("/") else "")
        is_here = not target.startswith("../") and not config.exclude_docs.match_file(target)
        return link[0] if is_here else link[1]

    return _LINK.sub(shown, markdown)

"""The hook of the site: links to what is no page of it become words."""

import runpy
from types import SimpleNamespace

import pytest
from pages import ROOT

HOOK = runpy.run_path(str(ROOT / ".github" / "mkdocs_hooks.py"))["on_page_markdown"]


class Excluded:
    """What the site leaves out."""

    def match_file(self, path: str) -> bool:
        return path.startswith("container/")


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[c](container/)", "c"),
        ("[r](../README.md#install)", "r"),
        ("[t](trust.md)", "[t](trust.md)"),
        ("[w](https://a.example/container/)", "[w](https://a.example/container/)"),
        ("[h](#here)", "[h](#here)"),
    ],
)
def test_only_pages_of_the_site_are_links(link: str, shown: str) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri="lan.md"))
    assert HOOK(link, page=page, config=SimpleNamespace(exclude_docs=Excluded())) == shown

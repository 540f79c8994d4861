"""docs/findings.md says what the code says."""

import make_docs


def test_the_page_is_current() -> None:
    assert make_docs.FINDINGS_PAGE.read_text("utf-8") == make_docs.findings(), (
        "run: uv run python tests/tools/make_docs.py"
    )

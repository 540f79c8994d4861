"""What docs/http-api.md shows, by Node against a real run."""

from pathlib import Path

from pages import blocks, ran, steps, told, unpack

BLOCKS = blocks("docs/http-api.md")


def test_a_test_in_javascript_says_what_the_page_says(tmp_path: Path) -> None:
    unpack(BLOCKS, tmp_path)
    sessions = [text for kind, _, text in BLOCKS if kind == "console"]
    assert sessions
    for command, output in [step for session in sessions for step in steps(session)]:
        assert told(ran(command, tmp_path), tmp_path) == told(output, tmp_path), command

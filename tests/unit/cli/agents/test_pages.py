"""Answers for agents: short, in pieces that miss nothing, without keys."""

import re

from hypothesis import given
from hypothesis import strategies as st

from segment_pendo.cli.agents.pages import MOST, page

LINES = st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=3000), max_size=40)


@given(LINES, st.integers(-5, 50))
def test_no_answer_is_too_long(lines: list[str], cursor: int) -> None:
    assert len(page("\n".join(lines), cursor).encode()) <= MOST


@given(st.integers(1, 400), st.integers(1, 200))
def test_the_pieces_together_are_the_whole(count: int, width: int) -> None:
    lines = [f"{number:{width}}" for number in range(count)]
    seen: list[str] = []
    cursor = 0
    while True:
        piece = page("\n".join(lines), cursor).split("\n")
        again = re.fullmatch(r"\.\.\. more: ask again with cursor=(\d+)", piece[-1])
        seen += piece[:-1] if again else piece
        if again is None:
            break
        assert int(again[1]) > cursor, "each piece has at least a line"
        cursor = int(again[1])
    assert [line.strip() for line in seen] == [line.strip() for line in lines]


def test_what_comes_after_is_said_only_where_all_is_there() -> None:
    assert page("a", more="next") == "a\nnext"
    assert "next" not in page("a" * 300 + "\n" * 1 + "\n".join(["b" * 300] * 20), more="next")


def test_write_keys_are_masked_however_they_are_written() -> None:
    for text in (
        '{"writeKey":"hush"}',
        "writeKey: hush",
        '"{\\"writeKey\\":\\"hush\\"}"',
        "write_key = 'hush'",
    ):
        assert "hush" not in page(text)
        assert "****" in page(text)

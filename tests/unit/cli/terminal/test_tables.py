"""Tables as wide as the terminal: which column is folded where there is too little room."""

import pytest

from segment_pendo.cli.terminal import tables

NAME = "subscriptionRenewalDate"
WORDS = "Pendo lower-cases keys, and of equal keys only the last is kept"


@pytest.mark.parametrize(
    ("columns", "cells", "whole"),
    [
        (160, (NAME, WORDS), [NAME, WORDS]),  # all has room
        (60, (NAME, "x" * 20), [NAME, "x" * 20]),
        (60, (NAME, WORDS), []),  # a quarter of the width in any case
        (85, (NAME[:20], WORDS), [NAME[:20]]),
        (60, (NAME * 2, "x" * 20), ["x" * 20]),  # what the others leave, and no more
    ],
)
def test_names_are_folded_last(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    columns: int,
    cells: tuple[str, str],
    whole: list[str],
) -> None:
    monkeypatch.setattr(tables, "width", lambda: columns)
    tables.print_table(("name", "because"), [cells], names=1)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert [cell for cell in cells if cell in "\n".join(lines)] == whole
    if columns == 60 and len(cells[0]) > columns // 2:
        assert len(lines[2:]) == 2, "the name has what the others leave, not a quarter"
    assert "".join("".join(line[1:].split("  ")[0] for line in lines[2:]).split()) == cells[0]

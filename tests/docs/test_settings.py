"""docs/settings.md: its session goes as shown, and it names every setting."""

from pathlib import Path

from pages import ROOT, blocks, ran, steps

from segment_pendo.recordings.settings import Redact, Settings, checked

PAGE = "docs/settings.md"


def test_the_session_goes_as_shown(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for block in blocks(PAGE):
        for command, output in steps(block.text):
            printed = ran(command, tmp_path).replace(str(tmp_path), "the project")
            assert printed == output, command


def test_every_setting_is_in_the_table() -> None:
    text = (ROOT / PAGE).read_text("utf-8")
    names = {*checked("x", {}).__struct_fields__, *Redact.__struct_fields__} - {"redact"}
    assert names > {*Settings.__struct_fields__} - {"redact", "directory", "origins"}
    for name in names:
        assert f"`{name}`" in text, name

"""The settings of a project: which file goes first, what none may say."""

from pathlib import Path

import pytest

from segment_pendo.recordings.settings import SettingsError, settings


def project(folder: Path, toml: str = "", pyproject: str = "") -> Path:
    (folder / ".git").mkdir(exist_ok=True)
    (folder / "segment-pendo.toml").write_text(toml)
    (folder / "pyproject.toml").write_text(f"[tool.segment-pendo]\n{pyproject}")
    return folder


def test_what_segment_pendo_toml_says_goes_first_and_each_value_knows_its_file(tmp_path: Path) -> None:
    found = settings(
        project(
            tmp_path,
            'track = false\nmute = ["ID_INVALID"]',
            'track = true\nport = 0\nmute = ["ID_SUSPICIOUS"]',
        )
    )
    assert (found.track, found.port, found.webhook) == (False, 0, None)
    assert found.mute == ["ID_INVALID", "ID_SUSPICIOUS"]
    assert found.origins == {
        "track": ["segment-pendo.toml"],
        "port": ["pyproject.toml"],
        "mute": ["segment-pendo.toml", "pyproject.toml"],
    }


def test_a_destination_file_and_what_it_says_come_from_the_first_file_that_has_either(tmp_path: Path) -> None:
    found = settings(project(tmp_path, 'destination = "d.json"', 'track = true\nwebhook = "classic"'))
    assert (found.destination, found.track, found.webhook) == (str(tmp_path / "d.json"), None, None)
    found = settings(project(tmp_path, 'webhook = "classic"', 'destination = "d.json"'))
    assert (found.destination, found.webhook) == ("", "classic")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "no setting 'prot'; did you mean port?"),
        ("port = 65536", "port must be a number from 0 to 65535"),
        ('track = "yes"', "track must be true or false"),
        ('webhook = "v2"', "webhook must be actions or classic"),
        ('destination = "d.json"\ntrack = true', "the destination file says what track and webhook say"),
        ('to = "us"', "to is never read from a file of the project; say it to the verb"),
        ('host = "0.0.0.0"', "host is never read from a file of the project"),
        ('api-key = "secret"', "SEGMENT_PENDO_API_KEY"),
    ],
)
def test_what_cannot_be_said_is_told_with_its_file(tmp_path: Path, text: str, words: str) -> None:
    for given, name in (({"toml": text}, "segment-pendo.toml"), ({"pyproject": text}, "pyproject.toml")):
        with pytest.raises(SettingsError) as error:
            settings(project(tmp_path, **given))
        assert str(error.value).startswith(name)
        assert words in str(error.value)
        assert "secret" not in str(error.value)

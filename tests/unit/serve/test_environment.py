"""The state directory: for its owner alone, or a sentence that says why not."""

import os
import stat
from pathlib import Path

import pytest

from segment_pendo.serve.environment import StateError, ca_directory


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "segment-pendo"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="other systems have other permissions")
def test_what_was_there_before_is_closed_to_others(state: Path) -> None:
    (state / "ca").mkdir(parents=True)
    for path in (state, state / "ca"):
        path.chmod(0o755)
    key = state / "ca" / "mitmproxy-ca.pem"
    key.write_text("")
    key.chmod(0o644)
    assert ca_directory() == state / "ca"
    assert (mode(state), mode(state / "ca"), mode(key)) == (0o700, 0o700, 0o600)


@pytest.mark.parametrize("name", ["segment-pendo", "segment-pendo/ca"])
def test_a_link_is_refused(state: Path, tmp_path: Path, name: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = state.parent / name
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(StateError, match="it is a link"):
        ca_directory()
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("name", ["segment-pendo", "segment-pendo/ca"])
def test_a_file_in_its_place_is_told(state: Path, name: str) -> None:
    file = state.parent / name
    file.parent.mkdir(parents=True)
    file.write_text("")
    with pytest.raises(
        StateError, match=r"cannot be used: (File exists|Not a directory)\. .* XDG_STATE_HOME"
    ):
        ca_directory()


def test_a_place_where_nothing_can_be_made_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null/state")
    with pytest.raises(StateError, match=r"the state directory /dev/null/state/segment-pendo cannot be used"):
        ca_directory()

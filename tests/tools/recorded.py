"""Recordings, as tests look at them."""

from pathlib import Path
from typing import Any

from segment_pendo.recordings.files import load


def calls_of(path: Path) -> list[Any]:
    """The calls of a recording (recording.RecordedCall; Any, since a recorded call may be any JSON)."""
    return [one for entry in load(path) for one in entry.calls]

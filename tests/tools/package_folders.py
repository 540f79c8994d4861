"""Where the npm packages that tests use lie: in the tests' own folders, or in copies with other versions."""

import os
from pathlib import Path
from typing import Final

__all__ = ["COPIES", "folder"]

TESTS: Final = Path(__file__).parents[1]
# Names a folder in the place of tests/, with copies of some of its folders (tests/tools/drift.py).
COPIES: Final = "TESTS_WITH_PACKAGES"


def folder(name: str) -> Path:
    """Return the folder of tests/NAME whose packages are to be used."""
    return Path(os.environ.get(COPIES) or TESTS) / name

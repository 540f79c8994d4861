"""Which of Segment's SDKs a project uses, by what its package files name."""

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, NamedTuple

from segment_pendo.serve.sdks import Sdk, sdks

__all__ = ["Found", "found"]

_DEPTH: Final = 3  # folders below the project's: apps/web/package.json of a monorepo
_MOST: Final = 2000  # folders that are looked at
_LONGEST: Final = 1_000_000
_PASSED_OVER: Final = {"node_modules", "vendor", "venv", "site-packages", "dist", "build", "target", "Pods"}


class Found(NamedTuple):
    """An SDK, the package by which it is known, and the file that names that, seen from the project."""

    sdk: Sdk
    package: str
    file: Path


def found(folder: Path) -> list[Found]:
    """Return the SDKs of a project, each once, as the file nearest to its folder names it."""
    known = sdks()
    first: dict[str, Found] = {}
    for file in sorted(_files(folder), key=lambda file: (len(file.parts), file)):
        named = [
            (sdk, package) for sdk in known for package in _packages(sdk, file.name) if sdk.name not in first
        ]
        text = _text(folder / file) if named else ""
        for sdk, package in named:
            if _names(text, package):
                first.setdefault(sdk.name, Found(sdk, package, file))
    return [first[sdk.name] for sdk in known if sdk.name in first]


def _packages(sdk: Sdk, name: str) -> list[str]:
    return [
        package
        for pattern, packages in sdk.packages.items()
        if fnmatch(name, pattern)
        for package in packages
    ]


def _files(folder: Path) -> Iterator[Path]:
    for count, (here, below, names) in enumerate(os.walk(folder)):
        at = Path(here).relative_to(folder)
        below[:] = (
            sorted(name for name in below if name not in _PASSED_OVER and not name.startswith("."))
            if len(at.parts) < _DEPTH
            else []
        )
        yield from (at / name for name in names)
        if count == _MOST:
            return


def _text(file: Path) -> str:
    """Return what a file says outside of comments, as far as that can be known of any language."""
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            text = opened.read(_LONGEST)
    except OSError:
        return ""
    return re.sub(r"(?m)^\s*(?:#|//).*$", "", text)


def _names(text: str, package: str) -> bool:
    """Whether a package stands there by its whole name; a version may follow, as in Go's paths."""
    return re.search(rf"(?<![\w./@-]){re.escape(package)}(?![\w-]|\.\w)", text) is not None

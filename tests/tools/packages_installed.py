"""The npm packages in a folder of node_modules: their versions, and what each of them needs."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["versions"]


def versions(modules: Path, name: str) -> dict[str, set[str]]:
    """Return the versions of a package and of all that it needs, by name; nothing where it is not there."""
    found: dict[str, set[str]] = defaultdict(set)
    seen: set[Path] = set()
    waiting = [modules / name]
    while waiting:
        place = waiting.pop()
        if place in seen or not (place / "package.json").is_file():
            continue
        seen.add(place)
        package: dict[str, Any] = json.loads((place / "package.json").read_text("utf-8"))
        found[package["name"]].add(package["version"])
        needed = package.get("dependencies", {}) | package.get("optionalDependencies", {})
        waiting += [where for one in needed if (where := _resolved(modules, place, one))]
    return dict(found)


def _resolved(modules: Path, place: Path, name: str) -> Path | None:
    """Return where Node finds a package that one at `place` needs."""
    return next((one for one in _candidates(modules, place, name) if one.is_dir()), None)


def _candidates(modules: Path, place: Path, name: str) -> Iterator[Path]:
    while place != modules:
        if place.name != "node_modules":
            yield place / "node_modules" / name
        place = place.parent
    yield modules / name

"""The options of a test's harness, from its marker, its fixtures and the configuration."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from segment_pendo.base.suggestion import unknown
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.comparing.meaning import IgnoreError, Meaning
from segment_pendo.recordings.destinations import load
from segment_pendo.recordings.settings import Settings
from segment_pendo.serve.functions import shared
from segment_pendo.words import LEVELS, Level

__all__ = ["Options", "combined", "known", "of_settings", "options_of", "setup_of"]


@dataclass(frozen=True, slots=True)
class Options:
    """How the harness of a test behaves.

    `timeout` and `quiet` are seconds. Paths of recordings are relative to `directory`. With `update`,
    recordings are rewritten instead of compared.
    """

    setup: Setup
    fail_on: Level | None = None
    expect: int = 0
    timeout: float = 5.0
    quiet: float = 0.25
    directory: Path = Path()
    update: bool = False
    meaning: Meaning = field(default_factory=Meaning)


def known(
    given: Mapping[str, Any], names: Iterable[str], where: str, unnamed: Sequence[object] = ()
) -> dict[str, Any]:
    """Return the given options. Raises ValueError if one has a name that is not among `names`."""
    names = list(names)
    if unnamed:
        msg = f"{where} takes options by keyword only: {', '.join(names)}"
        raise ValueError(msg)
    wrong = unknown(given, names, f"{where} has no option")
    if wrong:
        raise ValueError(wrong)
    return dict(given)


def combined(*levels: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of several levels: the last one wins, but the paths of `ignore` add up.

    Raises ValueError if one of them has no list of paths.
    """
    ignore: list[str] = []
    for paths in (level["ignore"] for level in levels if "ignore" in level):
        if isinstance(paths, str) or not all(isinstance(path, str) for path in paths):
            msg = f"ignore is a list of JSON paths such as ['$.traits.lastSeen'], not {paths!r}"
            raise ValueError(msg)
        ignore += paths
    chosen = {name: value for level in levels for name, value in level.items()}
    return chosen | {"ignore": ignore}


def of_settings(project: Settings, levels: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what the project's settings say, below these levels; a destination file there says the rest."""
    said = {name: value for name in ("track", "webhook") if (value := getattr(project, name)) is not None}
    return {"ignore": project.ignore, **({} if any(level.get("destination") for level in levels) else said)}


def options_of(chosen: Mapping[str, Any], directory: Path, *, update: bool) -> Options:
    """Return the options of one test. Raises ValueError, which names the wrong option."""
    settings = {
        name: chosen[name] for name in ("track", "pendo_track", "webhook", "assume") if name in chosen
    }
    file = chosen.get("destination")
    setup = setup_of(settings, None if file is None else directory / str(file))
    return Options(
        setup,
        fail_on=_one_of(chosen, "fail_on", LEVELS),
        expect=_count(chosen, "expect"),
        timeout=_seconds(chosen, "timeout"),
        quiet=_seconds(chosen, "quiet"),
        directory=directory,
        update=update,
        meaning=_meaning(chosen),
    )


def setup_of(settings: Mapping[str, Any], file: Path | None) -> Setup:
    """Return the Setup of these settings, and of a destination file. Raises ValueError."""
    if file is None:
        return Setup.of(**settings)
    loaded = load(file)
    function = None if loaded.function is None else shared(loaded.function)
    if function is not None:
        function.check()
    return Setup.of(**settings, destination=loaded.file, plan=loaded.plan, function=function)


def _one_of(chosen: Mapping[str, Any], name: str, values: Sequence[str]) -> Any:
    value = chosen.get(name)
    if value is not None and value not in values:
        msg = f"{name} is one of {', '.join(map(repr, values))}, not {value!r}"
        raise ValueError(msg)
    return value


def _count(chosen: Mapping[str, Any], name: str) -> int:
    value = chosen.get(name, 0)
    text = str(value).strip()
    if isinstance(value, bool) or not text.isdecimal():
        msg = f"{name} is a number of calls, not {value!r}"
        raise ValueError(msg)
    return int(text)


def _seconds(chosen: Mapping[str, Any], name: str) -> float:
    try:
        seconds = float(chosen[name])
    except (TypeError, ValueError):
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        msg = f"{name} is a number of seconds, not {chosen[name]!r}"
        raise ValueError(msg)
    return seconds


def _meaning(chosen: Mapping[str, Any]) -> Meaning:
    try:
        return Meaning(chosen.get("ignore", ()))
    except IgnoreError as error:
        msg = f"ignore: {error}"
        raise ValueError(msg) from None

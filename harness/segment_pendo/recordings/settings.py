"""The settings of a project: segment-pendo.toml, and [tool.segment-pendo] in pyproject.toml."""

from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.suggestion import unknown

__all__ = ["Redact", "Settings", "SettingsError", "settings"]

_FILES: Final = (("segment-pendo.toml", ()), ("pyproject.toml", ("tool", "segment-pendo")))
_KINDS: Final = {
    "redact": "a table",
    "ignore": "a list of JSON paths",
    "destination": "the path of a destination file",
    "ids": "keep, users or all",
    "allow_list": "true or false",
    "replace": "a list of keys",
    "keep": "a list of keys",
    "cdn_settings": "the name of a file",
    "mute": "a list of codes",
}


class SettingsError(SegmentPendoError):
    """The settings cannot be used; the text says which file, which setting, and why."""


class Redact(Struct):
    """How `recording redact` and `--redact people` make pseudonyms."""

    ids: Literal["keep", "users", "all"] = "keep"
    replace: list[str] = []
    keep: list[str] = []
    allow_list: bool = False


class Settings(Struct):
    """What a project says.

    `ignore`: JSON paths of what differs from run to run, where calls are compared. `destination`,
    `cdn_settings`: the paths of a destination file, and of a file with the settings that production's CDN
    gives to browsers, or empty texts; in a settings file they are from there. `mute`: codes of findings that
    the page plays down.
    """

    redact: Redact = msgspec.field(default_factory=Redact)
    ignore: list[str] = []
    destination: str = ""
    cdn_settings: str = ""
    mute: list[str] = []


def settings(folder: Path = Path()) -> Settings:
    """Return the settings of the project that a folder belongs to: the nearest one above that has some.

    What segment-pendo.toml says goes before what pyproject.toml says; paths to ignore and codes to mute add
    up. Raises SettingsError.
    """
    here = folder.resolve()
    for directory in (here, *here.parents):
        given = [_read(directory / name, path) for name, path in _FILES]
        if any(given):
            first, second = given
            return _together(directory, first or _Given(), second or _Given())
        if (directory / ".git").exists():
            break
    return Settings()


class _Given(Struct):
    """What one file says; UNSET where it says nothing."""

    redact: Redact | UnsetType = UNSET
    ignore: list[str] = []
    destination: str = ""
    cdn_settings: str = ""
    mute: list[str] = []


def _together(directory: Path, first: _Given, second: _Given) -> Settings:
    redact = next((given.redact for given in (first, second) if given.redact is not UNSET), Redact())
    # Always a path with a folder: whoever writes a file of the working tree must not make us ask the network.
    destination, cdn_settings = (
        str(directory / file) if file else ""
        for file in (first.destination or second.destination, first.cdn_settings or second.cdn_settings)
    )
    ignore, mute = [*first.ignore, *second.ignore], [*first.mute, *second.mute]
    return Settings(redact, ignore, destination, cdn_settings, mute)


def _read(file: Path, path: tuple[str, ...]) -> _Given | None:
    table = _table(file, path)
    if not table:
        return None
    _check(f"{file.name} has no setting", table, Settings)
    redact = table.get("redact")
    if isinstance(redact, dict):
        _check(f"{file.name}: redact has no setting", redact, Redact)
    given = _converted(file.name, table)
    given.mute = [_code(file.name, name) for name in given.mute]
    return given


def _code(file: str, name: str) -> str:
    """Return a code in its own spelling. Raises SettingsError where there is none of that name."""
    from segment_pendo.mapping.catalogue import DROPS, FINDINGS, find  # noqa: PLC0415 - a large table

    known = find(name)
    if known is None:
        msg = unknown([name], [*FINDINGS, *DROPS], f"{file}: mute has no code")
        raise SettingsError(msg if msg.endswith("?") else f"{file}: mute: there is no code {name!r}.")
    return known[0]


def _table(file: Path, path: tuple[str, ...]) -> dict[str, Any]:
    if not file.is_file():
        return {}
    import tomllib  # noqa: PLC0415 - many verbs ask for settings, few projects have some

    try:
        value: Any = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{file} cannot be read: {error}."
        raise SettingsError(msg) from None
    for key in path:
        value = value.get(key, {}) if isinstance(value, dict) else {}
    return value if isinstance(value, dict) else {}


def _check(kind: str, table: dict[str, Any], of: type[Struct]) -> None:
    wrong = unknown(table, of.__struct_fields__, kind)
    if wrong:
        msg = wrong if wrong.endswith("?") else f"{wrong}."
        raise SettingsError(msg)


def _converted(name: str, table: dict[str, Any]) -> _Given:
    try:
        return msgspec.convert(table, _Given)
    except msgspec.ValidationError as error:
        path = str(error).rpartition("$.")[2].partition("[")[0].rstrip("`")
        msg = f"{name}: {path} must be {_KINDS.get(path.rpartition('.')[2], 'something else')}."
        raise SettingsError(msg) from None

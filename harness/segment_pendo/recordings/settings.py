"""The settings of a project: segment-pendo.toml, or else [tool.segment-pendo] in pyproject.toml."""

import tomllib
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.suggestion import unknown

__all__ = ["Redact", "Settings", "SettingsError", "settings"]

_FILES: Final = (("segment-pendo.toml", ()), ("pyproject.toml", ("tool", "segment-pendo")))
_KINDS: Final = {
    "redact": "a table",
    "ignore": "a list of JSON paths",
    "ids": "keep, users or all",
    "allow_list": "true or false",
    "replace": "a list of keys",
    "keep": "a list of keys",
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
    """`redact`; `ignore`: JSON paths of what differs from run to run, where calls are compared."""

    redact: Redact = msgspec.field(default_factory=Redact)
    ignore: list[str] = []


def settings(folder: Path = Path()) -> Settings:
    """Return the settings of the project in a folder. Raises SettingsError."""
    for name, path in _FILES:
        table = _table(folder / name, path)
        if table:
            _check(f"{name} has no setting", table, Settings)
            redact = table.get("redact")
            if isinstance(redact, dict):
                _check(f"{name}: redact has no setting", redact, Redact)
            return _converted(name, table)
    return Settings()


def _table(file: Path, path: tuple[str, ...]) -> dict[str, Any]:
    if not file.is_file():
        return {}
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
        msg = f"{wrong}."
        raise SettingsError(msg)


def _converted(name: str, table: dict[str, Any]) -> Settings:
    try:
        return msgspec.convert(table, Settings)
    except msgspec.ValidationError as error:
        path = str(error).rpartition("$.")[2].partition("[")[0].rstrip("`")
        msg = f"{name}: {path} must be {_KINDS.get(path.rpartition('.')[2], 'something else')}."
        raise SettingsError(msg) from None

"""The settings of a project: segment-pendo.toml, and [tool.segment-pendo] in pyproject.toml."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from segment_pendo.base.errors import SegmentPendoError
from segment_pendo.base.suggestion import as_sentence, unknown

__all__ = [
    "FILES",
    "TABLE",
    "Redact",
    "Settings",
    "SettingsError",
    "checked",
    "has_settings",
    "settings",
]

FILES: Final = ("segment-pendo.toml", "pyproject.toml")
TABLE: Final = ("tool", "segment-pendo")  # in the second file
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
    "track": "true or false",
    "webhook": "actions or classic",
    "port": "a number from 0 to 65535",
}
# Whoever can write into a working tree must not be able to say where data goes.
_NEVER: Final = {
    "to": "say it to the verb, or by the variable SEGMENT_PENDO_RUN_TO",
    "host": "say it to `segment-pendo run`",
    "api_key": "give the variable SEGMENT_PENDO_API_KEY, or a file that only you can read",
}


_PATHS: Final = frozenset({"destination", "cdn_settings"})


class SettingsError(SegmentPendoError):
    """The settings cannot be used; the text says which file, which setting, and why."""


class Redact(Struct):
    """How `recording redact` and `--redact people` make pseudonyms."""

    ids: Literal["keep", "users", "all"] = "keep"
    replace: list[str] = []
    keep: list[str] = []
    allow_list: bool = False


class _Given(Struct):
    """What one file says; UNSET or empty where it says nothing."""

    track: bool | UnsetType = UNSET
    webhook: Literal["actions", "classic"] | UnsetType = UNSET
    destination: str = ""
    port: Annotated[int, Meta(ge=0, le=65535)] | UnsetType = UNSET
    mute: list[str] = []
    ignore: list[str] = []
    cdn_settings: str = ""
    redact: Redact | UnsetType = UNSET


class Settings(Struct):
    """What a project says.

    `track`, `webhook`, `port`: as the options, or None. `ignore`: JSON paths of what differs from run to run,
    where calls are compared. `destination`, `cdn_settings`: the paths of a destination file, and of a file
    with the settings that production's CDN gives to browsers, or empty texts; in a settings file they are
    from there. `mute`: codes of findings that the page plays down. `origins`: for each setting that a file
    says, the names of the files.
    """

    redact: Redact = msgspec.field(default_factory=Redact)
    ignore: list[str] = []
    destination: str = ""
    cdn_settings: str = ""
    mute: list[str] = []
    track: bool | None = None
    webhook: str | None = None
    port: int | None = None
    directory: Path | None = None
    origins: dict[str, list[str]] = {}


def settings(folder: Path = Path()) -> Settings:
    """Return the settings of the project that a folder belongs to: the nearest one above that has some.

    What segment-pendo.toml says goes before what pyproject.toml says; paths to ignore and codes to mute add
    up. Raises SettingsError.
    """
    here = folder.resolve()
    for directory in (here, *here.parents):
        first, second = (_read(directory / name, path) for name, path in zip(FILES, ((), TABLE), strict=True))
        if first or second:
            return _together(directory, first or _Given(), second or _Given())
        if (directory / ".git").exists():
            break
    return Settings()


def _together(directory: Path, first: _Given, second: _Given) -> Settings:
    found = Settings(directory=directory)
    if first.destination:  # it says these two; what goes before it in the order does not
        second.track = second.webhook = UNSET
    elif first.track is not UNSET or first.webhook is not UNSET:
        second.destination = ""
    _take(found, FILES[1], second)
    _take(found, FILES[0], first)
    return found


def _take(found: Settings, file: str, given: _Given) -> None:
    """Add what a file says: lists before those of the other file, any other value in its place."""
    for name, value in msgspec.structs.asdict(given).items():
        if value is UNSET or value in ("", []):
            continue
        before: list[str] = []
        if isinstance(value, list):
            value, before = [*value, *getattr(found, name)], found.origins.get(name, [])  # noqa: PLW2901
        elif name in _PATHS:
            # Always with a folder: who writes a file of the working tree must not make us ask the network.
            value = str(Path(found.directory or "") / value)  # noqa: PLW2901
        setattr(found, name, value)
        found.origins[name] = [file, *before]


def has_settings(file: Path) -> bool:
    """Whether this is a file of settings, be it one that says nothing. Raises SettingsError."""
    return file.is_file() and (file.name == FILES[0] or _table(file, TABLE) is not None)


def checked(name: str, table: dict[str, Any]) -> _Given:
    """Return what a file of this name says with a table. Raises SettingsError where it cannot say that."""
    _allowed(name, table)
    _check(f"{name} has no setting", table, _Given)
    redact = table.get("redact")
    if isinstance(redact, dict):
        _check(f"{name}: redact has no setting", redact, Redact)
    given = _converted(name, table)
    given.mute = [_code(name, code) for code in given.mute]
    if given.destination and not (given.track is given.webhook is UNSET):
        msg = f"{name}: the destination file says what track and webhook say; leave them out."
        raise SettingsError(msg)
    return given


def _read(file: Path, path: tuple[str, ...]) -> _Given | None:
    table = _table(file, path)
    return checked(file.name, table) if table else None


def _allowed(file: str, table: dict[str, Any]) -> None:
    """Raise SettingsError for what is never read from a file of the working tree."""
    for name in table:
        instead = _NEVER.get(name.replace("-", "_").casefold())
        if instead:
            msg = f"{file}: {name} is never read from a file of the project; {instead}."
            raise SettingsError(msg)


def _code(file: str, name: str) -> str:
    """Return a code in its own spelling. Raises SettingsError where there is none of that name."""
    from segment_pendo.mapping.catalogue import DROPS, FINDINGS, find  # noqa: PLC0415 - a large table

    known = find(name)
    if known is None:
        msg = unknown([name], [*FINDINGS, *DROPS], f"{file}: mute has no code")
        raise SettingsError(msg if msg.endswith("?") else f"{file}: mute: there is no code {name!r}.")
    return known[0]


def _table(file: Path, path: tuple[str, ...]) -> dict[str, Any] | None:
    """Return the table at a path of a file, or None where there is none. Raises SettingsError."""
    if not file.is_file():
        return None
    import tomllib  # noqa: PLC0415 - many verbs ask for settings, few projects have some

    try:
        value: Any = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{file} cannot be read: {error}."
        raise SettingsError(msg) from None
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else None


def _check(kind: str, table: dict[str, Any], of: type[Struct]) -> None:
    wrong = unknown(table, of.__struct_fields__, kind)
    if wrong:
        raise SettingsError(as_sentence(wrong))


def _converted(name: str, table: dict[str, Any]) -> _Given:
    try:
        return msgspec.convert(table, _Given)
    except msgspec.ValidationError as error:
        path = str(error).rpartition("$.")[2].partition("[")[0].rstrip("`")
        msg = f"{name}: {path} must be {_KINDS.get(path.rpartition('.')[2], 'something else')}."
        raise SettingsError(msg) from None

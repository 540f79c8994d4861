"""The settings of the project as defaults of options: below flags and the environment, above our own."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

__all__ = ["with_project_defaults"]

_WRITES: Final = "init"  # whose options are what it writes
# Parameter -> the verbs whose default it is; none named: all others.
_PARAMETERS: Final[dict[str, tuple[str, ...]]] = {
    "track": (),
    "webhook": (),
    "port": ("run",),
    "url": ("calls", "explain", "send", "tail", "why"),
}


class _ProjectDefaults(Mapping[str, Any]):
    """What a verb's options are by default; the settings are read when one of them is asked for.

    A lookup raises SettingsError.
    """

    def __init__(self, verb: str) -> None:
        self._names = {
            name for name, verbs in _PARAMETERS.items() if verb in verbs or (not verbs and verb != _WRITES)
        }
        self._values: dict[str, Any] | None = None

    def _read(self) -> dict[str, Any]:
        if self._values is None:
            from segment_pendo.base.hosts import HOME_PORT, HOME_URL  # noqa: PLC0415 - few verbs ask
            from segment_pendo.recordings.settings import settings  # noqa: PLC0415 - as above

            given = settings()
            url = HOME_URL.replace(str(HOME_PORT), str(given.port)) if given.port else None
            values = {"track": given.track, "webhook": given.webhook, "port": given.port, "url": url}
            self._values = {
                name: value for name, value in values.items() if value is not None and name in self._names
            }
        return self._values

    def __contains__(self, name: object) -> bool:
        return name in self._names and name in self._read()

    def __getitem__(self, name: str) -> Any:
        if name not in self:
            raise KeyError(name)
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


def with_project_defaults(verb: str, command: click.Command) -> click.Command:
    """Give a verb, and the verbs below it, the defaults of the project; return it."""
    command.context_settings["default_map"] = _ProjectDefaults(verb)  # read anew: another folder may be ours
    if isinstance(command, click.Group):
        for below in command.commands.values():
            with_project_defaults(verb, below)
    return command

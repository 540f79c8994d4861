"""Read how pseudonyms are made: the settings and the key in the working directory."""

import os
import secrets
import tomllib
from pathlib import Path
from typing import Any, Final, cast

import click

from segment_pendo.base.suggestion import nearest
from segment_pendo.cli.failure import CONFIGURATION, Failure
from segment_pendo.recordings.pseudonyms import Ids, People, Rules
from segment_pendo.serve.environment import REDACT_KEY, secret

__all__ = ["people"]

KEY_FILE: Final = ".segment-pendo-key"
SHORTEST_KEY: Final = 8
_SETTINGS: Final = ("ids", "replace", "keep", "allow_list")


def _table() -> dict[str, Any]:
    """Return the redact table of segment-pendo.toml or, if that has none, of pyproject.toml."""
    for name, path in (
        ("segment-pendo.toml", ("redact",)),
        ("pyproject.toml", ("tool", "segment-pendo", "redact")),
    ):
        file = Path(name)
        if not file.is_file():
            continue
        try:
            value: Any = tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            message = f"{name} cannot be read: {error}."
            raise Failure(message, CONFIGURATION) from None
        for key in path:
            value = value.get(key, {}) if isinstance(value, dict) else {}
        if value:
            return _checked(name, value)
    return {}


def _checked(name: str, table: Any) -> dict[str, Any]:
    for key, value in table.items():
        if key not in _SETTINGS:
            near = nearest(key, _SETTINGS)
            hint = f" Did you mean {near}?" if near else f" The settings are {', '.join(_SETTINGS)}."
            message = f"{name}: redact has no setting {key!r}.{hint}"
            raise Failure(message, CONFIGURATION)
        is_right = {
            "ids": value in ("keep", "users", "all"),
            "allow_list": isinstance(value, bool),
        }.get(key, isinstance(value, list) and all(isinstance(entry, str) for entry in value))
        if not is_right:
            kinds = {"ids": "keep, users or all", "allow_list": "true or false"}
            message = f"{name}: redact.{key} must be {kinds.get(key, 'a list of keys')}."
            raise Failure(message, CONFIGURATION)
    return dict(table)


def _key() -> bytes:
    """Return the key of the pseudonyms, from the environment or else from the key file.

    The key file is in the working directory, and is written when it is first needed.
    """
    given, file = secret(REDACT_KEY), Path(KEY_FILE)
    try:
        if not given and not file.exists():
            descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii", newline="\n") as output:
                output.write(secrets.token_hex(32) + "\n")
            click.echo(
                f"Made {file}, the key of the pseudonyms. Keep it secret, and do not lose it: with another "
                "key, the same people get other pseudonyms.",
                err=True,
            )
            _ignore(file)
        key = given.encode("utf-8", "surrogateescape") if given else file.read_bytes().strip()
    except OSError as error:
        message = f"the key file {file} cannot be used: {error.strerror}. Set {REDACT_KEY} instead."
        raise Failure(message, CONFIGURATION) from None
    if len(key) < SHORTEST_KEY:
        message = (
            f"the key of the pseudonyms ({REDACT_KEY if given else file}) is shorter than {SHORTEST_KEY} "
            "bytes: anybody could guess it."
        )
        raise Failure(message, CONFIGURATION)
    return key


def _ignore(file: Path) -> None:
    """Add the key file to .gitignore if this is a git working tree."""
    here = file.resolve()
    root = next((parent for parent in here.parents if (parent / ".git").exists()), None)
    if root is None:
        return
    ignored = root / ".gitignore"
    text = ignored.read_bytes() if ignored.exists() else b""
    if file.name.encode() not in text.split():
        with ignored.open("ab") as more:
            more.write((b"" if not text or text.endswith(b"\n") else b"\n") + file.name.encode() + b"\n")
        click.echo(f"Added {file.name} to {ignored}.", err=True)


def people(ids: str | None = None) -> People:
    """Return the maker of pseudonyms, by the settings and the key of this directory. Raises Failure."""
    table = _table()
    rules = Rules(
        ids=cast("Ids", ids or table.get("ids", "keep")),
        replace=frozenset(table.get("replace", ())),
        keep=frozenset(table.get("keep", ())),
        allow_list=table.get("allow_list", False),
    )
    return People(_key(), rules)

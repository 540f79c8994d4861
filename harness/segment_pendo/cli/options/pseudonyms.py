"""Whether and how pseudonyms are made: --redact, and the settings and the key of the directory."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from segment_pendo.cli.failure import CONFIGURATION, Failure
from segment_pendo.recordings.redaction.pseudonyms import Ids, People, Rules
from segment_pendo.recordings.settings import settings
from segment_pendo.serve.environment import REDACT_KEY, secret

__all__ = ["drafted", "people", "redact_option"]

KEY_FILE: Final = ".segment-pendo-key"
SHORTEST_KEY: Final = 8


def redact_option[F: Callable[..., Any]](says: str) -> Callable[[F], F]:
    """Add --redact to a verb that records; `says` begins its help."""
    return click.option(
        "--redact",
        type=click.Choice(["keys", "people"]),
        default="keys",
        show_default=True,
        help=f"{says} (`segment-pendo recording redact --help`).",
    )


def _key_file() -> Path:
    """Return the key file of the project: the nearest one above, else one to be made here."""
    here = Path.cwd()
    for directory in (here, *here.parents):
        if (directory / KEY_FILE).exists():
            return Path(KEY_FILE) if directory == here else directory / KEY_FILE
        if (directory / ".git").exists():
            break
    return Path(KEY_FILE)


def _key() -> tuple[bytes, Callable[[], None]]:
    """Return the key of the pseudonyms, from the environment or else from the key file; and what keeps it.

    The key file is in the working directory or above. Where there is none, a key is made, which lasts only
    once it is kept. Raises Failure.
    """
    given, file = secret(REDACT_KEY), _key_file()
    if not given and not file.exists():
        made = secrets.token_hex(32).encode("ascii")
        return made, lambda: _keep(file, made)
    try:
        key = given.encode("utf-8", "surrogateescape") if given else file.read_bytes().strip()
    except OSError as error:
        raise _unusable(file, error) from None
    if len(key) < SHORTEST_KEY:
        message = (
            f"the key of the pseudonyms ({REDACT_KEY if given else file}) is shorter than {SHORTEST_KEY} "
            "bytes: anybody could guess it."
        )
        raise Failure(message, CONFIGURATION)
    return key, lambda: None


def _unusable(file: Path, error: OSError) -> Failure:
    message = f"the key file {file} cannot be used: {error.strerror}. Set {REDACT_KEY} instead."
    return Failure(message, CONFIGURATION)


def _keep(file: Path, key: bytes) -> None:
    """Write a key that was made, unless it is kept already. Raises Failure."""
    try:
        if file.exists() and file.read_bytes().strip() == key:
            return
        _ignore(file)  # first: a key that was made is not looked at again
        _make(file, key)
    except OSError as error:
        raise _unusable(file, error) from None
    click.echo(
        f"Made {file}, the key of the pseudonyms. Keep it secret, and do not lose it: with another "
        "key, the same people get other pseudonyms.",
        err=True,
    )


def _make(file: Path, key: bytes) -> None:
    descriptor = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as output:
            output.write(key + b"\n")
    except OSError:
        file.unlink()  # an empty key would be refused from then on
        raise


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


def people(ids: Ids | None = None) -> People:
    """Return the maker of pseudonyms, by the settings and the key of this directory. Raises Failure."""
    made, keep = drafted(ids)
    keep()
    return made


def drafted(ids: Ids | None = None) -> tuple[People, Callable[[], None]]:
    """Return the maker of pseudonyms, and what is called before anything of it is written: keeps a new key.

    Both raise Failure.
    """
    redact = settings().redact
    rules = Rules(
        ids=ids or redact.ids,
        replace=frozenset(redact.replace),
        keep=frozenset(redact.keep),
        allow_list=redact.allow_list,
    )
    key, keep = _key()
    return People(key, rules), keep

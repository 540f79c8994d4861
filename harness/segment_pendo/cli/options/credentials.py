"""Find the destination and its API key; the key is never an option, because a shell history keeps options."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from segment_pendo.cli import completing
from segment_pendo.cli.failure import CONFIGURATION, REFUSED, Failure
from segment_pendo.pendo.regions import DATA_HOSTS, LOCAL_KEY, destination, examine
from segment_pendo.serve.environment import API_KEY, SIGNING_KEY, in_ci, secret
from segment_pendo.words import Destination

__all__ = ["find", "key_file_option", "known", "named", "to_option"]

_ALLOWED: Final = "segment_pendo.allow_production"
_to = click.option(
    "--to",
    metavar="|".join([*DATA_HOSTS, "URL"]),
    shell_complete=completing.regions,
    help=(
        f"Forward the webhooks to Pendo: a region, or the base URL of a data host. Key: ${API_KEY}, "
        "--api-key-file or a prompt."
    ),
)


def _allow(context: click.Context, _param: click.Parameter, value: bool) -> None:
    context.meta[_ALLOWED] = value


def to_option[F: Callable[..., Any]](command: F) -> F:
    """Add --to, and --allow-production, which `find` asks for."""
    allow = click.option(
        "--allow-production",
        is_flag=True,
        expose_value=False,
        callback=_allow,
        help="Let --to name a real Pendo where the variable CI is set, too.",
    )
    return _to(allow(command))


key_file_option = click.option(
    "--api-key-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read Pendo's API key from this file.",
)


def find(to: str | None, key_file: Path | None) -> Destination | None:
    """Return the destination, or None for the loopback Pendo. Raises Failure (exit 3, or 7 for safety)."""
    if to is None:
        return None
    probe = named(to)
    if not probe.loopback and in_ci() and not click.get_current_context().meta.get(_ALLOWED):
        message = (
            f"this is CI, and {probe.name} is a real Pendo: what is sent there stays there. Give "
            "--allow-production if it is meant to be."
        )
        raise Failure(message, REFUSED)
    key = _key(key_file, loopback=probe.loopback)
    target = destination(to, key)
    for finding in examine(target):
        click.echo(f"{finding.level} {finding.code}: {finding.message}", err=True)
    return target


def named(to: str) -> Destination:
    """Return the destination without its key, for what sends nothing. Raises Failure (exit 3)."""
    try:
        return destination(to, LOCAL_KEY)
    except ValueError as error:
        message = f"--to: {error}."
        raise Failure(message, CONFIGURATION) from None


def known(to: Destination | None) -> tuple[str, ...]:
    """Return every key that we know, even if nothing is forwarded: no key may get into a recording."""
    keys = {secret(API_KEY), secret(SIGNING_KEY), to.key if to else ""}
    return tuple(sorted(keys - {"", LOCAL_KEY}))


def _key(key_file: Path | None, *, loopback: bool) -> str:
    if key_file is not None:
        try:
            key = key_file.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            message = f"--api-key-file: {key_file} cannot be read as text."
            raise Failure(message, CONFIGURATION) from None
    else:
        key = secret(API_KEY)
    if not key and loopback:
        return LOCAL_KEY
    if not key and sys.stdin.isatty():
        key = str(click.prompt("Pendo's API key", hide_input=True, err=True)).strip()
    if not key:
        message = f"Pendo's API key is missing: set {API_KEY}, or give --api-key-file FILE."
        raise Failure(message, CONFIGURATION)
    if any(character.isspace() or not character.isprintable() for character in key):
        message = "Pendo's API key contains white space or control characters; check where it comes from."
        raise Failure(message, CONFIGURATION)
    return key

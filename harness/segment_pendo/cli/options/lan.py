"""Add the options by which a run listens beyond loopback; it gets them as a Lan."""

import socket
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click

from segment_pendo.base.hosts import address_of, is_loopback
from segment_pendo.serve.environment import token_file

__all__ = ["lan_options"]

_SOMEWHERE: Final = "192.0.2.1"  # kept for documents (RFC 5737): no packet is sent to find the way there


def lan_options[F: Callable[..., Any]](command: F) -> Callable[..., Any]:
    """Add the options to a verb, which gets a Lan as its `lan`."""

    @wraps(command)
    def with_lan(
        *args: Any,
        listen: tuple[str, ...],
        allow_names: tuple[str, ...],
        token_path: Path | None,
        on_lan: bool,
        open_ingest: bool,
        **others: Any,
    ) -> Any:
        from segment_pendo.serve.lan import LOOPBACK_ONLY, Lan, token_of  # noqa: PLC0415 - few need it

        addresses = tuple(dict.fromkeys([*_addresses(listen), *([_of_this_machine()] if on_lan else [])]))
        if not addresses and (allow_names or token_path or open_ingest):
            message = "--allow-host, --token-file and --open-ingest need --host ADDRESS or --lan."
            raise click.UsageError(message)
        if on_lan and not open_ingest and _is_elsewhere(others.get("to")):
            message = (
                "with --lan, everybody in this network could send calls to a real Pendo; if that is meant, "
                "give --open-ingest as well."
            )
            raise click.UsageError(message)
        lan = LOOPBACK_ONLY
        if addresses:
            file = token_path or token_file()
            takes_calls = open_ingest or on_lan
            lan = Lan(addresses, token_of(file), file, allow_names, takes_calls, on_lan)
        return command(*args, lan=lan, **others)

    decorated: Callable[..., Any] = with_lan
    for option in (
        click.option(
            "--open-ingest",
            is_flag=True,
            help="With --host: take calls of SDKs there, from whoever reaches that address.",
        ),
        click.option(
            "--token-file",
            "token_path",
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="The token for --host and --lan; made if it is missing.  [default: in the state directory]",
        ),
        click.option(
            "--allow-host",
            "allow_names",
            multiple=True,
            metavar="NAME",
            help="With --host: a name by which this machine is called there; repeatable.",
        ),
        click.option(
            "--lan",
            "on_lan",
            is_flag=True,
            help=(
                "For phones and containers: listen at this machine's address, take calls there, open the "
                "proxy, and say how to set them up."
            ),
        ),
        click.option(
            "--host",
            "listen",
            multiple=True,
            metavar="ADDRESS",
            help=(
                "Listen at this address of this machine as well (0.0.0.0: all); the page and the API there "
                "need a token. Repeatable."
            ),
        ),
    ):
        decorated = option(decorated)
    return decorated


def _is_elsewhere(to: str | None) -> bool:
    """Whether webhooks go to a Pendo that is not on this machine."""
    return to is not None and not ("://" in to and is_loopback(urlsplit(to).hostname or ""))


def _addresses(given: tuple[str, ...]) -> Iterator[str]:
    for text in given:
        address = address_of(text)
        if address is None or address.is_loopback:
            message = (
                f"--host {text!r} is no address beyond loopback, where a run listens anyway; give an IP "
                "address of this machine, or 0.0.0.0 for all."
            )
            raise click.UsageError(message)
        if address.is_unspecified:
            yield from _every(address.version)
        else:
            yield str(address)


def _every(version: int) -> Iterator[str]:
    import psutil  # noqa: PLC0415 - a slow import

    family = socket.AF_INET if version == 4 else socket.AF_INET6
    for several in psutil.net_if_addrs().values():
        for entry in several:
            address = address_of(entry.address) if entry.family == family else None
            if address is not None and not address.is_loopback and not address.is_link_local:
                yield str(address)


def _of_this_machine() -> str:
    """Return the address of this machine in its network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        try:
            way.connect((_SOMEWHERE, 9))
            return str(way.getsockname()[0])
        except OSError:
            pass
    first = next(_every(4), None)
    if first is None:
        message = "--lan: this machine has no address in a network; connect it, or name one with --host."
        raise click.UsageError(message)
    return first

"""What a shell completes: codes, assumptions, regions; ids of a running instance, which is asked by GET.

Each table, and what asks an instance, is imported only when a shell asks.
"""

from collections.abc import Iterable
from typing import Any, Final

import click

from segment_pendo.cli.options.instance import home_url, is_default

__all__ = ["assumptions", "call_ids", "codes", "group_ids", "regions", "user_and_trait", "user_ids"]

_PATIENCE: Final = 0.2  # seconds; who waits for a shell types on instead
_NEWEST: Final = 200  # calls that are looked at


def codes(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the codes that begin so, in whatever case."""
    from segment_pendo.mapping.catalogue import DROPS, FINDINGS  # noqa: PLC0415 - see above

    return [name for name in (*FINDINGS, *DROPS) if name.lower().startswith(incomplete.lower())]


def assumptions(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the names of switches that begin so, or after `NAME=` the switch with each of its values."""
    from segment_pendo.base.switch import table  # noqa: PLC0415 - see above
    from segment_pendo.pendo.switches import PendoSwitches  # noqa: PLC0415
    from segment_pendo.segment.switches import Switches  # noqa: PLC0415

    known = {entry.name: entry.values for switches in (Switches, PendoSwitches) for entry in table(switches)}
    name, equals, _ = incomplete.partition("=")
    pairs = [f"{name}={value}" for value in known.get(name, ())] if equals else [f"{one}=" for one in known]
    return [pair for pair in pairs if pair.startswith(incomplete)]


def regions(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return Pendo's regions that begin so."""
    from segment_pendo.pendo.regions import DATA_HOSTS  # noqa: PLC0415 - see above

    return [region for region in DATA_HOSTS if region.startswith(incomplete)]


def call_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the ids of the newest calls that begin so."""
    return _of_calls(ctx, "id", incomplete)


def user_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the users of the newest calls that begin so."""
    return _of_calls(ctx, "user", incomplete)


def group_ids(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Return the groups of the newest calls that begin so."""
    return _of_calls(ctx, "group", incomplete)


def user_and_trait(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return users first, then traits that were sent for the user or the account."""
    names = [*(ctx.params.get("names") or ())]
    group = ctx.params.get("group")
    if not names and group is None:
        return user_ids(ctx, param, incomplete)
    asked = {"group": group, "type": "group"} if group is not None else {"user": names[0], "type": "identify"}
    traits: dict[str, None] = {}
    for row in _rows(ctx, asked):
        traits |= dict.fromkeys(_traits(row))
    return _beginning(traits, incomplete)


def _traits(row: dict[str, Any]) -> list[str]:
    import json  # noqa: PLC0415 - see above

    try:
        body = json.loads(row.get("body") or "null")
    except ValueError:
        return []
    sent = body.get("traits") if isinstance(body, dict) else None
    return [*sent] if isinstance(sent, dict) else []


def _of_calls(ctx: click.Context, member: str, incomplete: str) -> list[str]:
    return _beginning(dict.fromkeys(row.get(member) for row in _rows(ctx, {})), incomplete)


def _beginning(names: Iterable[Any], incomplete: str) -> list[str]:
    texts = [name for name in names if isinstance(name, str) and name.isprintable()]
    return [name for name in texts if name.startswith(incomplete)]


def _rows(ctx: click.Context, asked: dict[str, str]) -> list[dict[str, Any]]:
    """Return the rows of the newest calls of a running instance that meet all conditions."""
    from urllib.parse import urlencode  # noqa: PLC0415 - see above

    url = ctx.params.get("url") or home_url()
    path = f"/_/calls?{urlencode({**asked, 'newest': '1', 'limit': str(_NEWEST)})}"
    answer = _asked(url, path)
    if answer is None and is_default(ctx):
        other = _elsewhere()
        answer = _asked(other, path) if other else None
    rows = (answer or {}).get("calls", [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _elsewhere() -> str:
    """Return the home URL of the only run that is there, or the only one of this folder; else ''."""
    from segment_pendo.cli.failure import Failure  # noqa: PLC0415 - see above
    from segment_pendo.cli.instance import chosen  # noqa: PLC0415
    from segment_pendo.serve.environment import StateError  # noqa: PLC0415

    try:
        return chosen(None).home
    except (Failure, StateError):
        return ""


def _asked(url: str, path: str) -> dict[str, Any] | None:
    """Return what a running instance answers; None where there is none: a shell shows no errors."""
    import json  # noqa: PLC0415 - see above
    from http.client import HTTPConnection, HTTPException  # noqa: PLC0415
    from urllib.parse import urlsplit  # noqa: PLC0415

    parts = urlsplit(url)
    # aiohttp takes too long to import.
    connection = HTTPConnection(parts.netloc.rpartition("@")[2], timeout=_PATIENCE)
    try:
        connection.request("GET", path)
        value = json.loads(connection.getresponse().read())
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return value if isinstance(value, dict) else None

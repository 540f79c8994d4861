"""Destination files: our own form, what `terraform show -json` prints, and dumps of Segment's Public API."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from segment_pendo.base import js_json
from segment_pendo.base.prose import short, tell_nobody
from segment_pendo.mapping import destination_file
from segment_pendo.mapping.destination_file import DestinationError, DestinationFile
from segment_pendo.recordings.exchange import production
from segment_pendo.recordings.exchange.production import InProduction
from segment_pendo.segment.plan import plan as plans
from segment_pendo.segment.plan.error import PlanError
from segment_pendo.words import Json

__all__ = ["Loaded", "load", "written"]

_MOST_BYTES = 64 << 20  # a workspace's whole state may be large


class Loaded(NamedTuple):
    """A destination with what its file names: the content of its plan (None without one), its function.

    `is_empty`: the file is `{}`, which says nothing of a destination.
    """

    file: DestinationFile
    plan: Json = None
    function: Path | None = None
    is_empty: bool = False


def load(path: Path, named: str | None = None, tell: Callable[[str], None] = tell_nobody) -> Loaded:
    """Return the destination that a file describes, whatever its form. Raises DestinationError.

    `named`: which one, by its name, id or address, where the file holds several. `tell` is called with a
    sentence for each thing of another program's file that a destination file does not hold.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}. `segment-pendo init {path}` writes one."
        raise DestinationError(msg) from None
    if len(data) > _MOST_BYTES:
        msg = f"{path}: the file has more than {_MOST_BYTES >> 20} MiB. Give the destination's file."
        raise DestinationError(msg)
    value = destination_file.json_of(data, str(path))
    found = production.destinations(value, str(path))
    if found is not None:
        chosen = _chosen(found, named, str(path))
        for sentence in chosen.dropped:
            tell(sentence)
        return Loaded(destination_file.of(chosen.described, f"{path}, {chosen.address or chosen.name}"))
    if named is not None:
        msg = f"{path} describes one destination; a name is for files of Terraform and the Public API."
        raise DestinationError(msg)
    described = destination_file.of(value, str(path))
    plan = None if described.plan is None else _plan(path.parent / described.plan, path)
    function = None if described.function is None else path.parent / described.function
    if function is not None and not function.is_file():
        msg = f"{path}: there is no file {function}. Correct function, or set it to null."
        raise DestinationError(msg)
    return Loaded(described, plan, function, is_empty=value == {})


def _plan(path: Path, of: Path) -> Json:
    """Return the content of a tracking plan that can be used."""
    try:
        plan = destination_file.json_of(path.read_bytes(), str(path))
        plans.read(plan)
    except OSError as error:
        msg = f"{of}: its plan {path} cannot be read: {error.strerror}. Correct plan, or set it to null."
        raise DestinationError(msg) from None
    except PlanError as error:
        msg = f"{path}: {error}"
        raise DestinationError(msg) from None
    return plan


def _chosen(found: list[InProduction], named: str | None, name: str) -> InProduction:
    """Return the one destination that is meant. Raises DestinationError."""
    wanted = [item for item in found if named is None or named in {item.name, item.id, item.address}]
    if len(wanted) == 1:
        return wanted[0]
    if not found:
        msg = (
            f"{name}: no destination of it is a webhook. Give the file of the workspace that sends to Pendo, "
            "or start from what `segment-pendo init destination.json` writes."
        )
        raise DestinationError(msg)
    names = ", ".join(short(item.address or item.name or item.id, 60) for item in (wanted or found)[:20])
    if named is None:
        what = f"it holds {len(found)} webhook destinations"
    elif wanted:
        what = f"{len(wanted)} of its webhook destinations are called {short(named, 60)}"
    else:
        what = f"none of its webhook destinations is called {short(named, 60)}"
    msg = f"{name}: {what}: {names}. `segment-pendo init` writes one of them to a file of its own."
    raise DestinationError(msg)


def written(destination: DestinationFile) -> str:
    """Return the text of a destination file with every member, for people to change."""
    value: Json = destination_file.in_full(destination)
    return json.dumps(json.loads(js_json.write(value)), indent=2, ensure_ascii=False) + "\n"

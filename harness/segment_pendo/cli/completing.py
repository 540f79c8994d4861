"""What a shell completes: codes, assumptions, regions. Each table is imported only when a shell asks."""

import click

__all__ = ["assumptions", "codes", "regions"]


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

"""How webhooks are delivered: in words that options can give, without anything that delivers."""

from dataclasses import dataclass, field, replace

from segment_pendo.mapping.setup import Setup
from segment_pendo.segment.retries import Schedule

__all__ = ["How", "as_in_production"]


@dataclass(frozen=True, slots=True)
class How:
    """How webhooks are delivered.

    `batch`: up to so many webhooks in one POST. `concurrency`: so many POSTs at the same time. `rate`: at
    most so many POSTs a second. `ordered`: in order within a chain; else in any order, as Segment may. `seed`
    makes the pauses of `schedule`, and any order, the same in each run. `window_each`: the window of a
    webhook begins with its first attempt, not when it was accepted, which may be long before its turn.
    """

    schedule: Schedule = field(default_factory=Schedule)
    batch: int | None = None
    concurrency: int = 16
    rate: float | None = None
    ordered: bool = True
    seed: int | str = 0
    window_each: bool = False


def as_in_production(how: How, setup: Setup) -> How:
    """Return how webhooks are delivered: in batches, where every mapping of the destination says so (W-21).

    A batch has the headers of its first event, so mappings that set some are not batched here.
    """
    if how.batch is not None or setup.destination is None or setup.sets_request:
        return how
    sizes = [mapping.batch for mapping in setup.destination.file.mappings if mapping.enabled]
    if not sizes or None in sizes:
        return how
    return replace(how, batch=min(batch.size for batch in sizes if batch is not None))

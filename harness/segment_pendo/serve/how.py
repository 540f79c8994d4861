"""How webhooks are delivered: in words that options can give, without anything that delivers."""

from dataclasses import dataclass, field

from segment_pendo.segment.retries import Schedule

__all__ = ["How"]


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

"""Add --fault and --seed; a verb gets them as its `faults`, which `opened` makes ready."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

from segment_pendo.base.prose import printable
from segment_pendo.cli.options.numbers import Whole
from segment_pendo.serve.fault import Fault, FaultError, Side
from segment_pendo.serve.faults import Faults

__all__ = ["Asked", "fault_options"]


@dataclass(frozen=True, slots=True)
class Asked:
    """The faults that the options ask for, and the seed of their chances (None: another one each time)."""

    faults: tuple[Fault, ...]
    seed: int | None

    def ready(self, note: Callable[[str], None]) -> Faults:
        """Return these faults, waiting for requests; `note` gets a sentence about each that happens."""
        faults = Faults(note, seed=self.seed)
        faults.add(*self.faults)
        return faults

    def lines(self, faults: Faults) -> Iterator[str]:
        """Yield what to say of them at the beginning, if anything."""
        for fault in self.faults:
            yield f"Fault  {printable(str(fault))}"
        if any(fault.probability != 1 for fault in self.faults):
            yield f"       Chance decides as it does here with --seed {faults.seed}."


def fault_options[F: Callable[..., Any]](*sides: Side) -> Callable[[F], Callable[..., Any]]:
    """Add --fault and --seed to a verb that stands in for these; the first is meant by default."""

    def read(_ctx: click.Context, _param: click.Parameter, texts: tuple[str, ...]) -> tuple[Fault, ...]:
        try:
            faults = tuple(Fault.read(text, sides[0]) for text in texts)
        except FaultError as error:
            raise click.BadParameter(str(error)) from None
        if any(fault.on not in sides for fault in faults):
            message = f"this verb stands in for {sides[0].title()} only; leave `on` out"
            raise click.BadParameter(message)
        return faults

    def decorate(command: F) -> Callable[..., Any]:
        @wraps(command)
        def with_faults(*args: Any, fault: tuple[Fault, ...], seed: int | None, **others: Any) -> Any:
            return command(*args, asked=Asked(fault, seed), **others)

        seed_option = click.option(
            "--seed",
            type=Whole(0),
            metavar="N",
            help="Let chance decide as in another run with this seed.  [default: another one each time]",
        )
        example = ",".join([f"on={sides[-1]}"] * (len(sides) > 1) + ["status=503", "probability=0.1"])
        return click.option(
            "--fault",
            multiple=True,
            callback=read,
            metavar="FAULT",
            help=f"Let something go wrong, such as {example}; repeatable. docs/faults.md lists the keys.",
        )(seed_option(with_faults))

    return decorate

"""Send a probe to a Pendo, wait until what it made of it is there, and write what that tells."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from segment_pendo import __version__
from segment_pendo.base import times
from segment_pendo.base.prose import many
from segment_pendo.cli.failure import (
    CANNOT_START,
    CONFIGURATION,
    NOT_DELIVERED,
    REFUSED,
    TIMED_OUT,
    Failure,
)
from segment_pendo.cli.inputs.actual import actual_record
from segment_pendo.cli.options.credentials import known
from segment_pendo.pendo.probe import result as results
from segment_pendo.pendo.probe.inference import infer
from segment_pendo.pendo.probe.looks import looks
from segment_pendo.pendo.probe.plan import FIELD, MARK, MOST, Probe, Seen
from segment_pendo.pendo.probe.result import Result
from segment_pendo.pendo.regions import LOOPBACK, region_of
from segment_pendo.segment.retries import Schedule
from segment_pendo.serve.delivering.probe import deliver
from segment_pendo.serve.environment import INTEGRATION_KEY, SIGNING_KEY, secret
from segment_pendo.words import Destination

__all__ = ["EVERY", "PAUSE", "SETTLE", "Patience", "Probing", "new_probe", "say_before", "settled"]

PAUSE: Final = 1.0  # seconds between two requests to a real Pendo
SETTLE: Final = 120.0  # seconds without a change at a real Pendo
EVERY: Final = 10.0  # seconds between two readings of a real Pendo
_EVERY_HERE: Final = 0.2
_WINDOW: Final = 10.0  # seconds for which a request that failed is tried again


def _say(text: str) -> None:
    click.echo(text, err=True)


def new_probe() -> Probe:
    """Return a probe with a mark of its own, for events that are sent now."""
    return Probe(MARK + secrets.token_hex(6), times.milliseconds(datetime.now(UTC)))


def say_before(probe: Probe, to: Destination) -> None:
    """Say what is sent, and what stays."""
    _say(
        f"A probe of {to.name} is {MOST} events. They make up to {len(probe.wanted)} visitors and accounts "
        f"whose ids begin with {probe.mark} (one with _PENDO_T_ before it), fields whose names begin with "
        f"{FIELD}, and the track event `segment-pendo probe`. Pendo keeps all of it, so take a subscription "
        "for tests. No other record is read or changed."
    )


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: `most` in all, and until nothing has changed for `settle`.

    None: what is usual for a real Pendo; one on loopback takes its webhooks at once.
    """

    most: float
    settle: float | None = None

    def at(self, to: Destination) -> "Patience":
        """Return it with what is usual at a destination."""
        usual = 0.0 if to.loopback else SETTLE
        return self if self.settle is not None else Patience(self.most, usual)


@dataclass(frozen=True, slots=True)
class Probing:
    """A probe of one Pendo; `api` is where its records are read, `output` the file of the result."""

    to: Destination
    api: str
    patience: Patience
    output: Path

    @property
    def place(self) -> str:
        """Return what a result says of the destination: never the name of a host that is somebody's."""
        return LOOPBACK if self.to.loopback else region_of(self.to.name) or "another host"

    def check(self, probe: Probe, *, yes: bool) -> None:
        """See to it that the records can be read, before anything is sent. Raises Failure."""
        if not self.to.loopback and not secret(INTEGRATION_KEY):
            message = (
                f"Pendo's integration key is missing, by which the records are read: set {INTEGRATION_KEY}."
            )
            raise Failure(message, CONFIGURATION)
        if not yes and not self.to.loopback:
            message = (
                f"Nothing was sent: {self.to.name} is a real Pendo, and what is sent there stays there. Give "
                "--yes if you mean it; --dry-run shows every event."
            )
            raise Failure(message, REFUSED)
        actual_record(self.api, *probe.wanted[0])

    def send(self, probe: Probe) -> Result:
        """Send the events, and write the file; return the result, which has no readings yet."""
        statuses: dict[int, int | None] = {}
        asyncio.run(
            deliver(
                probe,
                self.to,
                pause=0.0 if self.to.loopback else PAUSE,
                schedule=Schedule(_WINDOW),
                sent=statuses.__setitem__,
                signing_key=secret(SIGNING_KEY),
            )
        )
        result = results.result_of(probe, statuses, self.place, f"segment-pendo {__version__}")
        self._write(result)
        _say(f"Sent {MOST} events; {self.output} says which.")
        return result

    def read(self, result: Result) -> tuple[Result, int]:
        """Wait for the records, infer the readings, write the file; return the result and the exit code."""
        probe, taken = result.of, result.taken
        if result.to != self.place:
            message = f"This probe was sent to {result.to}, not to {self.place}; give that --to."
            raise Failure(message, CONFIGURATION)

        def look() -> Seen:
            records = {(kind, id): actual_record(self.api, kind, id) for kind, id in probe.wanted}
            return Seen(taken, records)

        seen = settled(look, probe, self.patience.at(self.to), _EVERY_HERE if self.to.loopback else EVERY)
        if seen is None:
            message = (
                f"Nothing of the probe can be read within {self.patience.most:g} s. Is the integration key "
                "one of the subscription that the API key is of? Pendo may also take longer: the same "
                f"command with --again {self.output} reads once more and sends nothing."
            )
            raise Failure(message, TIMED_OUT)
        result = results.with_readings(
            result, infer(probe, seen), {*known(self.to), secret(INTEGRATION_KEY)} - {""}
        )
        self._write(result)
        return result, NOT_DELIVERED if None in taken.values() else 0

    def _write(self, result: Result) -> None:
        try:
            self.output.write_text(results.text(result), "utf-8", newline="\n")
        except OSError as error:
            message = f"{self.output} cannot be written: {error.strerror}."
            raise Failure(message, CANNOT_START) from None


def settled(
    look: Callable[[], Seen],
    probe: Probe,
    patience: Patience,
    every: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Seen | None:
    """Look until nothing has changed for a while, and return what is there; None where nothing has come.

    Raises Failure where the key is refused; what else goes wrong with one reading is tried again.
    """
    end, since = clock() + patience.most, clock()
    settle, last = patience.settle or 0.0, None
    seen = Seen({}, {})
    while True:
        there = _tried(look, is_last=clock() >= end)
        if there is not None:
            seen, now = there, [at.see(there) for at in looks(probe.ids)]
            if now != last:
                last, since = now, clock()
                _say(_progress(probe, seen, settle, patience.most))
            if probe.has_arrived(seen) and clock() - since >= settle:
                return seen
        if clock() >= end:
            return seen if probe.has_arrived(seen) else None
        sleep(max(0.0, min(every, end - clock())))


def _tried(look: Callable[[], Seen], *, is_last: bool) -> Seen | None:
    try:
        return look()
    except Failure as failure:
        if failure.code != CANNOT_START or is_last:
            raise
        _say(f"{failure.message} It is tried again.")
        return None


def _progress(probe: Probe, seen: Seen, settle: float, most: float) -> str:
    there = sum(record is not None for record in seen.records.values())
    text = f"{many(there, 'record')} can be read, of {len(probe.wanted)} that may be there"
    if settle or not probe.has_arrived(seen):
        text += f"; waits until nothing changes for {settle:g} s, at most {most:g} s"
    return text

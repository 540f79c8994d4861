"""Follow the calls of a running instance by its stream, over its restarts."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Final, Literal, TextIO

from segment_pendo.base.prose import many
from segment_pendo.cli.failure import Failure
from segment_pendo.cli.running import nobody
from segment_pendo.cli.terminal.call_lines import Lines
from segment_pendo.cli.terminal.call_summary import summary
from segment_pendo.cli.terminal.printer import Printer
from segment_pendo.cli.terminal.row_lines import attempt_of, judged_and_line, refused_line, setup_of
from segment_pendo.cli.terminal.telling import Telling
from segment_pendo.explain import rows
from segment_pendo.explain.conditions import judged_meets
from segment_pendo.explain.events import missed_event
from segment_pendo.explain.telling.call_line import CallLine
from segment_pendo.explain.telling.costs import Costs
from segment_pendo.mapping.setup import Setup
from segment_pendo.serve.client import Client
from segment_pendo.serve.event_stream import StreamError, events
from segment_pendo.words import JsonObject

__all__ = ["Following"]

_TRY_AGAIN: Final = 1.0  # seconds


class Following:
    """Prints to `out` what the stream at `url` brings: calls that meet `only`, and their deliveries.

    `say` gets what else there is to know. Without `only`, refused requests are told, too.
    """

    def __init__(
        self,
        url: str,
        out: TextIO,
        style: Literal["text", "ndjson"],
        only: dict[str, str],
        say: Callable[[str], None],
    ) -> None:
        self._url = url
        self._style = style
        self._only = only
        self._say = say
        self._lines = Lines(out)
        self._printer = Printer(out, self._left_out)
        self._telling = Telling(self._show)
        self._costs = Costs()
        self._setup = Setup()
        self._after = ""
        self._run: Any = None  # the process that answers
        self._calls = self._refused = 0

    async def follow(self, client: Client) -> None:
        """Print until nobody reads any more. Raises Failure where nothing answers at first."""
        is_told = False
        while not self._printer.is_gone:
            try:
                async with aclosing(events(client, self._url, self._after)) as stream:
                    async for event in stream:
                        is_told = False
                        if event is not None:
                            await self._take(client, event.value)
                            self._after = event.id or self._after
                        if self._printer.is_gone:
                            return
                why = "its run has ended"
            except StreamError as error:
                if self._run is None:
                    raise self._nobody(error) from None
                why = str(error)
            if not is_told:
                self._say(f"{self._url}: {why}. Waiting for it to come back; Ctrl-C ends.")
                is_told = True
            await asyncio.sleep(_TRY_AGAIN)

    def _nobody(self, error: StreamError) -> Failure:
        return nobody(self._url, f"{error}; there is no stream at {self._url}")

    def finish(self) -> None:
        """Print what still waits, and the summary of what was seen."""
        self._telling.finish()
        self._printer.drain()
        if self._style == "text" and self._calls + self._refused:
            for line in summary(self._calls, self._refused, self._telling, self._costs, f"--url {self._url}"):
                self._say(line)

    # --- events ---

    async def _take(self, client: Client, event: JsonObject) -> None:
        match event["event"]:
            case "ready":
                await self._ready(client, event)
            case "call":
                self._call(event)
            case "delivery":
                self._delivery(event)
            case "refused" if not self._only:
                self._refused += 1
                self._print(event)
                if self._style == "text":
                    self._show(refused_line(event))
            case "cleared":
                self._print(event)
                self._say(f"{self._url}: all calls there were forgotten.")
            case "missed":
                self._print(event)
                count = event.get("count")
                if isinstance(count, int):  # else a new run answers, which has been said
                    self._say(f"{many(count, 'event')} missed: they came faster than they were read.")

    async def _ready(self, client: Client, event: JsonObject) -> None:
        run = event.get("pid")
        if self._run is not None:
            new = "a new run answers" if run != self._run else "it answers again"
            self._say(f"{self._url}: {new}.")
        if run != self._run:
            self._telling.settle()
            answer = await client.ask("GET", f"{self._url}/_/summary", most=None)
            summed = rows.loads(answer.body) if answer.status == 200 else None
            self._setup = setup_of(summed)
            if self._run is None:
                where = summed.get("destination") if isinstance(summed, dict) else None
                self._say(f"Following {self._url}, webhooks -> {where}. Ctrl-C ends.")
        self._run = run
        self._print(event)

    def _call(self, row: Any) -> None:
        judged, line = judged_and_line(row, self._setup)
        if not judged_meets(self._only, judged):
            return
        self._calls += judged.copy == 1
        self._print(row)
        self._costs.call(judged)
        self._telling.call(str(row["id"]), line)
        attempt = attempt_of(row["delivery"], line.at)
        if attempt is not None:
            self._telling.delivery(str(row["id"]), attempt)
        self._telling.settle_later([str(row["id"])])

    def _delivery(self, event: Any) -> None:
        name, attempt = str(event["id"]), attempt_of(event, datetime.now(UTC))
        if attempt is None or (self._only and not self._telling.awaits(name)):
            return
        self._print(event)
        if attempt.state == "dead" and self._telling.awaits(name):
            self._costs.given_up(attempt)
        self._telling.delivery(name, attempt)

    # --- printing ---

    def _show(self, line: CallLine) -> None:
        if self._style == "text":
            self._printer.print(self._lines.text(line))

    def _print(self, event: JsonObject) -> None:
        if self._style == "ndjson":
            self._printer.print(rows.dumps(event))

    def _left_out(self, count: int) -> str:
        return rows.dumps(missed_event(count)) if self._style == "ndjson" else self._lines.missed(count)

"""Tell what becomes of each event that comes to the Pendo on loopback."""

from typing import Final, TextIO

from segment_pendo.base.prose import printable
from segment_pendo.explain.fate import fate
from segment_pendo.explain.telling.teller import finding_line
from segment_pendo.mapping.findings import bounded
from segment_pendo.mapping.setup import Setup
from segment_pendo.pendo import findings
from segment_pendo.pendo.across import Across
from segment_pendo.serve.loopback_pendo import Answers, Taken
from segment_pendo.words import Call, Finding, Judged, Message, Webhook

__all__ = ["EventTeller"]

_MOST_SAID: Final = 1000


class EventTeller:
    """Prints the fate of each event to `out`, then its findings; no sentence is said twice."""

    def __init__(self, out: TextIO, answers: Answers) -> None:
        self._out = out
        self._setup = Setup(track=True, pendo=answers.switches, pendo_track=answers.track)
        self._across = Across(answers.switches, track=answers.track)
        self._said: set[tuple[str, str]] = set()

    def __call__(self, taken: Taken) -> None:
        event = taken.event
        if not isinstance(event, dict):
            self._out.write("not an event: Pendo takes JSON objects\n")
            self._out.flush()
            return
        kind = event.get("type")
        examined = findings.examine(event, self._setup.pendo)
        found = bounded((*taken.findings, *examined, *self._across.examine(event)))
        call = Call(0, kind if isinstance(kind, str) else None, event)
        judged = Judged(call, Webhook(b"", ()), found, Message(call, event))
        self._out.write(f"{printable(fate(judged, self._setup, taken.effect))}\n")
        for finding in found:
            self._out.write(f"  {self._line(finding)}\n")
        self._out.flush()

    def _line(self, finding: Finding) -> str:
        said = (finding.code, finding.message)
        if said in self._said:
            return f"{finding.level} {finding.code} at {printable(finding.path)}, as above"
        if len(self._said) < _MOST_SAID:
            self._said.add(said)
        return finding_line(finding.level, finding.code, finding.path, finding.message)

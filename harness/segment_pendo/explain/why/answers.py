"""What was found about a record or a trait, as an answer: yes or no, in a sentence, with its evidence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from segment_pendo.base.prose import printable
from segment_pendo.base.times import text
from segment_pendo.explain.fate import WHERE, WHERE_EVENTS
from segment_pendo.explain.why.evidence import record_lines, trait_lines
from segment_pendo.explain.why.traces import Trace
from segment_pendo.explain.why.verdicts import of_record, of_trait
from segment_pendo.explain.why.whys import End, Found, Some
from segment_pendo.words import Json, JsonObject

__all__ = ["Answer", "answer"]

_LABEL: Final = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer for people and for programs. `there`: whether Pendo would have it.

    `reason` is one word for why, such as renamed, skipped, never_sent. `told` is the evidence: labels and
    texts, few lines. `details` is the same as JSON.
    """

    kind: str
    id: str
    trait: str | None
    there: bool
    reason: str
    verdict: str
    told: tuple[tuple[str, str], ...]
    details: JsonObject

    def row(self) -> JsonObject:
        """Return the answer as JSON."""
        lines: list[Json] = [{"label": label, "text": said} for label, said in self.told]
        return {
            "kind": self.kind,
            "id": self.id,
            "trait": self.trait,
            "there": self.there,
            "reason": self.reason,
            "verdict": self.verdict,
            **self.details,
            "lines": lines,
        }

    def lines(self) -> Iterator[str]:
        """Yield the answer as lines for people: the verdict first, then the evidence."""
        yield self.verdict
        for label, said in self.told:
            yield f"  {label:<{_LABEL}}{said}".rstrip()


def answer(found: Found) -> Answer:
    """Return the answer to the question of what was found."""
    question = found.question
    if question.trait is None:
        there, reason, verdict = of_record(found)
        told = [*record_lines(found)]
    else:
        there, reason, verdict = of_trait(found, question.trait)
        told = [*trait_lines(found, question.trait, reason)]
    if there and reason == "event":
        told.append(("look", WHERE_EVENTS))
    elif there or any(label == "arrives" for label, _ in told):
        told.append(("look", WHERE))
    shown = tuple((label, printable(said)) for label, said in told)
    return Answer(
        question.kind, question.id, question.trait, there, reason, printable(verdict), shown, _details(found)
    )


# --- as JSON ---


def _details(found: Found) -> JsonObject:
    """Return everything as JSON."""
    some: list[Json] = [*found.some_others]
    related: list[Json] = [*found.related]
    rows: JsonObject = {
        "calls": found.calls,
        "nearest": {"id": found.nearest_id, "trait": found.nearest_trait},
        "others": {"count": found.others, "partial": found.partial, "ids": some},
        "related": related,
        "ended": [_end_row(end) for end in found.ends],
        "refused": found.refused,
    }
    if found.question.trait is not None:
        kinds = ("same", "alike", "foreign", "misplaced", "event", "anonymous")
        sent: JsonObject = {name: _some_row(getattr(found, name)) for name in kinds}
        return {"sent": sent, **rows}
    fields: list[Json] = [_field_row(found, name, value) for name, value in found.metadata.items()]
    lost: JsonObject = {name: _some_row(kept) for name, kept in found.lost.items()}
    accounts: list[Json] = [*found.joined]
    return {"fields": fields, "accounts": accounts, "lost": lost, **rows}


def _field_row(found: Found, name: str, value: Json) -> JsonObject:
    source = found.sources.get(name)
    changes: list[Json] = [*found.history.get(name, ())]
    return {
        "field": name,
        "value": value,
        "from": source.where if source is not None else None,
        "changes": changes,
    }


def _end_row(end: End) -> JsonObject:
    return {
        "stage": end.stage,
        "reason": end.reason,
        "rule": end.rule,
        "code": end.code,
        "type": end.type,
        "calls": end.calls,
        "first": end.first,
        "last": end.last,
    }


def _some_row(some: Some) -> JsonObject:
    last: list[Json] = [_trace_row(trace) for trace in some.last]
    return {
        "count": some.count,
        "first": _trace_row(some.first) if some.first is not None else None,
        "last": last,
    }


def _trace_row(trace: Trace) -> JsonObject:
    return {
        "call": trace.call,
        "time": text(trace.at),
        "type": trace.type,
        "from": trace.where,
        "value": trace.value,
        "reason": trace.reason,
        "stage": trace.stage,
        "rule": trace.rule,
        "grade": trace.grade,
        "record": {"kind": trace.kind, "id": trace.owner},
        "to": trace.to,
        "by": trace.by or None,
        "state": trace.state or None,
        "status": trace.status,
    }

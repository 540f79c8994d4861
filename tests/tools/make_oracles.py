"""Make fixtures/oracles/ again: `uv run python tests/tools/make_oracles.py`.

What Segment's published code did with 2,000 events, 60 batches, and 300 events for the classic destination;
what Pendo's browser agent made of 500 visitors and accounts; what Segment's trigger language said of 1,000
pairs of a trigger and an event; what Segment's action sent for 1,000 mappings; what Segment's filter engine
made of 1,000 events; what ajv says to 1,000 schemas.

It needs Node and the packages of tests/oracles (`npm ci --ignore-scripts` there). With the kept answers, `uv
run pytest` proves the same bytes without them.
"""

import json
from collections.abc import Iterator
from typing import Any

import filters_oracle
import fql_grammar
import fql_oracle
import mapping_oracle
import mapping_traps
import pendo_oracle
import plan_oracle
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from liquid_grammar import LiquidGrammar
from make_fixtures import RECEIVED, SDK, captured
from mapping_grammar import Grammar
from segment_oracle import KEPT, KEPT_CLASSIC, Case, SegmentOracle
from strategies import date_texts, event_texts, integrations

from segment_pendo.mapping.assess import assess
from segment_pendo.mapping.setup import Setup
from segment_pendo.recordings.redaction.scan import suspects
from segment_pendo.words import Webhook

COUNT = 2000
BATCHES = 60
CLASSIC = 300
PENDO = 500
TRIGGERS = 1000
FILTERS = 1000
LONGEST_FILTERED = 900  # of a row
PLAN = 1000
LONGEST_SCHEMA = 600
LONGEST = 1500
FROM_SDKS = 200
MAPPINGS = 800
LIQUID = 200
LONGEST_PAIR = 420
SECRETS = ("", "s3cret", "é😀")


def from_sdks() -> Iterator[str]:
    """Messages of the captured requests, as their bytes stand before any JavaScript has read them."""
    for path in sorted(SDK.glob("*.jsonl")):
        for line, _, request in captured(path):
            receipt = assess(request, id=str(line), at=RECEIVED, setup=Setup(track=True))
            for judged in receipt.judged:
                text = judged.outcome.body.decode() if isinstance(judged.outcome, Webhook) else ""
                if text and len(text) < LONGEST and not list(suspects(text)):
                    yield text


def generated(count: int, strategy: st.SearchStrategy[str]) -> list[str]:
    """Different texts."""
    texts: dict[str, None] = {}

    @settings(
        max_examples=2 * count,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(strategy)
    def collect(text: str) -> None:
        if len(text) < LONGEST and not list(suspects(text)):
            texts[text] = None

    collect()
    assert len(texts) >= count, len(texts)
    return list(texts)[:: len(texts) // count][:count]  # neighbours are much alike


def events() -> list[str]:
    found = list(dict.fromkeys(from_sdks()))
    some = found[:: max(1, len(found) // FROM_SDKS)][:FROM_SDKS]
    return some + generated(COUNT - len(some), event_texts())


def classic_events(count: int) -> list[str]:
    """Events for the classic destination: what may turn it off, and texts that may be dates."""
    parts = st.fixed_dictionaries(
        {"traits": st.lists(date_texts, max_size=4)},
        optional=dict.fromkeys(("integrations", "context", "options"), integrations),
    )
    texts: dict[str, None] = {}

    @settings(max_examples=3 * count, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(parts)
    def collect(event: dict[str, Any]) -> None:
        texts[json.dumps({"type": "identify", "timestamp": "2024-05-09T10:00:00.000Z", **event})] = None

    collect()
    return list(texts)[:: len(texts) // count][:count]


def make_classic(segment: SegmentOracle) -> None:
    texts = classic_events(CLASSIC)
    with KEPT_CLASSIC.open("w", encoding="ascii", newline="\n") as file:
        for text, answer in zip(texts, segment.ask([Case("facade", [text]) for text in texts]), strict=True):
            file.write(
                json.dumps({"event": text, "enabled": answer["enabled"], "body": answer["body"]}) + "\n"
            )


def make_pendo() -> None:
    odd = [
        f'{{"visitor":{{"id":{one},"plan":"pro"}},"account":{{"id":{one},"Plan":1}}}}'
        for one in pendo_oracle.ODD_IDS
    ]
    texts = odd + generated(PENDO - len(odd), pendo_oracle.case_texts())
    with (
        pendo_oracle.PendoAgent() as agent,
        pendo_oracle.KEPT.open("w", encoding="ascii", newline="\n") as file,
    ):
        for text, answer in zip(texts, agent.ask(texts), strict=True):
            file.write(json.dumps({"case": text, "verdict": pendo_oracle.tidied(answer)}) + "\n")


def make_fql() -> None:
    asked = [
        fql_oracle.Case(trigger, event)
        for trigger in fql_grammar.WRITTEN
        for event in fql_grammar.WRITTEN_FOR
    ]
    asked += fql_grammar.cases(7, TRIGGERS - len(asked))
    with fql_oracle.FqlOracle() as segment, fql_oracle.KEPT.open("w", encoding="ascii", newline="\n") as file:
        for case, outcome in zip(asked, segment.ask(asked), strict=True):
            file.write(json.dumps({**case._asdict(), "outcome": outcome}) + "\n")


def is_clean(*texts: str) -> bool:
    """Whether `recording scan` finds nothing in these texts: a fixture must not cry wolf."""
    return not any(suspect for text in texts for suspect in suspects(json.dumps(text)) or suspects(text))


def small_pairs(grammar: Grammar, count: int) -> list[mapping_oracle.Case]:
    """The first short pairs of a grammar that ours works out."""
    found: list[mapping_oracle.Case] = []
    while len(found) < count:
        case = grammar.case()
        if sum(map(len, case)) < LONGEST_PAIR and mapping_oracle.ours(case) != mapping_oracle.UNKNOWN:
            found += [case] if is_clean(*case) else []
    return found


def make_mapping() -> None:
    cases = mapping_traps.cases() + small_pairs(Grammar(17), MAPPINGS)
    cases += small_pairs(LiquidGrammar(17), LIQUID)
    with (
        mapping_oracle.MappingOracle() as action,
        mapping_oracle.KEPT.open("w", encoding="ascii", newline="\n") as file,
    ):
        for case, answer in zip(cases, action.ask(cases), strict=True):
            kept = {"error": answer["error"], "said": ""} if "error" in answer else answer
            file.write(json.dumps({"event": case.event, "mapping": case.mapping, "answer": kept}) + "\n")


def make_filters() -> None:
    """Half of the kept cases pass whatever: of those, the ones that a filter changes are taken first."""
    found: dict[str, filters_oracle.Case] = {}

    @settings(
        max_examples=4 * FILTERS,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(filters_oracle.cases)
    def collect(case: filters_oracle.Case) -> None:
        found[filters_oracle.row(case, ("error", ""))] = case

    collect()
    some = [case for row, case in found.items() if len(row) < LONGEST_FILTERED and not list(suspects(row))]
    rows: dict[str, list[str]] = {"body": [], "dropped": [], "error": []}
    changed: list[str] = []
    with filters_oracle.FilterOracle() as engine:
        special = filters_oracle.SPECIAL
        kept = [filters_oracle.row(*one) for one in zip(special, engine.ask(special), strict=True)]
        for case, verdict in zip(some, engine.ask(some), strict=True):
            row = filters_oracle.row(case, verdict)
            kind = rows[verdict[0]] if row.endswith("null]") or verdict[0] != "body" else changed
            kind.append(row)
    share = FILTERS // 4
    kept += [*changed[:share], *rows["dropped"][:share], *rows["error"][: share // 2]]
    kept += rows["body"][: FILTERS - len(kept)]
    assert len(kept) == FILTERS, (len(changed), {kind: len(of) for kind, of in rows.items()})
    filters_oracle.KEPT.write_text("\n".join(kept) + "\n", "ascii", newline="\n")


def make_plan() -> None:
    cases = [
        case
        for case in (*plan_oracle.PLAIN, *plan_oracle.Grammar(2026).cases(3 * PLAN))
        if len(case.schema) < LONGEST_SCHEMA and is_clean(json.dumps(case))
    ][:PLAN]
    with plan_oracle.Ajv() as ajv, plan_oracle.KEPT.open("w", encoding="ascii", newline="\n") as file:
        for case, verdicts in zip(cases, ajv.ask(cases), strict=True):
            if "crash" not in verdicts:
                file.write(json.dumps({**case._asdict(), "verdicts": verdicts}) + "\n")


if __name__ == "__main__":
    make_fql()
    make_plan()
    make_pendo()
    make_mapping()
    make_filters()
    texts = events()
    KEPT.parent.mkdir(exist_ok=True)
    cases = [Case("event", [text], SECRETS[number % len(SECRETS)]) for number, text in enumerate(texts)]
    cases += [
        Case("batch", texts[number * 3 : number * 3 + 1 + number % 3], SECRETS[number % len(SECRETS)])
        for number in range(BATCHES)
    ]
    with SegmentOracle() as segment, KEPT.open("w", encoding="ascii", newline="\n") as file:
        make_classic(segment)
        for case, answer in zip(cases, segment.ask(cases), strict=True):
            headers = dict(zip(answer["headers"][::2], answer["headers"][1::2], strict=True))
            row = {"kind": case.kind, "events": case.texts, "secret": case.secret}
            file.write(
                json.dumps({**row, "body": answer["body"], "signature": headers.get("x-signature")}) + "\n"
            )
